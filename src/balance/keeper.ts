import type { BalanceDue, BalancePlace, BalanceStore } from '../base/balance.ts';
import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Interval } from '../base/model.ts';
import { BalanceDay, LONGEST_INTERVAL_MS } from './balance-day.ts';
import { ENERGY_CODES, EnergyRows } from './energy.ts';

const DAY_MS = 86_400_000;
/** Rows that come are waited for, so that a round is worked out in one go. */
const GATHER_MS = 10_000;
/** Somebody sits before it; many changes at once, as of a file, are taken together all the same. */
const CHANGE_MS = 1000;
/** What nobody told of, and what failed, is looked for so often. */
const LOOK_AGAIN_MS = 60_000;
/** It works at most this share of the time: one part in twenty. */
const REST = 20;
/** Meters of which the store hands out rows at once: some milliseconds of its thread, between which it does other work. */
const METERS_AT_ONCE = 64;
/** Days that one run works out: more than are kept. */
const MOST_DAYS = 1000;

export interface BalanceKeeperOptions {
  readonly store: BalanceStore;
  readonly clock: Clock;
  readonly log: Log;
  /** A balance has changed. */
  readonly onWorkedOut?: (meterId: number) => void;
}

/**
 * Works out the balances of all transformers, day by day, whenever rows have come or the archive has changed. What is due is in the
 * store, written with the rows: a restart goes on where the last process ended.
 */
export class BalanceKeeper {
  readonly #options: BalanceKeeperOptions;
  #cancel: (() => void) | undefined;
  /** Monotonic time at which it is to run. */
  #dueMs: number | undefined;
  #running: Promise<void> | undefined;
  #placesChanged = true;
  #again = false;
  #stopped = false;

  constructor(options: BalanceKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#arm(0);
  }

  /** To be called when rows of energy have come. */
  rowsCame(): void {
    this.#soon(GATHER_MS);
  }

  /** To be called when the archive has changed. */
  metersChanged(): void {
    this.#placesChanged = true;
    this.#soon(CHANGE_MS);
  }

  /** Works out all that is due now. @throws what the store throws */
  async settle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    const work = this.#work();
    const over = (): void => {
      this.#running = undefined;
    };
    this.#running = work.then(over, over);
    await work;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  #soon(delayMs: number): void {
    if (this.#running === undefined) this.#arm(delayMs);
    else this.#again = true;
  }

  #arm(delayMs: number): void {
    if (this.#stopped || this.#isArmedWithin(delayMs)) return;
    this.#cancel?.();
    const { clock } = this.#options;
    this.#dueMs = clock.monotonicMs() + delayMs;
    this.#cancel = clock.after(delayMs, () => {
      this.#dueMs = undefined;
      this.#running = this.#run();
    });
  }

  #isArmedWithin(delayMs: number): boolean {
    return this.#dueMs !== undefined && this.#dueMs <= this.#options.clock.monotonicMs() + delayMs;
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    const startedMs = clock.monotonicMs();
    try {
      await this.#work();
    } catch (error) {
      if (!this.#stopped) log.error('balances could not be worked out', { ...toDcuError(error).toJSON() });
    }
    this.#running = undefined;
    const restMs = (clock.monotonicMs() - startedMs) * REST;
    this.#arm(this.#again ? Math.max(GATHER_MS, restMs) : Math.max(LOOK_AGAIN_MS, restMs));
    this.#again = false;
  }

  async #work(): Promise<void> {
    const { store } = this.#options;
    if (this.#placesChanged) {
      this.#placesChanged = false;
      await store.settlePlaces().catch((error: unknown) => {
        this.#placesChanged = true;
        throw error;
      });
    }
    for (const due of await store.due(MOST_DAYS)) {
      if (this.#stopped) return;
      await this.#workOut(due);
    }
  }

  async #workOut(due: BalanceDue): Promise<void> {
    const { store } = this.#options;
    const ends = { fromMs: due.day * DAY_MS, toMs: (due.day + 1) * DAY_MS };
    // The first interval that ends on a day has begun on the day before.
    const rows = { fromMs: ends.fromMs - LONGEST_INTERVAL_MS, toMs: ends.toMs };
    const places = Map.groupBy(await store.places(rows), ({ balanceId }) => balanceId);
    for (const [balanceId, below] of places) {
      await this.#balance(balanceId, due.day, below, ends, rows);
      if (this.#stopped) return;
    }
    await store.done(due);
  }

  async #balance(
    balanceId: number,
    day: number,
    places: readonly BalancePlace[],
    ends: Interval,
    rows: Interval,
  ): Promise<void> {
    const { store, onWorkedOut } = this.#options;
    const own = places.filter(({ meterId }) => meterId === balanceId);
    const [total] = await store.energyRows([balanceId], rows, ENERGY_CODES);
    const balance = total === undefined ? undefined : new BalanceDay(new EnergyRows(total), own, ends);
    if (balance?.isEmpty === false) {
      const below = places.filter(({ meterId }) => meterId !== balanceId);
      for (let from = 0; from < below.length; from += METERS_AT_ONCE) {
        const some = below.slice(from, from + METERS_AT_ONCE);
        const read = await store.energyRows(
          some.map(({ meterId }) => meterId),
          rows,
          ENERGY_CODES,
        );
        for (const [i, place] of some.entries()) {
          const own = read[i];
          balance.add(place, own === undefined ? undefined : new EnergyRows(own));
        }
        if (this.#stopped) return;
      }
    }
    await store.save(balanceId, day, balance?.intervals() ?? []);
    onWorkedOut?.(balanceId);
  }
}
