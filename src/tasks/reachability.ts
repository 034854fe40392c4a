import type { Clock } from '../base/clock.ts';
import type { CollectionStore } from '../base/collection.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Meter } from '../base/model.ts';

const LOOK_EVERY_MS = 60_000;

export interface ReachabilityDependencies {
  readonly store: Pick<CollectionStore, 'meters' | 'setting' | 'contacts'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Queues the check of one meter. */
  readonly check: (meter: Meter) => void;
}

/**
 * Has each enabled meter checked that was not heard within `meter.check.interval`; the checks are spread over the
 * interval, however many meters are silent at once.
 */
export class Reachability {
  readonly #deps: ReachabilityDependencies;
  /** Monotonic ms at which a meter was heard, or asked in vain, last. */
  readonly #contacts = new Map<number, number>();
  #intervalMs = 0;
  /** Checks that the time passed allows. */
  #credit = 1;
  #lookedMs = 0;
  readonly #timers = new Set<() => void>();
  #running = false;

  constructor(deps: ReachabilityDependencies) {
    this.#deps = deps;
  }

  /** Resolves when it is known which meters were heard before the start. */
  async start(): Promise<void> {
    if (this.#running) return;
    const { clock, store } = this.#deps;
    this.#running = true;
    this.#lookedMs = clock.monotonicMs();
    const toMonotonic = clock.monotonicMs() - clock.now();
    for (const { meterId, lastSeen } of await store.contacts()) {
      if (lastSeen === undefined || this.#contacts.has(meterId)) continue;
      this.#contacts.set(meterId, Math.min(clock.monotonicMs(), lastSeen + toMonotonic));
    }
    this.#after(LOOK_EVERY_MS, () => this.#turn());
  }

  stop(): void {
    this.#running = false;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** A meter has answered, or has been found silent. */
  contacted(meterId: number): void {
    this.#contacts.set(meterId, this.#deps.clock.monotonicMs());
  }

  forget(meterId: number): void {
    this.#contacts.delete(meterId);
  }

  /** Whether the last contact is long enough ago for a check. */
  isDue(meterId: number): boolean {
    const last = this.#contacts.get(meterId);
    return last === undefined || this.#deps.clock.monotonicMs() - last >= this.#intervalMs;
  }

  #turn(): void {
    this.#look()
      .catch((error: unknown) =>
        this.#deps.log.error('meters could not be looked over for checks', {
          ...toDcuError(error).toJSON(),
        }),
      )
      .finally(() => this.#after(LOOK_EVERY_MS, () => this.#turn()));
  }

  async #look(): Promise<void> {
    const { store, clock, check } = this.#deps;
    const intervalMs = Number((await store.setting('meter.check.interval')) ?? 0) * 1000;
    const nowMs = clock.monotonicMs();
    const passedMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    this.#intervalMs = intervalMs;
    if (!(intervalMs > 0)) return;
    const meters = (await store.meters()).filter(({ enabled }) => enabled);
    this.#forget(meters);
    const perMs = meters.length / intervalMs;
    // What nobody needed is not saved up for a burst.
    this.#credit = Math.min(this.#credit + perMs * passedMs, perMs * LOOK_EVERY_MS * 2 + 1);
    const due = meters
      .filter(({ id }) => this.isDue(id))
      .toSorted((a, b) => (this.#contacts.get(a.id) ?? -1) - (this.#contacts.get(b.id) ?? -1) || a.id - b.id)
      .slice(0, Math.floor(this.#credit));
    this.#credit -= due.length;
    for (const [index, meter] of due.entries()) {
      this.#after((index * LOOK_EVERY_MS) / due.length, () => {
        if (!this.isDue(meter.id)) return;
        // Whatever becomes of it: not again within the interval.
        this.contacted(meter.id);
        check(meter);
      });
    }
  }

  #forget(meters: readonly Meter[]): void {
    const known = new Set(meters.map(({ id }) => id));
    for (const id of this.#contacts.keys()) if (!known.has(id)) this.#contacts.delete(id);
  }

  #after(delayMs: number, run: () => void): void {
    if (!this.#running) return;
    const cancel = this.#deps.clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      run();
    });
    this.#timers.add(cancel);
  }
}
