import type { Clock } from '../base/clock.ts';
import type { Attempt, CollectionStore } from '../base/collection.ts';
import { ERROR_TABLE, type ErrorCode, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';

const RETRY_MS = 30_000;

export interface LastError {
  readonly code: string;
  readonly message: string;
  /** UTC milliseconds. */
  readonly time: number;
}

/**
 * Records attempts, and keeps those in mind that the store has no room for: the last of each task item and meter. They
 * are shown meanwhile, and written when there is room again.
 */
export class AttemptBook {
  readonly #store: Pick<CollectionStore, 'saveAttempt'>;
  readonly #clock: Clock;
  readonly #log: Log;
  /** By meter, then by task item. */
  readonly #kept = new Map<number, Map<number, Attempt>>();
  /** Meter and task item of what failed last, since the start. */
  readonly #failed = new Set<string>();
  #cancelRetry: (() => void) | undefined;

  constructor({
    store,
    clock,
    log,
  }: {
    readonly store: Pick<CollectionStore, 'saveAttempt'>;
    readonly clock: Clock;
    readonly log: Log;
  }) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** Resolves when the attempt is on disk or kept. @throws what is no trouble of the storage */
  async save(attempt: Attempt): Promise<void> {
    const key = `${attempt.meterId}:${attempt.itemId}`;
    if (attempt.error === undefined) this.#failed.delete(key);
    else this.#failed.add(key);
    // An earlier one must not be written behind it.
    this.#forget(attempt);
    try {
      await this.#store.saveAttempt(attempt);
    } catch (thrown) {
      const error = toDcuError(thrown);
      if (!isStorage(error.code)) throw error;
      if (this.#kept.size === 0) {
        this.#log.error('attempts cannot be recorded and are kept in memory', { ...error.toJSON() });
      }
      this.#keep(attempt);
    }
  }

  /** Whether the last attempt of the item at this meter failed. */
  failedLast(meterId: number, itemId: number): boolean {
    return this.#failed.has(`${meterId}:${itemId}`);
  }

  /** The last failed attempt at this meter that is not in the store; undefined when there is none. */
  lastError(meterId: number): LastError | undefined {
    let last: LastError | undefined;
    for (const { error, message = '', finishedAt } of this.#kept.get(meterId)?.values() ?? []) {
      if (error !== undefined && finishedAt >= (last?.time ?? 0))
        last = { code: error, message, time: finishedAt };
    }
    return last;
  }

  /** Writes what can be written, and stops trying. */
  async close(): Promise<void> {
    await this.#flush();
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  async #flush(): Promise<void> {
    for (const attempt of [...this.#kept.values()].flatMap((items) => [...items.values()])) {
      // A newer one of the same item may have come meanwhile.
      if (this.#kept.get(attempt.meterId)?.get(attempt.itemId) !== attempt) continue;
      try {
        await this.#store.saveAttempt(attempt);
      } catch (thrown) {
        const error = toDcuError(thrown);
        if (isStorage(error.code)) return this.#retryLater();
        this.#log.warn('an attempt could not be recorded', { ...error.toJSON() });
      }
      if (this.#kept.get(attempt.meterId)?.get(attempt.itemId) === attempt) this.#forget(attempt);
    }
  }

  #keep(attempt: Attempt): void {
    const items = this.#kept.get(attempt.meterId) ?? new Map<number, Attempt>();
    this.#kept.set(attempt.meterId, items.set(attempt.itemId, attempt));
    this.#retryLater();
  }

  #forget({ meterId, itemId }: Attempt): void {
    const items = this.#kept.get(meterId);
    items?.delete(itemId);
    if (items?.size === 0) this.#kept.delete(meterId);
  }

  #retryLater(): void {
    this.#cancelRetry ??= this.#clock.after(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      void this.#flush();
    });
  }
}

const isStorage = (code: ErrorCode): boolean => ERROR_TABLE[code].origin === 'storage';
