import type { Static } from 'elysia';
import type { ColumnValues, Interval, ProfileKind, ProfileRows } from '../base/model.ts';
import type * as schema from './schema.ts';
import type { CataloguePort } from './services.ts';

type ProfileView = Static<typeof schema.profile>;

/**
 * A profile as the browser gets it: columns, not objects per row. Numbers that a double holds exactly are
 * numbers, others decimal text; octet strings are hexadecimal text; null-data is null.
 */
export function profileView(
  kind: ProfileKind,
  rows: ProfileRows | undefined,
  interval: Interval,
  coverage: readonly Interval[],
  nowMs: number,
  zone: string,
  catalogue: CataloguePort,
): ProfileView {
  const times = rows === undefined ? [] : Array.from(rows.times);
  const periodMs = kind === 'billing' ? null : usualPeriod(times);
  return {
    kind,
    from: interval.fromMs,
    to: interval.toMs,
    zone,
    periodMs,
    times,
    clockStatus: rows === undefined ? [] : Array.from(rows.clockStatus),
    columns: (rows?.columns ?? []).map((column, index) => ({
      classId: column.classId,
      obis: column.obis,
      attribute: column.attribute,
      name: catalogue.objectName(column.obis),
      scaler: column.scaler,
      unit: column.unit === null ? null : catalogue.unitSymbol(column.unit),
      values: plainValues(rows?.values[index]),
    })),
    gaps:
      kind === 'billing'
        ? []
        : gapsOf(
            times,
            periodMs,
            { fromMs: interval.fromMs, toMs: Math.min(interval.toMs, nowMs) },
            coverage,
          ),
  };
}

function plainValues(column: ColumnValues | undefined): (number | string | null)[] {
  if (column === undefined) return [];
  switch (column.kind) {
    case 'number':
      return Array.from(column.values, (value) => (Number.isNaN(value) ? null : value));
    case 'bigint':
      return column.values.map((value) =>
        value === undefined ? null : isExact(value) ? Number(value) : value.toString(),
      );
    case 'bytes':
      return column.values.map((value) => (value === undefined ? null : value.toHex()));
  }
}

const isExact = (value: bigint): boolean =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);

/** The most frequent distance between rows: the capture period, whatever rows are missing. */
export function usualPeriod(times: readonly number[]): number | null {
  const seen = new Map<number, number>();
  for (let i = 1; i < times.length; i++) {
    const distance = (times[i] ?? 0) - (times[i - 1] ?? 0);
    if (distance > 0) seen.set(distance, (seen.get(distance) ?? 0) + 1);
  }
  let best: number | null = null;
  for (const [distance, count] of seen) {
    if (best === null || count > (seen.get(best) ?? 0)) best = distance;
  }
  return best;
}

/** Stretches of the interval without rows, cut where reading has not been yet (`unread`) and where it has (`missing`). */
export function gapsOf(
  times: readonly number[],
  periodMs: number | null,
  interval: Interval,
  coverage: readonly Interval[],
): ProfileView['gaps'] {
  if (interval.toMs <= interval.fromMs) return [];
  const empty: Interval[] = [];
  const slack = periodMs === null ? 0 : periodMs * 1.5;
  let from = interval.fromMs;
  for (const time of times) {
    if (time - from > slack) empty.push({ fromMs: from, toMs: time });
    from = time;
  }
  if (interval.toMs - from > slack) empty.push({ fromMs: from, toMs: interval.toMs });
  return empty.flatMap((gap) => splitByCoverage(gap, coverage));
}

function splitByCoverage(gap: Interval, coverage: readonly Interval[]): ProfileView['gaps'] {
  const parts: ProfileView['gaps'] = [];
  let from = gap.fromMs;
  for (const read of coverage) {
    const start = Math.max(read.fromMs, from);
    const end = Math.min(read.toMs, gap.toMs);
    if (end <= start) continue;
    if (start > from) parts.push({ fromMs: from, toMs: start, reason: 'unread' });
    parts.push({ fromMs: start, toMs: end, reason: 'missing' });
    from = end;
  }
  if (from < gap.toMs) parts.push({ fromMs: from, toMs: gap.toMs, reason: 'unread' });
  return parts;
}
