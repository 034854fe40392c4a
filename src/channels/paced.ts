import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import type { ByteChannel } from './channel.ts';

export interface LinePace {
  readonly baudRate: number;
  /** Start, data, parity and stop bits: 10 for 8N1, 11 for 8E1. */
  readonly bitsPerByte: number;
}

/** Longest run that passes in one piece. */
const SLICE_MS = 10;

interface Piece {
  readonly bytes: Uint8Array;
  /** When it came to the line. */
  readonly atMs: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One direction: bytes come out no faster than the line carries them. What comes while the line is busy goes out right
 * behind, counted from when it was free and not from when a late timer noticed, so that the speed is exact on average.
 */
class Lane {
  readonly #clock: Clock;
  readonly #bytesPerMs: number;
  readonly #out: (bytes: Uint8Array) => Promise<void> | void;
  readonly #queue: Piece[] = [];
  #freeAtMs = 0;
  #running = false;
  #cancel: (() => void) | undefined;
  #stopped: DcuError | undefined;

  constructor(clock: Clock, pace: LinePace, out: (bytes: Uint8Array) => Promise<void> | void) {
    this.#clock = clock;
    this.#bytesPerMs = pace.baudRate / pace.bitsPerByte / 1000;
    this.#out = out;
  }

  put(bytes: Uint8Array): Promise<void> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    return new Promise((resolve, reject) => {
      this.#queue.push({ bytes, atMs: this.#clock.monotonicMs(), resolve, reject });
      if (!this.#running) this.#run().catch(reject);
    });
  }

  stop(error: DcuError): void {
    this.#stopped = error;
    this.#cancel?.();
    for (const piece of this.#queue.splice(0)) piece.reject(error);
  }

  async #run(): Promise<void> {
    this.#running = true;
    const slice = Math.max(1, Math.floor(this.#bytesPerMs * SLICE_MS));
    for (let piece = this.#queue[0]; piece !== undefined; piece = this.#queue[0]) {
      this.#freeAtMs = Math.max(this.#freeAtMs, piece.atMs);
      try {
        for (let at = 0; at < piece.bytes.length && this.#queue[0] === piece; at += slice) {
          const part = piece.bytes.subarray(at, at + slice);
          await this.#carry(part.length);
          if (this.#queue[0] === piece) await this.#out(part);
        }
        piece.resolve();
      } catch (error) {
        piece.reject(error);
      }
      if (this.#queue[0] === piece) this.#queue.shift();
    }
    this.#running = false;
  }

  #carry(length: number): Promise<void> {
    this.#freeAtMs += length / this.#bytesPerMs;
    const waitMs = this.#freeAtMs - this.#clock.monotonicMs();
    if (waitMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#cancel = this.#clock.after(waitMs, resolve);
    });
  }
}

/** The channel as it would be on a line of this speed, in both directions. */
export function pacedChannel(channel: ByteChannel, pace: LinePace, clock: Clock): ByteChannel {
  const outgoing = new Lane(clock, pace, (bytes) => channel.write(bytes));
  let listener: ((bytes: Uint8Array) => void) | undefined;
  const incoming = new Lane(clock, pace, (bytes) => listener?.(bytes));
  let closedListener: ((reason?: DcuError) => void) | undefined;
  const stop = (reason: DcuError): void => {
    outgoing.stop(reason);
    incoming.stop(reason);
  };
  channel.onClosed((reason) => {
    stop(reason ?? new DcuError('link-closed', `${channel.name} was closed`));
    closedListener?.(reason);
  });
  const { configure } = channel;
  return {
    name: channel.name,
    get settings() {
      return channel.settings;
    },
    write: (bytes) => outgoing.put(bytes.slice()),
    onBytes(its) {
      const first = listener === undefined;
      listener = its;
      // What a closed line still held is lost, as on a real one.
      if (first) channel.onBytes((bytes) => void incoming.put(bytes).catch(() => undefined));
    },
    onClosed(its) {
      closedListener = its;
    },
    close: () => channel.close(),
    ...(configure === undefined ? {} : { configure: (settings) => configure.call(channel, settings) }),
  };
}
