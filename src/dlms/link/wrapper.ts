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
import { WRAPPER_TABLE, type WrapperInput, type WrapperState } from './wrapper-states.ts';

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
  #state: WrapperState;
  #peer: LinkPeer;
  #held: Uint8Array = new Uint8Array(256);
  #heldLength = 0;
  #effects: LinkEffect[] = [];
  #nowMs = 0;
  #askedMs = 0;

  constructor(config: WrapperLinkConfig, role: 'client' | 'server') {
    this.#config = config;
    this.#role = role;
    this.#state = role === 'server' ? 'up' : 'down';
    this.#maxApdu = Math.min(config.maxApdu, LONGEST_PAYLOAD);
    this.#peer = { clientAddress: config.clientAddress, serverAddress: config.serverAddress };
  }

  get state(): WrapperState {
    return this.#state;
  }

  step(input: Input<LinkCommand>, nowMs: number): LinkEffect[] {
    this.#effects = [];
    this.#nowMs = nowMs;
    switch (input.on) {
      case 'bytes':
        this.#receive(input.bytes);
        break;
      case 'command':
        this.#command(input.command);
        break;
      case 'timer':
        if (input.timer === RESPONSE_TIMER) this.#react(input.timer);
        break;
      case 'closed':
        this.#react('closed', input.reason);
        break;
    }
    return this.#effects;
  }

  #command(command: LinkCommand): void {
    if ('apdu' in command) {
      if (this.#role === 'server' && command.peer !== undefined) this.#peer = command.peer;
      this.#react(command.type, undefined, command.apdu);
    } else this.#react(command.type);
  }

  #react(input: WrapperInput, reason?: DcuError, apdu: Uint8Array = new Uint8Array(0)): void {
    switch (WRAPPER_TABLE[this.#state][input]) {
      case 'connect':
        this.#connect();
        break;
      case 'no-link':
        this.#end(new DcuError('link-closed', 'APDU given to a link that is not connected'));
        break;
      case 'send':
        this.#send(apdu, this.#role === 'client');
        break;
      case 'send-apart':
        this.#send(apdu, false);
        break;
      case 'end':
        this.#end();
        break;
      case 'answered':
        this.#config.memory?.answered(this.#nowMs - this.#askedMs);
        this.#disarm();
        this.#deliver(apdu);
        break;
      case 'deliver':
        this.#deliver(apdu);
        break;
      case 'bad-header':
      case 'too-long':
        this.counters.rejectedHeaders++;
        this.#fail(reason);
        break;
      case 'time-out':
        this.#timeOut();
        break;
      case 'lost':
        this.#lost(reason);
        break;
      case 'ignore':
        break;
    }
  }

  #connect(): void {
    this.#disarm();
    this.#state = 'up';
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
      this.#state = 'waiting';
      this.#askedMs = this.#nowMs;
      this.#effects.push({ do: 'arm', timer: RESPONSE_TIMER, delayMs: this.#config.responseTimeoutMs });
    }
  }

  #source(): number {
    return this.#role === 'client' ? this.#peer.clientAddress : this.#peer.serverAddress;
  }

  #destination(): number {
    return this.#role === 'client' ? this.#peer.serverAddress : this.#peer.clientAddress;
  }

  #timeOut(): void {
    this.counters.timeouts++;
    const { responseTimeoutMs, serverAddress, memory } = this.#config;
    memory?.silent();
    this.#fail(
      new DcuError('link-timeout', `no answer of wPort ${serverAddress} within ${responseTimeoutMs} ms`),
    );
  }

  #receive(bytes: Uint8Array): void {
    this.counters.bytesReceived += bytes.length;
    let at = 0;
    while (this.#state !== 'down' && at < bytes.length) {
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
      const what = `the peer announces an APDU of ${length} bytes, at most ${this.#maxApdu} are taken`;
      this.#react('too-long', new DcuError('apdu-too-long', what));
      return;
    }
    if (this.#heldLength < HEADER_LENGTH + length) return;
    const apdu = this.#held.slice(HEADER_LENGTH, HEADER_LENGTH + length);
    this.#heldLength = 0;
    this.#take(this.#word(2), this.#word(4), apdu);
  }

  #garbage(what: string): void {
    this.#react('bad-header', new DcuError('link-protocol', `the peer sent ${what}`, { offset: 0 }));
  }

  #take(source: number, destination: number, apdu: Uint8Array): void {
    this.counters.framesReceived++;
    const { clientAddress, serverAddress } = this.#config;
    const foreign = this.#role === 'client' && (source !== serverAddress || destination !== clientAddress);
    if (foreign || apdu.length === 0) {
      this.counters.ignoredFrames++;
      return;
    }
    if (this.#role === 'server') this.#peer = { clientAddress: source, serverAddress: destination };
    this.#react(isUnsolicited(apdu) ? 'unsolicited' : 'apdu', undefined, apdu);
  }

  #deliver(apdu: Uint8Array): void {
    this.#effects.push({ do: 'emit', event: { type: 'apdu', apdu, peer: this.#peer, unconfirmed: false } });
  }

  #disarm(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'up';
    this.#effects.push({ do: 'disarm', timer: RESPONSE_TIMER });
  }

  #lost(reason: DcuError | undefined): void {
    const cutOff = this.#state === 'waiting' || this.#heldLength > 0;
    this.#end(
      reason ?? (cutOff ? new DcuError('link-closed', 'the connection ended before the answer') : undefined),
    );
  }

  /** The stream cannot be trusted any further: a late answer would be taken for that of the next request. */
  #fail(reason?: DcuError): void {
    this.#end(reason);
    this.#effects.push({ do: 'close', ...(reason === undefined ? {} : { reason }) });
  }

  #end(error?: DcuError): void {
    this.#disarm();
    this.#state = 'down';
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
export function createWrapperLink(config: WrapperLinkConfig, role: 'client' | 'server'): WrapperLink {
  return new WrapperLink(config, role);
}
