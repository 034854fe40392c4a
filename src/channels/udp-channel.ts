import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import { scanWrapper } from '../dlms/link/scan.ts';
import type { ByteChannel } from './channel.ts';
import { Inbound } from './inbound.ts';

/** Largest payload of a datagram over IPv4. */
const LARGEST_DATAGRAM = 65_507;
/** Datagrams that may wait for the operating system; one more ends the channel. */
const MAX_UNSENT = 64;
/** The operating system takes datagrams at once or never; so long is never. */
const WRITE_TIMEOUT_MS = 5000;

/** What a datagram must be: exactly one wrapper frame (IEC 62056-47), or anything. */
export type DatagramKind = 'wrapper' | 'any';

export function isDatagram(kind: DatagramKind, bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false;
  if (kind === 'any') return true;
  const scan = scanWrapper(bytes, 0);
  return scan.kind === 'frame' && scan.end === bytes.length;
}

export interface UdpTuning {
  /** A channel on which nothing came for so long is closed; 0 = never. */
  readonly idleTimeoutMs?: number;
  /** `wrapper` if not given; other datagrams are dropped and counted. */
  readonly datagrams?: DatagramKind;
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: DcuError) => void;
}

/** Datagrams from and to one peer. One `write` is one datagram, and so is what a listener gets at once. */
export class UdpChannel implements ByteChannel {
  readonly name: string;
  readonly #send: (bytes: Uint8Array) => boolean;
  readonly #clock: Clock;
  readonly #idleTimeoutMs: number;
  readonly #onEnd: () => void;
  readonly #inbound = new Inbound();
  #queue: Waiting[] = [];
  #cancelStall: (() => void) | undefined;
  #cancelIdle: (() => void) | undefined;
  #lastHeardMs: number;

  /** `send` is false when the datagram was not taken; then `flush` is called when there is room again. */
  constructor(
    name: string,
    send: (bytes: Uint8Array) => boolean,
    clock: Clock,
    tuning: UdpTuning,
    onEnd: () => void,
  ) {
    this.name = name;
    this.#send = send;
    this.#clock = clock;
    this.#idleTimeoutMs = tuning.idleTimeoutMs ?? 0;
    this.#onEnd = onEnd;
    this.#lastHeardMs = clock.monotonicMs();
    this.#watchIdle();
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#inbound.ended) return Promise.reject(new DcuError('link-closed', `${this.name} is closed`));
    if (bytes.length > LARGEST_DATAGRAM) {
      return Promise.reject(
        new DcuError('apdu-too-long', `${bytes.length} bytes do not fit a datagram of ${LARGEST_DATAGRAM}`),
      );
    }
    if (this.#queue.length >= MAX_UNSENT) {
      const error = new DcuError('overflow', `${this.name} does not take what is sent to it`);
      this.end(error);
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ bytes: bytes.slice(), resolve, reject });
      if (this.#queue.length === 1) this.flush();
    });
  }

  /** Hands over what waits, as long as it is taken. */
  flush(): void {
    try {
      for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
        if (!this.#send(next.bytes)) break;
        this.#queue.shift();
        next.resolve();
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.end(new DcuError('channel-lost', `${this.name}: ${reason}`, { cause: error }));
    }
    this.#cancelStall?.();
    this.#cancelStall = undefined;
    if (this.#queue.length === 0) return;
    this.#cancelStall = this.#clock.after(WRITE_TIMEOUT_MS, () => {
      this.end(new DcuError('channel-lost', `${this.name} has taken nothing for ${WRITE_TIMEOUT_MS} ms`));
    });
  }

  arrived(bytes: Uint8Array): void {
    this.#lastHeardMs = this.#clock.monotonicMs();
    if (this.#inbound.push(bytes)) return;
    this.end(new DcuError('overflow', `nobody takes the datagrams that come from ${this.name}`));
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#inbound.onBytes(listener);
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.#inbound.onClosed(listener);
  }

  close(): Promise<void> {
    this.end();
    return Promise.resolve();
  }

  end(reason?: DcuError): void {
    if (this.#inbound.ended) return;
    this.#cancelStall?.();
    this.#cancelIdle?.();
    this.#inbound.end(reason);
    const error = reason ?? new DcuError('link-closed', `${this.name} was closed`);
    for (const waiting of this.#queue.splice(0)) waiting.reject(error);
    this.#onEnd();
  }

  #watchIdle(): void {
    const timeoutMs = this.#idleTimeoutMs;
    if (timeoutMs === 0) return;
    const silentMs = this.#clock.monotonicMs() - this.#lastHeardMs;
    this.#cancelIdle = this.#clock.after(Math.max(1, timeoutMs - silentMs), () => {
      if (this.#clock.monotonicMs() - this.#lastHeardMs < timeoutMs) this.#watchIdle();
      else this.end(new DcuError('link-timeout', `${this.name} was silent for ${timeoutMs} ms`));
    });
  }
}
