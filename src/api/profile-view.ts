import type { Static } from 'elysia';
import type { ColumnValues, Interval, ProfileKind, ProfileRows } from '../base/model.ts';
import { rowMarks } from '../meters/row-marks.ts';
import type { Gap } from '../tasks/gaps.ts';
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
  gaps: readonly Gap[],
  zone: string,
  catalogue: CataloguePort,
): ProfileView {
  const times = rows === undefined ? [] : Array.from(rows.times);
  const periodMs = periodOf(kind, rows);
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
    marks: rows === undefined ? [] : [...rowMarks(rows)].map(([row, marks]) => ({ row, marks: [...marks] })),
    gaps: kind === 'billing' ? [] : gaps.map(gapView),
  };
}

/** Milliseconds between rows as seen in the data; null where rows come when they come, or too few are there. */
export const periodOf = (kind: ProfileKind, rows: ProfileRows | undefined): number | null =>
  kind === 'billing' || rows === undefined ? null : usualPeriod(Array.from(rows.times));

export function gapView({ fromMs, toMs, cause, why }: Gap): ProfileView['gaps'][number] {
  return {
    fromMs,
    toMs,
    reason: cause === 'unread' ? 'unread' : 'missing',
    cause,
    why:
      why === undefined
        ? null
        : {
            reason: why.reason,
            code: why.code ?? null,
            message: why.message ?? null,
            since: why.sinceMs ?? null,
          },
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
