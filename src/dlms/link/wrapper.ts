import { DcuError } from '../../base/errors.ts';
import type { Input } from '../../base/machine.ts';
import type { LinkCommand, LinkCounters, LinkPeer, WrapperLinkConfig } from './link.ts';
import {
  type CountingLink,
  isUnsolicited,
  type LinkEffect,
  newLinkCounters,
  RESPONSE_TIMER,
} from './peer.ts';

const HEADER_LENGTH = 8;
const VERSION = 1;
const LONGEST_PAYLOAD = 0xffff;

/**
 * The wrapper of IEC 62056-47: version 0001, source wPort, destination wPort, length, APDU; all words
 * big-endian. It has no connection of its own: `connect` succeeds at once, and what cannot be a header ends
 * the stream, for nothing marks the next frame.
 */
class WrapperLink implements CountingLink {
  readonly counters: LinkCounters = newLinkCounters();
  readonly #config: WrapperLinkConfig;
  readonly #role: 'client' | 'server';
  readonly #maxApdu: number;
  #up: boolean;
  #waiting = false;
  #peer: LinkPeer;
  #held: Uint8Array = new Uint8Array(256);
  #heldLength = 0;
  #effects: LinkEffect[] = [];

  constructor(config: WrapperLinkConfig, role: 'client' | 'server') {
    this.#config = config;
    this.#role = role;
    this.#up = role === 'server';
    this.#maxApdu = Math.min(config.maxApdu, LONGEST_PAYLOAD);
    this.#peer = { clientAddress: config.clientAddress, serverAddress: config.serverAddress };
  }

  step(input: Input<LinkCommand>, _nowMs: number): LinkEffect[] {
    this.#effects = [];
    switch (input.on) {
      case 'bytes':
        this.#receive(input.bytes);
        break;
      case 'command':
        this.#command(input.command);
        break;
      case 'timer':
        this.#timer(input.timer);
        break;
      case 'closed':
        this.#lost(input.reason);
        break;
    }
    return this.#effects;
  }

  #command(command: LinkCommand): void {
    switch (command.type) {
      case 'connect':
        this.#connect();
        return;
      case 'send':
        if (this.#role === 'server' && command.peer !== undefined) this.#peer = command.peer;
        this.#send(command.apdu, this.#role === 'client');
        return;
      case 'send-unconfirmed':
        if (this.#role === 'server' && command.peer !== undefined) this.#peer = command.peer;
        this.#send(command.apdu, false);
        return;
      case 'busy':
        return;
      case 'disconnect':
        this.#end();
        return;
    }
  }

  #connect(): void {
    this.#up = true;
    this.#heldLength = 0;
    this.#effects.push({
      do: 'emit',
      event: {
        type: 'connected',
        parameters: {
          maxInfoTransmit: LONGEST_PAYLOAD,
          maxInfoReceive: this.#maxApdu,
          windowTransmit: 1,
          windowReceive: 1,
        },
        peer: this.#peer,
      },
    });
  }

  #send(apdu: Uint8Array, expectAnswer: boolean): void {
    if (!this.#up) {
      this.#end(new DcuError('link-closed', 'APDU given to a link that is not connected'));
      return;
    }
    if (apdu.length > LONGEST_PAYLOAD) {
      this.#end(
        new DcuError(
          'apdu-too-long',
          `${apdu.length} bytes do not fit a wrapper frame of ${LONGEST_PAYLOAD}`,
        ),
      );
      return;
    }
    const bytes = encodeWrapperFrame(this.#source(), this.#destination(), apdu);
    this.counters.bytesSent += bytes.length;
    this.counters.framesSent++;
    this.#effects.push({ do: 'send', bytes });
    if (expectAnswer) {
      this.#waiting = true;
      this.#effects.push({ do: 'arm', timer: RESPONSE_TIMER, delayMs: this.#config.responseTimeoutMs });
    }
  }

  #source(): number {
    return this.#role === 'client' ? this.#peer.clientAddress : this.#peer.serverAddress;
  }

  #destination(): number {
    return this.#role === 'client' ? this.#peer.serverAddress : this.#peer.clientAddress;
  }

  #timer(timer: string): void {
    if (timer !== RESPONSE_TIMER || !this.#waiting) return;
    this.counters.timeouts++;
    const { responseTimeoutMs, serverAddress } = this.#config;
    this.#fail(
      new DcuError('link-timeout', `no answer of wPort ${serverAddress} within ${responseTimeoutMs} ms`),
    );
  }

  #receive(bytes: Uint8Array): void {
    this.counters.bytesReceived += bytes.length;
    let at = 0;
    while (this.#up && at < bytes.length) {
      const wanted = this.#heldLength < HEADER_LENGTH ? HEADER_LENGTH : HEADER_LENGTH + this.#payloadLength();
      const taken = bytes.subarray(at, at + wanted - this.#heldLength);
      this.#hold(taken);
      at += taken.length;
      this.#scan();
    }
  }

  #hold(bytes: Uint8Array): void {
    const length = this.#heldLength + bytes.length;
    if (length > this.#held.length) {
      const grown = new Uint8Array(
        Math.min(Math.max(length, this.#held.length * 2), HEADER_LENGTH + this.#maxApdu),
      );
      grown.set(this.#held.subarray(0, this.#heldLength));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#heldLength);
    this.#heldLength = length;
  }

  #word(at: number): number {
    return ((this.#held[at] ?? 0) << 8) | (this.#held[at + 1] ?? 0);
  }

  #payloadLength(): number {
    return this.#word(6);
  }

  /** Looks at what is held: never more than one frame. */
  #scan(): void {
    if (this.#heldLength < HEADER_LENGTH) {
      const impossible = this.#held[0] !== 0 || (this.#heldLength > 1 && this.#held[1] !== VERSION);
      if (impossible) this.#garbage('bytes that are no wrapper header');
      return;
    }
    if (this.#word(0) !== VERSION) {
      this.#garbage(`wrapper version ${this.#word(0)}`);
      return;
    }
    const length = this.#payloadLength();
    if (length > this.#maxApdu) {
      this.counters.rejectedHeaders++;
      this.#fail(
        new DcuError(
          'apdu-too-long',
          `the peer announces an APDU of ${length} bytes, at most ${this.#maxApdu} are taken`,
        ),
      );
      return;
    }
    if (this.#heldLength < HEADER_LENGTH + length) return;
    const apdu = this.#held.slice(HEADER_LENGTH, HEADER_LENGTH + length);
    this.#heldLength = 0;
    this.#deliver(this.#word(2), this.#word(4), apdu);
  }

  #garbage(what: string): void {
    this.counters.rejectedHeaders++;
    this.#fail(new DcuError('link-protocol', `the peer sent ${what}`, { offset: 0 }));
  }

  #deliver(source: number, destination: number, apdu: Uint8Array): void {
    this.counters.framesReceived++;
    const { clientAddress, serverAddress } = this.#config;
    const foreign = this.#role === 'client' && (source !== serverAddress || destination !== clientAddress);
    if (foreign || apdu.length === 0) {
      this.counters.ignoredFrames++;
      return;
    }
    if (this.#role === 'server') this.#peer = { clientAddress: source, serverAddress: destination };
    if (this.#waiting && !isUnsolicited(apdu)) this.#disarm();
    this.#effects.push({ do: 'emit', event: { type: 'apdu', apdu, peer: this.#peer, unconfirmed: false } });
  }

  #disarm(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#effects.push({ do: 'disarm', timer: RESPONSE_TIMER });
  }

  #lost(reason: DcuError | undefined): void {
    if (!this.#up) return;
    const cutOff = this.#waiting || this.#heldLength > 0;
    this.#end(
      reason ?? (cutOff ? new DcuError('link-closed', 'the connection ended before the answer') : undefined),
    );
  }

  /** The stream cannot be trusted any further: a late answer would be taken for that of the next request. */
  #fail(error: DcuError): void {
    this.#end(error);
    this.#effects.push({ do: 'close', reason: error });
  }

  #end(error?: DcuError): void {
    this.#disarm();
    this.#up = false;
    this.#heldLength = 0;
    this.#effects.push({
      do: 'emit',
      event: { type: 'disconnected', ...(error === undefined ? {} : { error }) },
    });
  }
}

/** One wrapper frame (IEC 62056-47); `source` and `destination` are wPorts, the APDU at most 65,535 bytes. */
export function encodeWrapperFrame(source: number, destination: number, apdu: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + apdu.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, VERSION);
  view.setUint16(2, source);
  view.setUint16(4, destination);
  view.setUint16(6, apdu.length);
  bytes.set(apdu, HEADER_LENGTH);
  return bytes;
}

/**
 * A client drops frames of other wPorts and fails with `link-timeout` when no answer comes. A server takes
 * frames to any wPort (`peer.serverAddress` says which; the owner stays silent where it serves none) and
 * answers to the peer of the last APDU.
 */
export function createWrapperLink(config: WrapperLinkConfig, role: 'client' | 'server'): CountingLink {
  return new WrapperLink(config, role);
}
