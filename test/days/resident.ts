import type { ProfileKind, ProfileRows } from '../../src/base/model.ts';
import type { Place } from './street.ts';
import { type TrueRow, Truth } from './truth.ts';

/** What was in the store when it was looked at last, and the meter's rows that it was. */
export interface LastLook {
  readonly stored: ProfileRows;
  readonly rows: readonly (TrueRow | undefined)[];
}

/** A meter of the street, with what is known of it outside of the concentrator. */
export class Resident {
  readonly place: Place;
  readonly truth: Truth;
  readonly meterNo: string;
  readonly installedMs: number;
  readonly lastLook = new Map<ProfileKind, LastLook>();
  /** In the archive. */
  id: number | undefined;
  /** True time at which it was taken away. */
  leftMs: number | undefined;
  /** The meter that hung here before. */
  predecessor: Resident | undefined;
  /** Silent for good. */
  dead = false;
  /** What keeps it from being read at the moment. */
  #troubles = 0;
  #reachableSinceMs: number;

  /** Rows before `fromMs` are of no interest. */
  constructor(place: Place, installedMs: number, fromMs: number) {
    this.place = place;
    this.truth = new Truth(place.meter, fromMs);
    this.meterNo = place.meter.plan.meterNo;
    this.installedMs = installedMs;
    this.#reachableSinceMs = installedMs;
  }

  /** True time since when nothing has kept it from being read; Infinity while something does. */
  get reachableSinceMs(): number {
    return this.dead || this.#troubles > 0 ? Number.POSITIVE_INFINITY : this.#reachableSinceMs;
  }

  /** Something keeps it from being read; returns what to call when that is over. */
  trouble(): () => void {
    this.#troubles++;
    return () => {
      this.#troubles--;
      this.#reachableSinceMs = this.truth.meter.now();
    };
  }
}
