import type { Balance, Profile } from '../../../src/api/contract.ts';
import { inReadableUnit, type Series } from '../meter/series.ts';

type Row = Balance['intervals'][number];

/** Below this share of its meters the balance of an interval is marked in the chart. */
const COMPLETE = 0.98;

const wh = (value: number, row: Row): number => value * 10 ** row.scaler;
/** What the street was given and what it took: imports minus exports, Wh. */
const supplied = (row: Row): number => wh(row.imported - row.exported, row);
const consumed = (row: Row): number => wh(row.consumed - row.fed, row);

export const completenessOf = (row: Row): number | null =>
  row.expected === 0 ? null : row.counted / row.expected;

const PHASES = [0, 1, 2] as const;

export interface BalanceChart {
  /** Seconds; an extra point without a value stands before each gap. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  /** `unread`: meters are missing; `missing`: there is no balance. */
  readonly gaps: Profile['gaps'];
}

/** Lines of the chart, all in one unit. */
export function balanceChart({
  intervals,
  from,
  to,
}: Pick<Balance, 'intervals' | 'from' | 'to'>): BalanceChart {
  const kinds: [string, (row: Row) => number | null][] = [
    ['Balance', (row) => wh(row.balance, row)],
    ['Supplied', supplied],
    ['Consumed', consumed],
  ];
  if (intervals.some(({ phases }) => phases?.balance)) {
    for (const i of PHASES) {
      kinds.push([
        `Balance L${i + 1}`,
        (row) => (row.phases?.balance ? wh(row.phases.balance[i], row) : null),
      ]);
    }
  }
  const points: { time: number; row: Row | null }[] = [];
  const gaps: Profile['gaps'] = [];
  const gap = (fromMs: number, toMs: number, reason: 'unread' | 'missing'): void => {
    const last = gaps.at(-1);
    if (last?.toMs === fromMs && last.reason === reason) last.toMs = toMs;
    else gaps.push({ fromMs, toMs, reason, cause: 'unread', why: null });
  };
  let end = from;
  for (const row of intervals) {
    if (row.from > end) {
      gap(end, row.from, 'missing');
      points.push({ time: row.from / 1000, row: null });
    }
    if ((completenessOf(row) ?? 1) < COMPLETE) gap(row.from, row.to, 'unread');
    points.push({ time: row.to / 1000, row });
    end = row.to;
  }
  if (end < to) gap(end, to, 'missing');
  const all = kinds.map(([label, of]) => ({
    label,
    values: points.map(({ row }) => (row === null ? null : of(row))),
  }));
  const { unit } = inReadableUnit(
    'Wh',
    all.flatMap(({ values }) => values),
  );
  return {
    times: points.map(({ time }) => time),
    gaps,
    series: all.map(({ label, values }) => ({
      key: label,
      label,
      obis: '',
      unit,
      interval: true,
      values: unit === 'kWh' ? values.map((value) => (value === null ? null : value / 1000)) : values,
    })),
  };
}

export interface BalanceTotals {
  /** Wh. */
  readonly supplied: number;
  readonly consumed: number;
  readonly balance: number;
  /** Of what was supplied; null where nothing was. */
  readonly share: number | null;
  /** Of meters and intervals; null where no meter was expected. */
  readonly completeness: number | null;
}

/** What the intervals come to, for a glance: exact figures are in the rows. */
export function totalsOf(rows: readonly Row[]): BalanceTotals {
  const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const all = sum(supplied);
  const balance = sum((row) => wh(row.balance, row));
  const expected = sum((row) => row.expected);
  return {
    supplied: all,
    consumed: sum(consumed),
    balance,
    share: all > 0 ? balance / all : null,
    completeness: expected === 0 ? null : sum((row) => row.counted) / expected,
  };
}

export const causeTexts: Readonly<Record<Row['missing'][number]['cause'], string>> = {
  changed: 'entered, moved or left in the interval',
  'no-energy': 'no active energy in its load profile',
  'no-row': 'no row at an end of the interval',
  period: 'its rows are further apart',
  clock: 'clock doubtful or set back',
  reset: 'register went back',
};

/** `98.5 %`, and never 100 % while something is missing. */
export const percent = (share: number): string => {
  const value = share * 100;
  return `${(share < 1 ? Math.min(99.9, value) : value).toFixed(1)} %`;
};
