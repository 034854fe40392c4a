import type { CaptureColumn, ProfileRows } from '../../base/model.ts';

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
export const ROWS_A_DAY = 96;

const COLUMNS: readonly CaptureColumn[] = [
  '1.0.1.8.0.255',
  '1.0.2.8.0.255',
  '1.0.3.8.0.255',
  '1.0.4.8.0.255',
].map((obis) => ({ classId: 3, obis, attribute: 2, dataIndex: 0, scaler: 0, unit: 30 }));

/** The beginning of the UTC day that `nowMs` is in: rows end there. */
export const endOfRows = (nowMs: number): number => Math.floor(nowMs / DAY_MS) * DAY_MS;

/** Quarter hours since a time not long ago, so that registers stay within 32 bits. */
const FIRST_QUARTER = Date.UTC(2025, 0, 1) / QUARTER_MS;
const HASH = 2_654_435_761;

/** Value of a column of a meter at a quarter hour: a register that grows at a rate of its own, never by the same twice. */
export function valueAt(meter: number, column: number, timeMs: number): number {
  const quarters = timeMs / QUARTER_MS - FIRST_QUARTER;
  const rate = 40 + ((meter * 31 + column * 17) % 400);
  return meter * 1009 + quarters * rate + ((Math.imul(quarters + meter, HASH) >>> 0) % rate);
}

/** `days` of 15-minute rows before `endMs`, as if they had been read. */
export function storedRows(meter: number, days: number, endMs: number): ProfileRows {
  const count = days * ROWS_A_DAY;
  const times = Float64Array.from({ length: count }, (_, row) => endMs - (count - row) * QUARTER_MS);
  return {
    columns: COLUMNS,
    times,
    clockStatus: new Uint8Array(count),
    values: COLUMNS.map((_, column) => ({
      kind: 'number',
      values: times.map((time) => valueAt(meter, column, time)),
    })),
  };
}
