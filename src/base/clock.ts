/** Time as a port: nothing below `main.ts` and `channels/` reads the system clock directly. */
export interface Clock {
  /** UTC epoch milliseconds of the wall clock; may jump. */
  now(): number;
  /** Milliseconds that only ever grow; for time-outs and durations. */
  monotonicMs(): number;
  /** Runs `fn` once after `delayMs`; returns its cancellation. */
  after(delayMs: number, fn: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, fn) => {
    if (delayMs <= 0) {
      // In the next turn of the event loop, where a timer would take a millisecond.
      const immediate = setImmediate(fn);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`; rejects with the signal's reason when aborted. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

interface VirtualTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly fn: () => void;
  cancelled: boolean;
}

/** A clock moved by hand: timers fire in order of their due time while `advance` runs. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #elapsedMs = 0;
  readonly #timers = new TimerHeap();
  #order = 0;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  /** Whole milliseconds, as the system's. */
  now(): number {
    return Math.floor(this.#nowMs);
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, fn: () => void): () => void {
    const dueMs = this.#elapsedMs + Math.max(0, delayMs);
    const timer = { dueMs, order: this.#order++, fn, cancelled: false };
    this.#timers.push(timer);
    return () => this.#timers.cancel(timer);
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves both clocks on by `ms`, firing what falls due, and lets pending promises run between timers. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    for (;;) {
      await settle();
      const next = this.#timers.take(untilMs);
      if (next === undefined) break;
      this.#moveTo(next.dueMs);
      next.fn();
    }
    this.#moveTo(untilMs);
    await settle();
  }

  /** The wall clock jumps; timers are not touched. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }

  #moveTo(elapsedMs: number): void {
    this.#nowMs += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }
}

/** Cancelled timers stay in the heap until they come to its top, or are more than half of it. */
const SWEEP_FROM = 64;

/** A binary heap of timers by due time, then by the order in which they were set. */
class TimerHeap {
  #timers: VirtualTimer[] = [];
  #cancelled = 0;

  get size(): number {
    return this.#timers.length - this.#cancelled;
  }

  push(timer: VirtualTimer): void {
    const timers = this.#timers;
    let at = timers.length;
    timers.push(timer);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = timers[up];
      if (parent === undefined || !isBefore(timer, parent)) break;
      timers[at] = parent;
      at = up;
    }
    timers[at] = timer;
  }

  /** Removes and returns the first timer that is due until then. */
  take(untilMs: number): VirtualTimer | undefined {
    for (;;) {
      const first = this.#timers[0];
      if (first === undefined || (!first.cancelled && first.dueMs > untilMs)) return undefined;
      this.#removeFirst();
      if (!first.cancelled) {
        // Cancelling it from now on must not be counted.
        first.cancelled = true;
        return first;
      }
      this.#cancelled--;
    }
  }

  cancel(timer: VirtualTimer): void {
    if (timer.cancelled) return;
    timer.cancelled = true;
    this.#cancelled++;
    if (this.#timers.length < SWEEP_FROM || this.#cancelled * 2 < this.#timers.length) return;
    this.#cancelled = 0;
    // Sorted, it is a heap.
    this.#timers = this.#timers
      .filter(({ cancelled }) => !cancelled)
      .sort((a, b) => (isBefore(a, b) ? -1 : 1));
  }

  #removeFirst(): void {
    const timers = this.#timers;
    const last = timers.pop();
    if (last === undefined || timers.length === 0) return;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      let child = timers[down];
      if (child === undefined) break;
      const right = timers[down + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        down++;
      }
      if (!isBefore(child, last)) break;
      timers[at] = child;
      at = down;
    }
    timers[at] = last;
  }
}

const isBefore = (a: VirtualTimer, b: VirtualTimer): boolean =>
  a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

/** Drains the microtask queue, and one macrotask for streams and native callbacks. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
