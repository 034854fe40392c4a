import { describe, expect, test } from 'bun:test';
import { ByteWriter } from '../../src/base/bytes.ts';
import type { ColumnValues, MeterEvent } from '../../src/base/model.ts';
import { decodeData } from '../../src/dlms/axdr.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import { decodeDateTime, toUtcMs } from '../../src/dlms/datetime.ts';
import { cellWriter } from '../../src/headend/cells.ts';
import { cachedLogs } from '../../src/headend/meter-contents.ts';
import { eventTable } from '../../src/headend/meter-logs.ts';
import { registerObjects } from '../../src/headend/meter-registers.ts';
import { meterIdOf, sapOf } from '../../src/headend/meter-saps.ts';
import { ZoneTimes } from '../../src/headend/zone-times.ts';
import { BUILT_IN_PROFILES } from '../../src/meters/profiles/index.ts';

const cells = (column: ColumnValues): DlmsData[] => {
  const write = cellWriter(column);
  return Array.from({ length: column.values.length }, (_, row) => {
    const writer = new ByteWriter();
    write(writer, row);
    return decodeData(writer.done());
  });
};
const numbers = (...values: number[]): DlmsData[] =>
  cells({ kind: 'number', values: Float64Array.from(values) });

describe('cells', () => {
  test('a column has the narrowest of the wide types that holds all of it', () => {
    expect(numbers(0, 2 ** 32 - 1)).toEqual([
      { type: 'double-long-unsigned', value: 0 },
      { type: 'double-long-unsigned', value: 2 ** 32 - 1 },
    ]);
    expect(numbers(5, 2 ** 32)).toEqual([
      { type: 'long64-unsigned', value: 5n },
      { type: 'long64-unsigned', value: 2n ** 32n },
    ]);
    expect(numbers(-(2 ** 31), 2 ** 31 - 1)).toEqual([
      { type: 'double-long', value: -(2 ** 31) },
      { type: 'double-long', value: 2 ** 31 - 1 },
    ]);
    expect(numbers(-1, 2 ** 31)).toEqual([
      { type: 'long64', value: -1n },
      { type: 'long64', value: 2n ** 31n },
    ]);
    expect(numbers(0.5, 1)).toEqual([
      { type: 'float64', value: 0.5 },
      { type: 'float64', value: 1 },
    ]);
  });

  test('what there was none of is null-data, and 64 bits are exact', () => {
    expect(numbers(Number.NaN, 7)).toEqual([
      { type: 'null-data' },
      { type: 'double-long-unsigned', value: 7 },
    ]);
    const most = 2n ** 64n - 1n;
    expect(cells({ kind: 'bigint', values: [most, undefined] })).toEqual([
      { type: 'long64-unsigned', value: most },
      { type: 'null-data' },
    ]);
    expect(cells({ kind: 'bigint', values: [-(2n ** 63n)] })).toEqual([
      { type: 'long64', value: -(2n ** 63n) },
    ]);
    expect(cells({ kind: 'bytes', values: [Uint8Array.of(1, 2), undefined] })).toEqual([
      { type: 'octet-string', value: Uint8Array.of(1, 2) },
      { type: 'null-data' },
    ]);
  });
});

test('times have the deviation that the zone has then, also on the day of the change', () => {
  const times = new ZoneTimes('Europe/Riga');
  // 29 March 2026, 03:00 local time becomes 04:00.
  const change = Date.UTC(2026, 2, 29, 1);
  for (const [utcMs, deviation, hour] of [
    [change - 1000, -120, 2],
    [change, -180, 4],
    [change + 40 * 3_600_000, -180, 20],
    [change - 40 * 3_600_000, -120, 11],
  ] as const) {
    const time = decodeDateTime(times.bytes(utcMs, 0x80));
    expect(time).toMatchObject({ deviationMinutes: deviation, hour, status: 0x80 });
    expect(toUtcMs(time)).toBe(utcMs);
  }
  const noon = { year: 2026, month: 7, day: 1, hour: 12, minute: 0 };
  expect(times.deviationOf(noon)).toBe(-180);
  expect(times.deviationOf({ ...noon, month: 1 })).toBe(-120);
});

test('logical devices and meters name each other', () => {
  expect(sapOf(1)).toBe(16);
  expect(meterIdOf(16)).toBe(1);
  expect(sapOf(65_520)).toBe(65_535);
  expect(sapOf(65_521)).toBeUndefined();
  expect([1, 2, 15].map(meterIdOf)).toEqual([undefined, undefined, undefined]);
});

describe('logs', () => {
  const event = (time: number, extra: MeterEvent['extra']): MeterEvent => ({
    time,
    code: 7,
    clockStatus: 0xff,
    extra,
  });

  test('what else was captured is a column behind the code, null where an event has none of it', () => {
    const events = [
      event(1000, { '3:1.0.32.7.0.255:2': '2301' }),
      event(2000, { '1:0.0.96.1.0.255:2': '0a0b' }),
    ];
    const table = eventTable(events, {
      obis: '0.0.99.98.0.255',
      impliedCode: 0,
      codeObis: '0.0.96.11.0.255',
    });
    expect(table.columns.map(({ classId, obis }) => `${classId}:${obis}`)).toEqual([
      '1:0.0.96.11.0.255',
      '1:0.0.96.1.0.255',
      '3:1.0.32.7.0.255',
    ]);
    const rows = [0, 1].map((row) =>
      table.cells.map((write) => {
        const writer = new ByteWriter();
        write(writer, row);
        return decodeData(writer.done());
      }),
    );
    const seven = { type: 'double-long-unsigned' as const, value: 7 };
    expect(rows).toEqual([
      [seven, { type: 'null-data' }, { type: 'double-long-unsigned', value: 2301 }],
      [seven, { type: 'octet-string', value: Uint8Array.of(0x0a, 0x0b) }, { type: 'null-data' }],
    ]);
  });

  test('every built-in profile serves each log object once, and none that hides another', () => {
    for (const profile of BUILT_IN_PROFILES.all()) {
      const names = cachedLogs(profile).map(({ object }) => object.obis);
      expect(new Set(names).size).toBe(names.length);
      for (const { log } of cachedLogs(profile)) expect(profile.logs[log]).toHaveLength(1);
    }
    expect(cachedLogs(BUILT_IN_PROFILES.get('generic'))).toHaveLength(6);
  });
});

test('a register is what was read of it, its scaler also where only a profile has said it', () => {
  const reading = {
    meterId: 1,
    classId: 3,
    obis: '1.0.1.8.0.255',
    attribute: 2,
    time: 0,
    type: 'long64-unsigned',
    value: '18446744073709551615',
    scaler: -1,
    unit: 30,
  };
  const column = { classId: 3, obis: '1.0.2.8.0.255', attribute: 2, dataIndex: 0, scaler: 0, unit: 30 };
  const clock = { ...reading, classId: 8, obis: '0.0.1.0.0.255' };
  const list = { ...reading, classId: 1, obis: '0.0.96.1.5.255', type: 'array', value: '["1"]' };
  const objects = new Map(registerObjects([reading, clock, list], [column]).map((one) => [one.obis, one]));
  const caller = { clientAddress: 1, auth: 'none', peer: { clientAddress: 1, serverAddress: 1 } } as const;
  const value = (obis: string, index: number) => objects.get(obis)?.attributes[index]?.get?.({ caller });
  expect(value('1.0.1.8.0.255', 2)).toEqual({ type: 'long64-unsigned', value: 2n ** 64n - 1n });
  expect(value('1.0.2.8.0.255', 2)).toBeUndefined();
  expect(value('1.0.2.8.0.255', 3)).toEqual({
    type: 'structure',
    elements: [
      { type: 'integer', value: 0 },
      { type: 'enum', value: 30 },
    ],
  });
  expect(objects.has('0.0.1.0.0.255')).toBe(false);
  expect(value('0.0.96.1.5.255', 2)).toBeUndefined();
});
