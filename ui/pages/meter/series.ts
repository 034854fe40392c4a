import type { Profile } from '../../../src/api/contract.ts';
import { scaledNumber } from '../../format.ts';

type Column = Profile['columns'][number];

export interface Series {
  readonly key: string;
  readonly label: string;
  readonly obis: string;
  readonly unit: string;
  /** Each value is the difference of two readings of a cumulative register. */
  readonly interval: boolean;
  readonly values: readonly (number | null)[];
}

export interface ChartData {
  /** Seconds, as uPlot wants them; an extra point without a value follows each row before a gap. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
}

/** Value group D = 8: a register that only counts up (time integral 1); its differences are the interval's energy. */
const isCumulative = (obis: string): boolean => obis.split('.')[3] === '8';

/** Interval energy of cumulative registers, other columns as they are, scaled, with breaks where rows are missing. */
export function chartData(profile: Profile): ChartData {
  const { times, periodMs, columns } = profile;
  const longest = (periodMs ?? Number.POSITIVE_INFINITY) * 1.5;
  const breakAfter = (index: number): boolean => {
    const here = times[index];
    const next = times[index + 1];
    return here !== undefined && next !== undefined && next - here > longest;
  };
  const outTimes: number[] = [];
  times.forEach((time, index) => {
    outTimes.push(time / 1000);
    if (breakAfter(index)) outTimes.push((time + (periodMs ?? 0)) / 1000);
  });
  const drawable = columns.filter((column) =>
    column.values.some((value) => Number.isFinite(Number(value ?? Number.NaN))),
  );
  return {
    times: outTimes,
    series: drawable
      .filter((column) => column.unit !== null || column.scaler !== null)
      .map((column) => {
        const interval = isCumulative(column.obis);
        const plain: (number | null)[] = [];
        times.forEach((_, index) => {
          plain.push(interval ? difference(column, index, breakAfter(index - 1)) : scaled(column, index));
          if (breakAfter(index)) plain.push(null);
        });
        const { unit, values } = inReadableUnit(column.unit ?? '', plain);
        return {
          key: `${column.obis}:${column.attribute}`,
          label: column.name ?? column.obis,
          obis: column.obis,
          unit,
          interval,
          values,
        };
      }),
  };
}

const scaled = (column: Column, index: number): number | null =>
  scaledNumber(column.values[index] ?? null, column.scaler);

/** Consumption between this row and the one before it; raw integers are subtracted before they are scaled. */
function difference(column: Column, index: number, afterGap: boolean): number | null {
  const here = column.values[index] ?? null;
  const before = column.values[index - 1] ?? null;
  if (index === 0 || afterGap || here === null || before === null) return null;
  const raw =
    typeof here === 'string' || typeof before === 'string'
      ? Number(BigInt(here) - BigInt(before))
      : here - before;
  return raw < 0 ? null : scaledNumber(raw, column.scaler);
}

/** `W`, `Wh`, `var`, … in thousands when the numbers are large. */
export function inReadableUnit(
  unit: string,
  values: readonly (number | null)[],
): { unit: string; values: readonly (number | null)[] } {
  const largest = values.reduce<number>((max, value) => Math.max(max, Math.abs(value ?? 0)), 0);
  if (!/^(W|VA|var)/.test(unit) || largest < 2000) return { unit, values };
  return { unit: `k${unit}`, values: values.map((value) => (value === null ? null : value / 1000)) };
}

/** What a cumulative register counted from the first to the last row; null for others. */
export function totalOf(column: Column): { value: number; unit: string } | null {
  if (!isCumulative(column.obis)) return null;
  const known = column.values.filter((value) => value !== null);
  const first = known[0];
  const last = known.at(-1);
  if (first === undefined || last === undefined || known.length < 2) return null;
  const value = scaledNumber(Number(BigInt(last) - BigInt(first)), column.scaler);
  if (value === null) return null;
  const { unit, values } = inReadableUnit(column.unit ?? '', [value]);
  return { value: values[0] ?? value, unit };
}
