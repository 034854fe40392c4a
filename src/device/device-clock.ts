import type { Clock } from '../base/clock.ts';

/**
 * The time that the concentrator goes by: the machine's, and an offset to it that is kept over restarts, so that a
 * head-end can set the time without a right on the machine. Durations and timers are the machine's.
 */
export class DeviceClock implements Clock {
  readonly #machine: Clock;
  /** Milliseconds to add to the machine's time. */
  offsetMs: number;

  constructor(machine: Clock, offsetMs = 0) {
    this.#machine = machine;
    this.offsetMs = offsetMs;
  }

  now(): number {
    return this.#machine.now() + this.offsetMs;
  }

  monotonicMs(): number {
    return this.#machine.monotonicMs();
  }

  after(delayMs: number, fn: () => void): () => void {
    return this.#machine.after(delayMs, fn);
  }
}
