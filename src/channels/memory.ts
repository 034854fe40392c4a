import { type Clock, systemClock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import type { ByteChannel } from './channel.ts';
import { Inbound } from './inbound.ts';

/** What becomes of one write on its way: nothing, itself, pieces, something else; each after a delay. */
export type LineFault = (
  bytes: Uint8Array,
) => readonly { readonly bytes: Uint8Array; readonly delayMs?: number }[];

export interface MemoryPairOptions {
  readonly clock?: Clock;
  readonly name?: string;
  /** From the first channel of the pair to the second, and back. */
  readonly forth?: LineFault;
  readonly back?: LineFault;
}

/** A channel of a pair in memory; `lose` is the cable being pulled. */
export interface MemoryChannel extends ByteChannel {
  /** Both ends hear `channel-lost`. */
  lose(): void;
}

const asItIs: LineFault = (bytes) => [{ bytes }];

class MemoryEnd implements MemoryChannel {
  readonly name: string;
  readonly #clock: Clock;
  readonly #fault: LineFault;
  readonly #inbound = new Inbound();
  #other: MemoryEnd | undefined;
  /** Bytes never overtake each other, whatever their delays. */
  #lastDueMs = 0;

  constructor(name: string, clock: Clock, fault: LineFault) {
    this.name = name;
    this.#clock = clock;
    this.#fault = fault;
  }

  join(other: MemoryEnd): void {
    this.#other = other;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#inbound.ended) return Promise.reject(new DcuError('link-closed', `${this.name} is closed`));
    const nowMs = this.#clock.monotonicMs();
    for (const part of this.#fault(bytes.slice())) {
      this.#lastDueMs = Math.max(this.#lastDueMs, nowMs + (part.delayMs ?? 0));
      const arrive = (): void => this.#other?.arrive(part.bytes);
      if (this.#lastDueMs > nowMs) this.#clock.after(this.#lastDueMs - nowMs, arrive);
      else queueMicrotask(arrive);
    }
    return Promise.resolve();
  }

  arrive(bytes: Uint8Array): void {
    if (this.#inbound.push(bytes)) return;
    this.end(new DcuError('overflow', `nobody takes the bytes that come to ${this.name}`));
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#inbound.onBytes(listener);
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.#inbound.onClosed(listener);
  }

  end(reason?: DcuError): void {
    this.#inbound.end(reason);
  }

  async close(): Promise<void> {
    if (this.#inbound.ended) return;
    this.#inbound.end();
    const delayMs = Math.max(0, this.#lastDueMs - this.#clock.monotonicMs());
    const leave = (): void =>
      this.#other?.end(new DcuError('link-closed', `the other end of ${this.name} closed`));
    if (delayMs > 0) this.#clock.after(delayMs, leave);
    else queueMicrotask(leave);
  }

  lose(): void {
    const reason = new DcuError('channel-lost', `${this.name} was cut`);
    this.#inbound.end(reason);
    this.#other?.end(reason);
  }
}

/** Two channels joined in memory. What one writes, the other hears, in order, never within the same call. */
export function memoryPair(options: MemoryPairOptions = {}): [MemoryChannel, MemoryChannel] {
  const clock = options.clock ?? systemClock;
  const name = options.name ?? 'memory';
  const first = new MemoryEnd(`${name}:a`, clock, options.forth ?? asItIs);
  const second = new MemoryEnd(`${name}:b`, clock, options.back ?? asItIs);
  first.join(second);
  second.join(first);
  return [first, second];
}
