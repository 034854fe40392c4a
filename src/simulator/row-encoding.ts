import { ByteWriter } from '../base/bytes.ts';
import { DATA_TAGS } from '../dlms/axdr-types.ts';
import type { CaptureObject } from '../dlms/client.ts';
import type { ProfileRowSource } from '../dlms/cosem/profile-buffer.ts';
import { CLOCK_STATUS, dateOfEpochDay, toUtcMs } from '../dlms/datetime.ts';
import { DAY_MS, daylightSavingActive, MINUTE_MS, offsetMinutesAt, type TimeZone } from './calendar.ts';

/** A-XDR tags of what cells are made of. */
const TAG = {
  u32: DATA_TAGS['double-long-unsigned'],
  octets: DATA_TAGS['octet-string'],
  u8: DATA_TAGS.unsigned,
} as const;

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

export const NO_ROWS: RowIndex = {
  count: 0,
  stamps: new Float64Array(0),
  times: new Float64Array(0),
  cells: [],
};

/** Rows for a profile object. They are looked up anew with each `count`, so that one request sees one state. */
export function rowSource(
  columns: readonly CaptureObject[],
  zone: TimeZone,
  lookUp: () => RowIndex,
): ProfileRowSource {
  let rows = NO_ROWS;
  return {
    columns,
    count: () => {
      rows = lookUp();
      return rows.count;
    },
    timeAt: (row) => rows.stamps[row] ?? Number.NaN,
    writeCells: (writer, row, wanted) => {
      for (const column of wanted) rows.cells[column]?.(row, writer);
    },
    deviationMinutes: (local) => -offsetMinutesAt(zone, toUtcMs(local, -zone.utcOffsetMinutes) ?? 0),
  };
}
