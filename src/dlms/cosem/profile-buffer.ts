import type { AccessSelection, CosemAttribute } from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import { type CosemDateTime, daysInMonth, decodeDate, decodeDateTime, toUtcMs } from '../datetime.ts';
import type { CosemResponse } from '../server-types.ts';
import { encodeRows, type RowEncoding } from './profile-encoding.ts';
import type { ProfileRowSource } from './profile-rows.ts';

export type { ProfileRowSource } from './profile-rows.ts';

const PLAIN: RowEncoding = { encoding: 'plain', periodS: 0 };
const CLOCK_CLASS = 8;

/**
 * The buffer of a profile generic (class 7 attribute 2) as A-XDR bytes, whole or by selective access. A selection
 * that cannot be understood is `type-unmatched`, one of columns that the profile has not `scope-of-access-violated`.
 */
export function readProfileBuffer(
  source: ProfileRowSource,
  selection: AccessSelection | undefined,
  encoding: RowEncoding = PLAIN,
): CosemResponse {
  const all = source.columns.map((_, column) => column);
  const chosen = choose(source, selection, all);
  if ('result' in chosen) return chosen;
  return { result: 'success', data: encodeRows(source, chosen.rows, chosen.columns, encoding) };
}

/**
 * UTC milliseconds that a selection by range asks for, both ends included, so that a source can get at hand what it will
 * be asked for; undefined for other selections, and for one that `readProfileBuffer` refuses.
 */
export function selectedTimes(
  source: Pick<ProfileRowSource, 'deviationMinutes'>,
  selection: AccessSelection | undefined,
): { readonly fromMs: number; readonly toMs: number } | undefined {
  if (selection?.by !== 'range') return undefined;
  const fromMs = boundMs(source, selection.from, 'from');
  const toMs = boundMs(source, selection.to, 'to');
  return fromMs === undefined || toMs === undefined ? undefined : { fromMs, toMs };
}

/** Rows and columns of a selection, or why there are none. */
type Choice = { readonly rows: readonly number[]; readonly columns: readonly number[] } | CosemResponse;

function choose(
  source: ProfileRowSource,
  selection: AccessSelection | undefined,
  all: readonly number[],
): Choice {
  switch (selection?.by) {
    case undefined:
      return { rows: sequence(0, source.count()), columns: all };
    case 'entry':
      return byEntry(source, selection, all);
    case 'range':
      return byRange(source, selection, all);
    case 'selector':
      return { result: 'type-unmatched' };
  }
}

function byEntry(
  source: ProfileRowSource,
  selection: Extract<AccessSelection, { by: 'entry' }>,
  all: readonly number[],
): Choice {
  const { fromEntry, toEntry, fromColumn = 1, toColumn = 0 } = selection;
  const count = source.count();
  if (fromColumn > all.length) return { result: 'scope-of-access-violated' };
  const columns = all.slice(Math.max(fromColumn, 1) - 1, toColumn === 0 ? undefined : toColumn);
  const end = toEntry === 0 ? count : Math.min(toEntry, count);
  return { rows: sequence(Math.max(fromEntry, 1) - 1, end), columns };
}

function byRange(
  source: ProfileRowSource,
  selection: Extract<AccessSelection, { by: 'range' }>,
  all: readonly number[],
): Choice {
  const { restricting } = selection;
  const isTime = restricting.classId === CLOCK_CLASS && restricting.attribute === 2;
  if (!isTime || !source.columns.some((column) => sameAttribute(column, restricting))) {
    return { result: 'scope-of-access-violated' };
  }
  const fromMs = boundMs(source, selection.from, 'from');
  const toMs = boundMs(source, selection.to, 'to');
  if (fromMs === undefined || toMs === undefined) return { result: 'type-unmatched' };
  const columns = selection.columns?.map((wanted) =>
    source.columns.findIndex(
      (column) => sameAttribute(column, wanted) && column.dataIndex === wanted.dataIndex,
    ),
  );
  if (columns?.includes(-1)) return { result: 'scope-of-access-violated' };
  return { rows: rowsBetween(source, fromMs, toMs), columns: columns ?? all };
}

function sameAttribute(a: CosemAttribute, b: CosemAttribute): boolean {
  return a.classId === b.classId && a.obis === b.obis && a.attribute === b.attribute;
}

/** A clock that was set back leaves times that do not grow, so each row is judged by itself. */
function rowsBetween(source: ProfileRowSource, fromMs: number, toMs: number): readonly number[] {
  if (fromMs > toMs) return [];
  if (source.rowsBetween) {
    const { first, end } = source.rowsBetween(fromMs, toMs);
    return sequence(first, end);
  }
  return sequence(0, source.count()).filter((row) => {
    const time = source.timeAt(row);
    return time >= fromMs && time <= toMs;
  });
}

function sequence(first: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
}

/**
 * UTC milliseconds of one end of a range. What is unspecified widens the range: a date without a time runs from
 * its first to its last hundredth, no date at all sets no bound. Undefined when it is no date-time.
 */
function boundMs(
  source: Pick<ProfileRowSource, 'deviationMinutes'>,
  value: DlmsData,
  end: 'from' | 'to',
): number | undefined {
  const time = dateTimeOf(value);
  if (time === undefined) return undefined;
  const { year, month, day } = time;
  if (year === undefined) return end === 'from' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const low = end === 'from';
  const wholeMonth = month ?? (low ? 1 : 12);
  const filled: CosemDateTime = {
    year,
    month: wholeMonth,
    day: day ?? (low ? 1 : daysInMonth(year, wholeMonth)),
    hour: time.hour ?? (low ? 0 : 23),
    minute: time.minute ?? (low ? 0 : 59),
    second: time.second ?? (low ? 0 : 59),
    hundredths: time.hundredths ?? (low ? 0 : 99),
  };
  const deviation = time.deviationMinutes ?? source.deviationMinutes?.(filled) ?? 0;
  return toUtcMs(filled, deviation);
}

function dateTimeOf(value: DlmsData): CosemDateTime | undefined {
  if (value.type === 'date') return decodeDate(value.value);
  if (value.type !== 'octet-string' && value.type !== 'date-time') return undefined;
  if (value.value.length === 12) return decodeDateTime(value.value);
  return value.value.length === 5 ? decodeDate(value.value) : undefined;
}
