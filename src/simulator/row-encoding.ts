import { ByteWriter } from '../base/bytes.ts';
import { writeLength } from '../dlms/axdr-length.ts';
import { CLOCK_STATUS, dateOfEpochDay } from '../dlms/datetime.ts';
import { DAY_MS, daylightSavingActive, MINUTE_MS, type TimeZone } from './calendar.ts';

/** A-XDR tags of what rows are made of. */
const TAG = { array: 1, structure: 2, u32: 6, octets: 9, u8: 17 } as const;

/** Rows of a profile, before their values are worked out. `stamps` are UTC ms of the meter's own clock, oldest first. */
export interface RowIndex {
  readonly count: number;
  readonly stamps: Float64Array;
  /** True time of each capture. */
  readonly times: Float64Array;
  /** One a column: writes that value of row `index` with its A-XDR tag. */
  readonly cells: readonly CellWriter[];
}

export type CellWriter = (index: number, writer: ByteWriter) => void;

/** Writes date-times of one time zone; the date part of the day written last is kept. */
export class StampWriter {
  readonly #zone: TimeZone;
  #day = Number.NaN;
  #date = new Uint8Array(5);

  constructor(zone: TimeZone) {
    this.#zone = zone;
  }

  /** 12 bytes: local date and time, deviation (minutes from local time to UTC), clock status. */
  put(writer: ByteWriter, utcMs: number): void {
    const summer = daylightSavingActive(this.#zone, utcMs);
    const offset = this.#zone.utcOffsetMinutes + (summer ? 60 : 0);
    const local = utcMs + offset * MINUTE_MS;
    const day = Math.floor(local / DAY_MS);
    if (day !== this.#day) {
      const { year, month, day: dayOfMonth, weekday } = dateOfEpochDay(day);
      this.#date = Uint8Array.of(year >> 8, year & 0xff, month, dayOfMonth, weekday);
      this.#day = day;
    }
    const second = Math.floor((local - day * DAY_MS) / 1000);
    writer
      .put(this.#date)
      .u8(Math.floor(second / 3600))
      .u8(Math.floor(second / 60) % 60)
      .u8(second % 60)
      .u8(Math.floor((local % 1000) / 10))
      .u16(-offset & 0xffff)
      .u8(summer ? CLOCK_STATUS.daylightSaving : 0);
  }
}

/** The 12 bytes of a date-time for an instant of the meter's own clock. */
export function stampBytes(zone: TimeZone, utcMs: number): Uint8Array {
  const writer = new ByteWriter(12);
  new StampWriter(zone).put(writer, utcMs);
  return writer.done();
}

export const octetCell =
  (stamp: StampWriter, utcMs: (index: number) => number): CellWriter =>
  (index, writer) =>
    stamp.put(writer.u8(TAG.octets).u8(12), utcMs(index));
export const u8Cell =
  (of: (index: number) => number): CellWriter =>
  (index, writer) =>
    void writer.u8(TAG.u8).u8(of(index));
export const u32Cell =
  (of: (index: number) => number): CellWriter =>
  (index, writer) =>
    void writer.u8(TAG.u32).u32(of(index));

/** The cells of a row share what it costs to work it out. */
export function perRow<Row>(make: (index: number) => Row): (index: number) => Row {
  let last: { readonly index: number; readonly row: Row } | undefined;
  return (index) => {
    if (last?.index !== index) last = { index, row: make(index) };
    return last.row;
  };
}

/**
 * Encodes rows `from`..`to` (0-based, `to` excluded) as an A-XDR array of structures; `columns`: which cells of
 * each, all if not given.
 */
export function encodeRows(
  rows: RowIndex,
  from: number,
  to: number,
  columns?: readonly number[],
): Uint8Array {
  const cells = columns === undefined ? rows.cells : columns.flatMap((column) => rows.cells[column] ?? []);
  const count = Math.max(0, to - from);
  const writer = new ByteWriter(16 + count * 48);
  writer.u8(TAG.array);
  writeLength(writer, count);
  for (let i = from; i < to; i++) {
    writer.u8(TAG.structure).u8(cells.length);
    for (const cell of cells) cell(i, writer);
  }
  return writer.done();
}

/** First and last+1 row whose stamp lies in [fromMs, toMs]; after a jump back there may be others between them. */
export function rowsInRange(rows: RowIndex, fromMs: number, toMs: number): { from: number; to: number } {
  let from = 0;
  while (from < rows.count && (rows.stamps[from] ?? 0) < fromMs) from++;
  let to = rows.count;
  while (to > from && (rows.stamps[to - 1] ?? 0) > toMs) to--;
  return { from, to };
}
