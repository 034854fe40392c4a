import type { InvocationCounters } from '../base/collection.ts';
import { DcuError, toDcuError } from '../base/errors.ts';

const BLOCK = 1024;

/**
 * Hands out invocation counters of one key from blocks that the store has reserved on disk, so that a crash never
 * leads to a second use. `next` is synchronous: the next block is reserved while half of this one is left.
 */
export class CounterBlock {
  readonly #counters: InvocationCounters;
  readonly #keyId: string;
  #ranges: { next: number; readonly end: number }[] = [];
  #reserving: Promise<void> | undefined;
  #failure: DcuError | undefined;

  constructor(counters: InvocationCounters, keyId: string) {
    this.#counters = counters;
    this.#keyId = keyId;
  }

  get #left(): number {
    return this.#ranges.reduce((sum, range) => sum + range.end - range.next, 0);
  }

  /** Makes sure that half a block is at hand. */
  async ready(): Promise<void> {
    if (this.#left < BLOCK / 2) await this.#reserve();
    if (this.#failure !== undefined && this.#left === 0) throw this.#failure;
  }

  next(): number {
    if (this.#left <= BLOCK / 2) void this.#reserve();
    const [range] = this.#ranges;
    if (range === undefined) {
      throw (
        this.#failure ??
        new DcuError('storage-failed', 'the store was too slow to reserve invocation counters')
      );
    }
    const value = range.next++;
    if (range.next >= range.end) this.#ranges.shift();
    return value;
  }

  /** The value that `next` would hand out; undefined when none is at hand. */
  peek(): number | undefined {
    return this.#ranges[0]?.next;
  }

  /** Goes on from `value` or later: the meter expects at least that. What was reserved below is given up. */
  async raise(value: number): Promise<void> {
    await this.#reserving;
    await this.#counters.raise(this.#keyId, value);
    this.#ranges = [];
    await this.ready();
  }

  #reserve(): Promise<void> {
    this.#reserving ??= this.#fetch().finally(() => {
      this.#reserving = undefined;
    });
    return this.#reserving;
  }

  /** Keeps a failure for `next` and `ready` to report: nobody waits for the block that is fetched ahead. */
  async #fetch(): Promise<void> {
    try {
      const first = await this.#counters.reserve(this.#keyId, BLOCK);
      this.#failure = undefined;
      // Meters start by having seen 0.
      this.#ranges.push({ next: Math.max(1, first), end: first + BLOCK });
    } catch (error) {
      this.#failure = toDcuError(error);
    }
  }
}
