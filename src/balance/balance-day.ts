import type { BalanceInterval, BalancePlace, MissingCause } from '../base/balance.ts';
import type { Interval } from '../base/model.ts';
import type { Energy, EnergyRows } from './energy.ts';

/** Longest interval of a balance: rows of load profiles are at most an hour apart. */
export const LONGEST_INTERVAL_MS = 3_600_000;

type Three = [number, number, number];

/** An interval on its way: sums grow as meters are added. */
interface Slot {
  readonly fromMs: number;
  readonly toMs: number;
  imported: number;
  exported: number;
  consumed: number;
  fed: number;
  expected: number;
  counted: number;
  readonly missing: Partial<Record<MissingCause, number>>;
  readonly phases: { supplied: Three; consumed: Three; unassigned: number } | undefined;
}

/**
 * The balances of one balance meter whose intervals end in `ends`. An interval is there where the balance meter has a row at both of
 * its ends: what lies behind a missing row is in no interval, and never in the next. Meters below are added one by one, in any order.
 */
export class BalanceDay {
  #scaler: number;
  readonly #slots: readonly Slot[];

  /** @param own when it was the balance meter */
  constructor(balance: EnergyRows, own: readonly BalancePlace[], ends: Interval) {
    this.#scaler = balance.scaler;
    const periodMs = balance.periodMs ?? Number.POSITIVE_INFINITY;
    const slots = periodMs > LONGEST_INTERVAL_MS ? [] : slotsOf(balance, periodMs, ends);
    this.#slots = slots.filter((slot) => own.some((place) => standing(place, slot) === 'whole'));
  }

  /** @param rows undefined where nothing was read of it */
  add(place: BalancePlace, rows: EnergyRows | undefined): void {
    if (rows !== undefined && rows.scaler < this.#scaler) this.#refine(rows.scaler);
    const factor = 10 ** ((rows?.scaler ?? 0) - this.#scaler);
    for (const slot of this.#slots) {
      const part = partIn(slot, place, rows);
      if (part === undefined) continue;
      slot.expected += 1;
      if (typeof part === 'string') slot.missing[part] = (slot.missing[part] ?? 0) + 1;
      else count(slot, part, factor, place.phase);
    }
  }

  get isEmpty(): boolean {
    return this.#slots.length === 0;
  }

  /** Ascending. */
  intervals(): BalanceInterval[] {
    return this.#slots.map(({ phases, ...slot }) => ({
      ...slot,
      scaler: this.#scaler,
      ...(phases === undefined ? {} : { phases }),
    }));
  }

  /** What was summed up so far in the finer unit of a meter. */
  #refine(scaler: number): void {
    const factor = 10 ** (this.#scaler - scaler);
    this.#scaler = scaler;
    for (const slot of this.#slots) {
      slot.imported *= factor;
      slot.exported *= factor;
      slot.consumed *= factor;
      slot.fed *= factor;
      if (slot.phases === undefined) continue;
      slot.phases.supplied = times(slot.phases.supplied, factor);
      slot.phases.consumed = times(slot.phases.consumed, factor);
      slot.phases.unassigned *= factor;
    }
  }
}

const times = ([l1, l2, l3]: Three, factor: number): Three => [l1 * factor, l2 * factor, l3 * factor];

function slotsOf(balance: EnergyRows, periodMs: number, ends: Interval): Slot[] {
  const slots: Slot[] = [];
  for (const toMs of new Set(balance.times)) {
    if (toMs < ends.fromMs || toMs >= ends.toMs) continue;
    const energy = balance.between(toMs - periodMs, toMs);
    if (typeof energy === 'string') continue;
    const { imported, exported, phases } = energy;
    slots.push({
      fromMs: toMs - periodMs,
      toMs,
      imported,
      exported,
      consumed: 0,
      fed: 0,
      expected: 0,
      counted: 0,
      missing: {},
      phases:
        phases === undefined ? undefined : { supplied: [...phases], consumed: [0, 0, 0], unassigned: 0 },
    });
  }
  return slots;
}

function count(slot: Slot, { imported, exported, phases }: Energy, factor: number, phase?: number): void {
  slot.counted += 1;
  slot.consumed += imported * factor;
  slot.fed += exported * factor;
  if (slot.phases === undefined) return;
  const net = (imported - exported) * factor;
  if (phases === undefined && phase === undefined) slot.phases.unassigned += net;
  for (const i of [0, 1, 2] as const) {
    if (phases !== undefined) slot.phases.consumed[i] += phases[i] * factor;
    else if (phase === i + 1) slot.phases.consumed[i] += net;
  }
}

/**
 * What a meter has taken in an interval, or why that cannot be told; undefined where it was not below the balance meter.
 * @param rows undefined where nothing was read of it
 */
export function partIn(
  interval: Interval,
  place: BalancePlace,
  rows: EnergyRows | undefined,
): Energy | MissingCause | undefined {
  const stands = standing(place, interval);
  if (stands === 'absent') return undefined;
  return stands === 'partly' ? 'changed' : (rows?.between(interval.fromMs, interval.toMs) ?? 'no-row');
}

/**
 * Whether a meter was below the balance meter in an interval. The first place that is known of it begins with what is known of it, and
 * one that was replaced has left its place to its successor: neither is missed in the interval in between.
 */
function standing(place: BalancePlace, { fromMs, toMs }: Interval): 'whole' | 'partly' | 'absent' {
  const endMs = place.toMs ?? Number.POSITIVE_INFINITY;
  if (place.fromMs >= toMs || endMs <= fromMs) return 'absent';
  const begins = place.fromMs > fromMs;
  const isOver = endMs < toMs;
  if (!begins && !isOver) return 'whole';
  return (begins && place.isFirst) || (isOver && place.wasReplaced) ? 'absent' : 'partly';
}
