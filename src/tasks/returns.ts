import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';

/** Away for less is a blip: work that it has cut short is repeated by its line, and the next tick sees to the rest. */
const BLIP_MS = 120_000;
/** From the return of a meter to the first request: where one is back, others of its street may be so in a moment. */
const SOON_MS = 10_000;
const SPREAD_MS = 20_000;
/** A whole network that is back at once is let in by and by. */
const AT_ONCE = 64;
const EVERY_MS = 2_000;

export interface ReturnsDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Queues what these meters lack. */
  readonly fetch: (meterIds: ReadonlySet<number>) => Promise<void>;
}

/** Meters that were away and can be reached again: what they lack is fetched soon, and not only at the next tick. */
export class Returns {
  readonly #deps: ReturnsDependencies;
  readonly #waiting = new Set<number>();
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(deps: ReturnsDependencies) {
    this.#deps = deps;
  }

  /** `awayMs`: for how long nobody could reach them. */
  note(meterIds: Iterable<number>, awayMs: number): void {
    if (this.#stopped || awayMs < BLIP_MS) return;
    for (const id of meterIds) this.#waiting.add(id);
    if (this.#cancel === undefined) this.#after(SOON_MS + this.#deps.random.next() * SPREAD_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #after(delayMs: number): void {
    if (this.#waiting.size === 0) return;
    this.#cancel = this.#deps.clock.after(delayMs, () => {
      const some = new Set([...this.#waiting].slice(0, AT_ONCE));
      for (const id of some) this.#waiting.delete(id);
      this.#deps.fetch(some).catch((error: unknown) =>
        this.#deps.log.error('what meters lack that are back was not queued', {
          ...toDcuError(error).toJSON(),
        }),
      );
      this.#cancel = undefined;
      this.#after(EVERY_MS);
    });
  }
}
