import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { DcuError } from '../../src/base/errors.ts';
import type { Interval } from '../../src/base/model.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import { encodeDateTime, fromUtcMs } from '../../src/dlms/datetime.ts';
import { array, NULL_DATA, octetString, structure, u8, u16, u32, u64 } from '../../src/dlms/values.ts';
import { decodeProfile } from '../../src/kernels/index.ts';
import { columnsOf, type ProfileLayout } from '../../src/meters/layout.ts';
import {
  coveredBy,
  decodeFailure,
  hintsOf,
  orderOf,
  type PlacedRows,
  placeRows,
  type RowClock,
  toEvents,
} from '../../src/meters/rows.ts';

const NOON = Date.parse('2026-06-10T12:00:00Z');
const PERIOD_MS = 900_000;

const OBJECTS = [
  { classId: 1, obis: '0.0.96.11.0.255', attribute: 2, dataIndex: 0 },
  { classId: 8, obis: '0.0.1.0.0.255', attribute: 2, dataIndex: 0 },
  { classId: 3, obis: '1.0.1.8.0.255', attribute: 2, dataIndex: 0 },
  { classId: 3, obis: '1.0.2.8.0.255', attribute: 2, dataIndex: 0 },
  { classId: 1, obis: '0.0.96.1.0.255', attribute: 2, dataIndex: 0 },
];
const layout: ProfileLayout = {
  obis: '1.0.99.1.0.255',
  objects: OBJECTS,
  clockIndex: 1,
  columns: columnsOf(OBJECTS, 1, new Map([['3:1.0.1.8.0.255', { scaler: -1, unit: 30 }]])),
  capturePeriodS: 900,
};

const at = (utcMs: number, deviationMinutes = 0): DlmsData =>
  octetString(encodeDateTime(fromUtcMs(utcMs, deviationMinutes)));
const ROW = (time: DlmsData, energy: DlmsData = u32(100)): DlmsData =>
  structure(u8(1), time, energy, u64(2n ** 63n + 1n), octetString(Uint8Array.of(1, 2, 3)));

function place(
  rows: readonly DlmsData[],
  deviationMinutes = 0,
  cut = 0,
  more: Partial<RowClock> = {},
): PlacedRows & { readonly failure: DcuError | undefined } {
  const whole = encodeData(array(rows));
  const buffer = whole.subarray(0, whole.length - cut);
  const decoded = decodeProfile(buffer, hintsOf(layout));
  return {
    ...placeRows(layout, buffer, decoded, { deviationMinutes, ...more }),
    failure: decodeFailure(layout, decoded),
  };
}

describe('rows of a profile', () => {
  test('keep the order of columns, exact integers and octets; the clock stands apart', () => {
    const { rows, failure, dropped } = place([ROW(at(NOON, -120)), ROW(at(NOON + PERIOD_MS), u32(101))]);
    expect(failure).toBeUndefined();
    expect(dropped).toBe(0);
    expect([...rows.times]).toEqual([NOON, NOON + PERIOD_MS]);
    expect([...rows.clockStatus]).toEqual([0, 0]);
    expect(rows.columns.map(({ obis, scaler, unit }) => [obis, scaler, unit])).toEqual([
      ['0.0.96.11.0.255', null, null],
      ['1.0.1.8.0.255', -1, 30],
      ['1.0.2.8.0.255', null, null],
      ['0.0.96.1.0.255', null, null],
    ]);
    expect(rows.values).toEqual([
      { kind: 'number', values: Float64Array.of(1, 1) },
      { kind: 'number', values: Float64Array.of(100, 101) },
      { kind: 'bigint', values: [2n ** 63n + 1n, 2n ** 63n + 1n] },
      { kind: 'bytes', values: [Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)] },
    ]);
  });

  test('null-data means one period later, or the value of the row before', () => {
    const nulls = structure(NULL_DATA, NULL_DATA, NULL_DATA, NULL_DATA, NULL_DATA);
    const { rows } = place([ROW(at(NOON)), nulls, nulls]);
    expect([...rows.times]).toEqual([NOON, NOON + PERIOD_MS, NOON + 2 * PERIOD_MS]);
    expect(rows.values[1]).toEqual({ kind: 'number', values: Float64Array.of(100, 100, 100) });
    expect(rows.values[2]?.values[2]).toBe(2n ** 63n + 1n);
    expect(rows.values[3]?.values[2]).toEqual(Uint8Array.of(1, 2, 3));
  });

  test('a null before any value stays no value; a row without a time is dropped and counted', () => {
    const { rows, dropped } = place([
      ROW(NULL_DATA, NULL_DATA),
      ROW(at(NOON), NULL_DATA),
      ROW(at(NOON + PERIOD_MS)),
    ]);
    expect(dropped).toBe(1);
    expect([...rows.times]).toEqual([NOON, NOON + PERIOD_MS]);
    expect([...(rows.values[1]?.values ?? [])]).toEqual([Number.NaN, 100]);
  });

  test('a time without deviation is in the deviation of the clock', () => {
    const { deviationMinutes: _, ...local } = fromUtcMs(NOON, -180);
    const { rows } = place([ROW(octetString(encodeDateTime(local)))], -180);
    expect([...rows.times]).toEqual([NOON]);
  });

  test('without deviation, the hour that comes twice is told by the daylight saving bit', () => {
    // Riga, 25 October 2026: 03:30 comes at 00:30 UTC in summer time and at 01:30 UTC in winter time.
    const local = { year: 2026, month: 10, day: 25, hour: 3, minute: 30, second: 0, hundredths: 0 };
    const row = (status: number): DlmsData => ROW(octetString(encodeDateTime({ ...local, status })));
    const times = (summer: boolean, deviation: number): string[] =>
      [...place([row(0x80), row(0)], deviation, 0, { summer }).rows.times].map((ms) =>
        new Date(ms).toISOString(),
      );
    const both = ['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z'];
    expect(times(false, -120)).toEqual(both);
    expect(times(true, -180)).toEqual(both);
  });

  test('of a time that has not been are dropped and counted', () => {
    const { rows, dropped } = place([ROW(at(NOON)), ROW(at(Date.UTC(2099, 0, 1)))], 0, 0, { latestMs: NOON });
    expect([...rows.times]).toEqual([NOON]);
    expect(dropped).toBe(1);
  });

  test('the status of the clock is kept', () => {
    const changed = octetString(encodeDateTime({ ...fromUtcMs(NOON, 0), status: 0x82 }));
    expect([...place([ROW(changed)]).rows.clockStatus]).toEqual([0x82]);
  });

  test('a value of another type than its class says is named', () => {
    const text = expectError(() => place([ROW(at(NOON), octetString(Uint8Array.of(1)))]));
    expect(text.code).toBe('type-mismatch');
    expect(text.message).toContain('1.0.1.8.0.255');
    expect(text.message).toContain('octet-string');
    expect(expectError(() => place([ROW(u32(5))])).message).toContain('date-time');
  });

  test('a type that changes from row to row keeps the rows before', () => {
    const { rows, failure } = place([ROW(at(NOON)), ROW(at(NOON + PERIOD_MS), u16(7))]);
    expect(rows.times).toHaveLength(1);
    expect(failure).toMatchObject({ code: 'type-mismatch', facts: { row: 2, obis: '1.0.1.8.0.255' } });
  });

  test('a buffer cut anywhere keeps its whole rows', () => {
    const all = [0, 1, 2, 3].map((row) => ROW(at(NOON + row * PERIOD_MS)));
    const length = encodeData(array(all)).length;
    for (let cut = 1; cut < length; cut++) {
      const { rows, failure } = place(all, 0, cut);
      expect(failure?.code).toBe('truncated');
      expect(rows.times.length).toBeLessThan(4);
    }
  });

  test('what is no profile is an error with its offset', () => {
    const buffer = encodeData(u32(1));
    const decoded = decodeProfile(buffer, hintsOf(layout));
    expect(decodeFailure(layout, decoded)).toMatchObject({ code: 'axdr-invalid', offset: 0 });
  });
});

test('events: code, time and the rest as text; an implied code where none is captured', () => {
  const { rows } = place([ROW(at(NOON))]);
  expect(toEvents(rows, 0)).toEqual([
    {
      time: NOON,
      code: 1,
      clockStatus: 0,
      extra: {
        '3:1.0.1.8.0.255:2': '100',
        '3:1.0.2.8.0.255:2': '9223372036854775809',
        '1:0.0.96.1.0.255:2': '010203',
      },
    },
  ]);
  const failures = { ...rows, columns: rows.columns.slice(1), values: rows.values.slice(1) };
  expect(toEvents(failures, 2)[0]?.code).toBe(2);
});

describe('what a transfer settles', () => {
  const asked: Interval = { fromMs: NOON, toMs: NOON + 86_400_000 };
  const late = asked.toMs + 3_600_000;
  const times = (...minutes: number[]): Float64Array =>
    Float64Array.from(minutes, (minute) => NOON + minute * 60_000);

  test('finished: all that was asked, also without rows, but nothing the meter may still write', () => {
    const whole = { writtenMs: late, alone: true, finished: true };
    expect(coveredBy(asked, times(), whole)).toEqual(asked);
    expect(coveredBy(asked, times(15, 30), { ...whole, writtenMs: NOON + 20 * 60_000 })).toEqual({
      fromMs: NOON,
      toMs: NOON + 30 * 60_000 + 1000,
    });
    expect(coveredBy(asked, times(), { ...whole, writtenMs: NOON - 1 })).toBeUndefined();
    expect(coveredBy(asked, times(10), { writtenMs: NOON + 60_000, alone: false, finished: true })).toEqual({
      fromMs: NOON,
      toMs: NOON + 60_000,
    });
  });

  test('broken: up to the last row, from the side that is complete', () => {
    const broken = { writtenMs: late, alone: true, finished: false };
    expect(coveredBy(asked, times(15, 30, 45), broken)).toEqual({
      fromMs: NOON,
      toMs: NOON + 45 * 60_000 + 1000,
    });
    expect(coveredBy(asked, times(15, 30), { ...broken, alone: false })).toEqual({
      fromMs: NOON,
      toMs: NOON + 30 * 60_000,
    });
    expect(coveredBy(asked, times(45, 30), broken)).toEqual({ fromMs: NOON + 30 * 60_000, toMs: asked.toMs });
    expect(coveredBy(asked, times(15), broken)).toBeUndefined();
    expect(coveredBy(asked, times(15, 45, 30), broken)).toBeUndefined();
    expect(coveredBy(asked, times(-15, 0, 15), broken)).toBeUndefined();
  });

  test('never more than was asked, never past what was written or came', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -60, max: 2000 }), { maxLength: 8 }),
        fc.integer({ min: -60, max: 2000 }),
        fc.boolean(),
        fc.boolean(),
        (minutes, written, alone, finished) => {
          const rows = times(...minutes);
          const writtenMs = NOON + written * 60_000;
          const covered = coveredBy(asked, rows, { writtenMs, alone, finished });
          if (covered === undefined) return;
          expect(covered.fromMs).toBeGreaterThanOrEqual(asked.fromMs);
          expect(covered.toMs).toBeLessThanOrEqual(asked.toMs);
          expect(covered.toMs).toBeGreaterThan(covered.fromMs);
          expect(covered.toMs).toBeLessThanOrEqual(Math.max(writtenMs, ...rows) + 1000);
        },
      ),
    );
  });

  test('order', () => {
    expect(orderOf(times(1, 1, 2))).toBe('ascending');
    expect(orderOf(times(2, 1))).toBe('descending');
    expect(orderOf(times(1, 1))).toBeUndefined();
    expect(orderOf(times(1, 3, 2))).toBeUndefined();
  });
});

function expectError(run: () => unknown): DcuError {
  try {
    run();
  } catch (error) {
    if (error instanceof DcuError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
