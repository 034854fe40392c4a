import type { Clock } from '../../base/clock.ts';
import { DcuError } from '../../base/errors.ts';

interface Waiting {
  /** Monotonic ms since when the receiver may have had it in hand. */
  sinceMs: number;
  readonly resolve: () => void;
  readonly reject: (error: DcuError) => void;
}

/**
 * Confirmations that are due on one connection. A receiver takes one notification after the other: each has its time from the
 * confirmation of one before it, so that only those fail that the receiver passes over, or stops at.
 */
export class Confirmations {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  /** By invoke id, in the order of sending. */
  readonly #waiting = new Map<number, Waiting>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Resolves when it is confirmed. @throws DcuError `link-timeout`, or what `fail` is given */
  of(invokeId: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.set(invokeId, { sinceMs: this.#clock.monotonicMs(), resolve, reject });
    this.#watch();
    return promise;
  }

  /** False when none of them is due. */
  confirm(invokeId: number): boolean {
    const confirmed = this.#waiting.get(invokeId);
    if (confirmed === undefined) return false;
    const nowMs = this.#clock.monotonicMs();
    let isBehind = false;
    for (const [id, waiting] of this.#waiting) {
      if (isBehind) waiting.sinceMs = nowMs;
      isBehind ||= id === invokeId;
    }
    this.#waiting.delete(invokeId);
    confirmed.resolve();
    this.#watch();
    return true;
  }

  fail(error: DcuError): void {
    this.#cancel?.();
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of all) reject(error);
  }

  /** Of those that wait, the first has waited longest, or as long as any. */
  #watch(): void {
    this.#cancel?.();
    const [first] = this.#waiting;
    if (first === undefined) return;
    const [id, { sinceMs }] = first;
    const leftMs = sinceMs + this.#timeoutMs - this.#clock.monotonicMs();
    this.#cancel = this.#clock.after(Math.max(0, leftMs), () => this.#elapsed(id));
  }

  #elapsed(invokeId: number): void {
    const waiting = this.#waiting.get(invokeId);
    this.#waiting.delete(invokeId);
    waiting?.reject(
      new DcuError('link-timeout', `the head-end has not confirmed within ${this.#timeoutMs} ms`),
    );
    this.#watch();
  }
}
