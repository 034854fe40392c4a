import type { Interval, ProfileRows } from './model.ts';

/**
 * The balance of a transformer: what goes through its balance meter minus what the meters below it take, interval by interval.
 * Energies are whole numbers that a power of ten makes Wh.
 */

/** Why a meter has no part in an interval, the first that holds. */
export const MISSING_CAUSES = ['changed', 'no-energy', 'no-row', 'period', 'clock', 'reset'] as const;
export type MissingCause = (typeof MISSING_CAUSES)[number];

/** L1, L2 and L3. */
export type ByPhase = readonly [number, number, number];

/** Imports minus exports by phase. */
export interface BalancePhases {
  readonly supplied: ByPhase;
  readonly consumed: ByPhase;
  /** Of meters whose phases are not known. */
  readonly unassigned: number;
}

export interface BalanceInterval extends Interval {
  /** Power of ten that makes the energies Wh; at most 0. */
  readonly scaler: number;
  /** Import of the balance meter: what the transformer supplied. */
  readonly imported: number;
  /** Export of the balance meter: what the street fed back through the transformer. */
  readonly exported: number;
  /** Imports of the meters below. */
  readonly consumed: number;
  /** Exports of the meters below. */
  readonly fed: number;
  /** Meters that were below the balance meter. */
  readonly expected: number;
  /** Those of them whose energy is in the sums. */
  readonly counted: number;
  /** How many are not, by cause. */
  readonly missing: Readonly<Partial<Record<MissingCause, number>>>;
  /** Absent where the balance meter does not count by phase. */
  readonly phases?: BalancePhases;
}

type Energies = Pick<BalanceInterval, 'imported' | 'exported' | 'consumed' | 'fed'>;

/** What is left: losses, and what nobody counts; with meters missing also what those took. */
export const balanceOf = ({ imported, exported, consumed, fed }: Energies): number =>
  imported - exported - (consumed - fed);

/** The balance of each phase; undefined unless the phase of every meter in the sums is known. */
export function phaseBalances({ phases, counted }: BalanceInterval): ByPhase | undefined {
  if (phases === undefined || phases.unassigned !== 0 || counted === 0) return undefined;
  const { supplied, consumed } = phases;
  return [supplied[0] - consumed[0], supplied[1] - consumed[1], supplied[2] - consumed[2]];
}

/** That a meter was below a balance meter; a balance meter is below itself. */
export interface BalancePlace {
  readonly meterId: number;
  readonly balanceId: number;
  /** UTC ms. */
  readonly fromMs: number;
  /** UTC ms; absent = still. */
  readonly toMs?: number;
  /** Whether it is the first that is known of the meter, so that nobody can say where it was before. */
  readonly isFirst: boolean;
  /** Whether it ended because another meter took the place over. */
  readonly wasReplaced: boolean;
  /** Phase (1 to 3) that a meter of one phase is on, where its network has told. */
  readonly phase?: number;
}

/** A UTC day (days since 1970) whose balances are to be worked out; `mark` grows with each new reason. */
export interface BalanceDue {
  readonly day: number;
  readonly mark: number;
}

/** A balance meter and the last of its balance. */
export interface Transformer {
  readonly meterId: number;
  readonly meterNo: string;
  /** UTC ms until which it was one; absent = still. */
  readonly untilMs?: number;
  /** Meters below it now. */
  readonly members: number;
  /** Power of ten that makes all its energies whole numbers. */
  readonly scaler: number;
  readonly last?: BalanceInterval;
}

/** What was worked out. */
export interface Balances {
  /** Those that are in use first, then by MeterNo. */
  transformers(): Promise<readonly Transformer[]>;
  transformer(meterId: number): Promise<Transformer | undefined>;
  /** Intervals that end in [fromMs, toMs), ascending. */
  intervals(meterId: number, ends: Interval): Promise<readonly BalanceInterval[]>;
}

/** What working balances out needs of the store. */
export interface BalanceStore extends Balances {
  /** Writes down who is below whom from now on, as the archive says. */
  settlePlaces(): Promise<void>;
  /** The newest days first. */
  due(limit: number): Promise<readonly BalanceDue[]>;
  /** Who was below whom at any time in the interval. */
  places(interval: Interval): Promise<readonly BalancePlace[]>;
  /** Rows of the energy profile with nothing but these columns; undefined for a meter without any. */
  energyRows(
    meterIds: readonly number[],
    interval: Interval,
    obisCodes: readonly string[],
  ): Promise<readonly (ProfileRows | undefined)[]>;
  /** All intervals of a balance meter that end on the day. */
  save(meterId: number, day: number, intervals: readonly BalanceInterval[]): Promise<void>;
  /** The day is done, unless there is a new reason. */
  done(due: BalanceDue): Promise<void>;
}
