import { DcuError } from '../base/errors.ts';
import type { ColumnValues, Interval, MeterEvent, ProfileRows } from '../base/model.ts';
import { typeOfTag } from '../dlms/axdr-types.ts';
import { resolveNulls } from '../kernels/index.ts';
import type { ColumnHint, DecodedColumn, DecodedProfile } from '../kernels/types.ts';
import { isScaledValue, mismatch } from './attribute.ts';
import type { ProfileLayout } from './layout.ts';

const DEVIATION_UNSPECIFIED = -32768;
const NO_STATUS = 0xff;

export interface PlacedRows {
  readonly rows: ProfileRows;
  /** Rows that cannot be placed, without a time or of a time that has not been: they are dropped. */
  readonly dropped: number;
}

/** The clock of a meter as rows go by it. */
export interface RowClock {
  /** Minutes from local time to UTC, where a row does not say its own. */
  readonly deviationMinutes: number;
  /** Whether it is on daylight saving time; undefined when it does not say. */
  readonly summer?: boolean;
  /** Rows of a later time than this (UTC ms) have not been captured then; any if absent. */
  readonly latestMs?: number;
}

/** Meters may be ahead of the concentrator by no more, whatever they send. */
const FUTURE_MS = 300_000;

/** The latest time (UTC ms) that a row or an event can have which is known at `nowMs`. */
export const latestOf = (nowMs: number): number => nowMs + FUTURE_MS;

const SUMMER = 0x80;
/** What daylight saving moves clocks by where a row leaves out its deviation. */
const SUMMER_MINUTES = 60;

export const hintsOf = (layout: ProfileLayout): ColumnHint[] =>
  layout.objects.map((_, index) => (index === layout.clockIndex ? 'date-time' : 'number'));

/**
 * Kernel columns to rows of the domain. A null time is the row before plus the capture period, another null the value
 * of the row before (Blue Book, class 7). A time without deviation is taken in the meter's own, moved by an hour where
 * the row's status and the meter's disagree about daylight saving.
 * @param buffer the bytes that were decoded; octet strings are copied out of it.
 * @throws DcuError `type-mismatch` naming the object whose values are of another type than its class says.
 */
export function placeRows(
  layout: ProfileLayout,
  buffer: Uint8Array,
  decoded: DecodedProfile,
  meterClock: RowClock,
): PlacedRows {
  const { columns } = resolveNulls(decoded, {
    // Without a period a null time means nothing: its row has none.
    periodMs: layout.capturePeriodS > 0 ? layout.capturePeriodS * 1000 : Number.NaN,
    timeColumn: layout.clockIndex,
  });
  const clock = columns[layout.clockIndex];
  const clockObject = layout.objects[layout.clockIndex];
  if (clock === undefined || clockObject === undefined) throw new RangeError('layout without a clock');
  if (decoded.rows > 0 && clock.kind !== 'date-time') {
    throw mismatch(clockObject, typeOfTag(clock.tag) ?? `tag ${clock.tag}`, 'a date-time');
  }
  const { times, statuses } =
    clock.kind === 'date-time'
      ? timesOf(clock, meterClock)
      : { times: new Float64Array(0), statuses: new Uint8Array(0) };
  const kept: number[] = [];
  const { latestMs = Number.POSITIVE_INFINITY } = meterClock;
  for (let row = 0; row < decoded.rows; row++) if ((times[row] ?? Number.NaN) <= latestMs) kept.push(row);

  const values = layout.columns.map((column, index) => {
    const source = columns[index < layout.clockIndex ? index : index + 1];
    if (source === undefined) throw new RangeError('fewer columns decoded than captured');
    if (
      isScaledValue(column) &&
      (source.kind === 'bytes' || source.kind === 'date-time') &&
      source.tag !== 0
    ) {
      throw mismatch(column, typeOfTag(source.tag) ?? `tag ${source.tag}`, 'a number');
    }
    return columnValues(source, buffer, kept);
  });
  return {
    rows: {
      columns: layout.columns,
      times: Float64Array.from(kept, (row) => times[row] ?? Number.NaN),
      clockStatus: Uint8Array.from(kept, (row) => statuses[row] ?? NO_STATUS),
      values,
    },
    dropped: decoded.rows - kept.length,
  };
}

function timesOf(
  clock: Extract<DecodedColumn, { kind: 'date-time' }>,
  { deviationMinutes, summer }: RowClock,
): { readonly times: Float64Array; readonly statuses: Uint8Array } {
  const times = clock.values.map((value, row) => {
    if (clock.valid[row] === 0) return Number.NaN;
    if (clock.deviation[row] !== DEVIATION_UNSPECIFIED) return value;
    const status = clock.status[row] ?? NO_STATUS;
    const inSummer = (status & SUMMER) !== 0;
    const moved = summer === undefined || status === NO_STATUS || inSummer === summer ? 0 : inSummer ? -1 : 1;
    return value + (deviationMinutes + moved * SUMMER_MINUTES) * 60_000;
  });
  const statuses = clock.status.map((status, row) => (clock.valid[row] === 0 ? NO_STATUS : status));
  return { times, statuses };
}

function columnValues(source: DecodedColumn, buffer: Uint8Array, kept: readonly number[]): ColumnValues {
  const { valid } = source;
  switch (source.kind) {
    case 'number':
    case 'date-time':
      return {
        kind: 'number',
        values: Float64Array.from(kept, (row) =>
          valid[row] === 0 ? Number.NaN : (source.values[row] ?? Number.NaN),
        ),
      };
    case 'int64':
    case 'uint64':
      return {
        kind: 'bigint',
        values: kept.map((row) => (valid[row] === 0 ? undefined : source.values[row])),
      };
    case 'bytes':
      return {
        kind: 'bytes',
        values: kept.map((row) => {
          const at = source.offsets[row] ?? 0;
          return valid[row] === 0 ? undefined : buffer.slice(at, at + (source.lengths[row] ?? 0));
        }),
      };
  }
}

/** What is wrong with a buffer that could not be decoded to its end; undefined for a good one. */
export function decodeFailure(layout: ProfileLayout, decoded: DecodedProfile): DcuError | undefined {
  const name = `profile ${layout.obis}`;
  switch (decoded.status) {
    case 'complete':
      return undefined;
    case 'truncated':
      return new DcuError(
        'truncated',
        `${name}: ends after ${decoded.rows} of ${decoded.announcedRows} rows`,
        {
          offset: decoded.consumed,
        },
      );
    case 'type-conflict': {
      const object = layout.objects[decoded.at];
      const at =
        object === undefined
          ? 'an unannounced column'
          : `${object.classId}:${object.obis}:${object.attribute}`;
      return new DcuError('type-mismatch', `${name}: row ${decoded.rows + 1} has another type in ${at}`, {
        facts: {
          row: decoded.rows + 1,
          column: decoded.at,
          ...(object === undefined ? {} : { obis: object.obis }),
        },
      });
    }
    case 'unsupported-tag':
    case 'not-a-profile':
      return new DcuError('axdr-invalid', `${name}: ${decoded.status} at byte ${decoded.at}`, {
        offset: decoded.at,
      });
  }
}

/** In which order the rows came, as far as their times tell. */
export function orderOf(times: Float64Array): 'ascending' | 'descending' | undefined {
  let up = true;
  let down = true;
  for (let row = 1; row < times.length; row++) {
    const step = (times[row] ?? 0) - (times[row - 1] ?? 0);
    if (step < 0) up = false;
    if (step > 0) down = false;
  }
  if (times.length < 2 || up === down) return undefined;
  return up ? 'ascending' : 'descending';
}

/**
 * Rows as events. The code is the captured value of `codeObis`, else of another event-code object (class 1,
 * 0.x.96.11.x), else `impliedCode`.
 */
export function toEvents(
  rows: ProfileRows,
  impliedCode: number,
  codeObis: string | null = null,
): MeterEvent[] {
  const indexOf = (isCode: (obis: string) => boolean): number =>
    rows.columns.findIndex(({ obis }, index) => isCode(obis) && rows.values[index]?.kind === 'number');
  const own = indexOf((obis) => obis === codeObis);
  const codeIndex = own < 0 ? indexOf((obis) => /^0\.\d+\.96\.11\.\d+\.\d+$/.test(obis)) : own;
  const events: MeterEvent[] = [];
  for (let row = 0; row < rows.times.length; row++) {
    const extra: Record<string, string> = {};
    for (const [index, column] of rows.columns.entries()) {
      const text = index === codeIndex ? undefined : cellText(rows.values[index], row);
      if (text !== undefined) extra[`${column.classId}:${column.obis}:${column.attribute}`] = text;
    }
    const code = rows.values[codeIndex];
    events.push({
      time: rows.times[row] ?? Number.NaN,
      code: code?.kind === 'number' ? (code.values[row] ?? impliedCode) : impliedCode,
      clockStatus: rows.clockStatus[row] ?? NO_STATUS,
      extra,
    });
  }
  return events;
}

/** Decimal or hexadecimal text of a cell; undefined where there was no value. */
export function cellText(values: ColumnValues | undefined, row: number): string | undefined {
  switch (values?.kind) {
    case 'number': {
      const value = values.values[row];
      return value === undefined || Number.isNaN(value) ? undefined : String(value);
    }
    case 'bigint':
      return values.values[row]?.toString();
    case 'bytes':
      return values.values[row]?.toHex();
    default:
      return undefined;
  }
}

/**
 * What a transfer has settled. A finished one: all of `asked`, but not beyond `writtenMs`, until which the meter has
 * written all it ever will, or behind its last row if rows stand alone in their second. A broken one: up to the last
 * row that came, if the order of the rows says which side of it is complete.
 */
export function coveredBy(
  asked: Interval,
  times: Float64Array,
  {
    writtenMs,
    alone,
    finished,
  }: { readonly writtenMs: number; readonly alone: boolean; readonly finished: boolean },
): Interval | undefined {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const time of times) {
    if (time < asked.fromMs || time >= asked.toMs) {
      if (!finished) return undefined;
      continue;
    }
    first = Math.min(first, time);
    last = Math.max(last, time);
  }
  const second = (ms: number): number => Math.floor(ms / 1000) * 1000;
  // Entries of a log may share a second; a profile's row stands alone in it.
  const afterLast = second(last) + (alone ? 1000 : 0);
  const order = orderOf(times);
  let { fromMs, toMs } = asked;
  if (finished || order === 'descending') {
    toMs = Math.min(toMs, Math.max(second(writtenMs), alone ? afterLast : Number.NEGATIVE_INFINITY));
  }
  if (!finished) {
    if (order === undefined) return undefined;
    if (order === 'ascending') toMs = Math.min(toMs, afterLast);
    else fromMs = Math.max(fromMs, second(first) + (alone ? 0 : 1000));
  }
  return fromMs < toMs ? { fromMs, toMs } : undefined;
}
