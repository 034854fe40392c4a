import { type BalanceStore, MISSING_CAUSES, type MissingCause } from '../base/balance.ts';
import type { Interval } from '../base/model.ts';
import { LONGEST_INTERVAL_MS, partIn } from './balance-day.ts';
import { ENERGY_CODES, EnergyRows } from './energy.ts';

const METERS_AT_ONCE = 64;

export interface MissingMeter {
  readonly meterId: number;
  readonly cause: MissingCause;
}

/** The meters below a balance meter that have no part in an interval, by what is stored now: by cause, then by their id. */
export async function missingMeters(
  store: Pick<BalanceStore, 'places' | 'energyRows'>,
  balanceId: number,
  interval: Interval,
): Promise<readonly MissingMeter[]> {
  const places = (await store.places(interval)).filter(
    (place) => place.balanceId === balanceId && place.meterId !== balanceId,
  );
  // Rows around it tell how far apart a meter's rows are.
  const around = {
    fromMs: interval.fromMs - 2 * LONGEST_INTERVAL_MS,
    toMs: interval.toMs + 2 * LONGEST_INTERVAL_MS,
  };
  const missing: MissingMeter[] = [];
  for (let from = 0; from < places.length; from += METERS_AT_ONCE) {
    const some = places.slice(from, from + METERS_AT_ONCE);
    const read = await store.energyRows(
      some.map(({ meterId }) => meterId),
      around,
      ENERGY_CODES,
    );
    for (const [i, place] of some.entries()) {
      const rows = read[i];
      const part = partIn(interval, place, rows === undefined ? undefined : new EnergyRows(rows));
      if (typeof part === 'string') missing.push({ meterId: place.meterId, cause: part });
    }
  }
  return missing.sort(
    (a, b) => MISSING_CAUSES.indexOf(a.cause) - MISSING_CAUSES.indexOf(b.cause) || a.meterId - b.meterId,
  );
}
