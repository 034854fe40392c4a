import { describe, expect, test } from 'bun:test';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import { decodeData, encodeData, writeData } from '../../../src/dlms/axdr.ts';
import type { AccessSelection, ClientCommand, CosemAttribute } from '../../../src/dlms/client.ts';
import {
  type CosemObject,
  createLogicalDevice,
  type DeviceAssociation,
  FULL_RIGHTS,
  readOnly,
} from '../../../src/dlms/cosem/object-model.ts';
import { type ProfileRowSource, readProfileBuffer } from '../../../src/dlms/cosem/profile-buffer.ts';
import { profileObject } from '../../../src/dlms/cosem/profile-object.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import { encodeDateTime, fromUtcMs } from '../../../src/dlms/datetime.ts';
import {
  boolean,
  enumeration,
  octetString,
  octetText,
  scalerUnit,
  structure,
  u16,
  u32,
} from '../../../src/dlms/values.ts';
import { counterFrom, HDLC, KEYS, type Loopback, pair, WRAPPER } from './loopback.ts';

const START_MS = Date.UTC(2026, 10, 22);
const QUARTER_MS = 900_000;
const CLOCK = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2, dataIndex: 0 };
const ENERGY = { classId: 3, obis: '1.0.1.8.0.255', attribute: 2, dataIndex: 0 };
const STATUS = { classId: 1, obis: '0.0.96.10.1.255', attribute: 2, dataIndex: 0 };

/** 96 rows of one day, clock in UTC+1; cell = row number. */
function source(overrides: Partial<ProfileRowSource> = {}): ProfileRowSource {
  const timeAt = (row: number): number => START_MS + row * QUARTER_MS;
  return {
    columns: [CLOCK, STATUS, ENERGY],
    count: () => 96,
    timeAt,
    writeCells(writer, row, columns) {
      for (const column of columns) {
        const cells: DlmsData[] = [
          octetString(encodeDateTime(fromUtcMs(timeAt(row), -60))),
          enumeration(0),
          u32(row),
        ];
        writeData(writer, cells[column] ?? { type: 'null-data' });
      }
    },
    deviationMinutes: () => -60,
    ...overrides,
  };
}

function rows(selection: AccessSelection | undefined, from = source()): unknown {
  const response = readProfileBuffer(from, selection);
  if (response.data === undefined) return response.result;
  const buffer = decodeData(response.data);
  if (buffer.type !== 'array') throw new Error('no array');
  return buffer.elements.map((row) => {
    if (row.type !== 'structure') throw new Error('no structure');
    const last = row.elements.at(-1);
    return [row.elements.length, last?.type === 'double-long-unsigned' ? last.value : last?.type];
  });
}

const at = (hex: string): DlmsData => octetString(fromHex(hex));
const range = (from: DlmsData, to: DlmsData, columns?: (typeof CLOCK)[]): AccessSelection => ({
  by: 'range',
  restricting: CLOCK,
  from,
  to,
  ...(columns ? { columns } : {}),
});
const utc = (utcMs: number, deviation: number): DlmsData =>
  octetString(encodeDateTime(fromUtcMs(utcMs, deviation)));
const numbers = (first: number, end: number): [number, number][] =>
  Array.from({ length: end - first }, (_, i) => [3, first + i]);

describe('profile buffer', () => {
  test('whole', () => {
    expect(rows(undefined)).toEqual(numbers(0, 96));
  });

  test('by entry, counted from 1; 0 is the last', () => {
    const entry = (fromEntry: number, toEntry: number, fromColumn?: number, toColumn?: number) =>
      rows({
        by: 'entry',
        fromEntry,
        toEntry,
        ...(fromColumn === undefined ? {} : { fromColumn }),
        ...(toColumn === undefined ? {} : { toColumn }),
      });
    expect(entry(1, 1)).toEqual(numbers(0, 1));
    expect(entry(95, 0)).toEqual(numbers(94, 96));
    expect(entry(90, 1000)).toEqual(numbers(89, 96));
    expect(entry(97, 0)).toEqual([]);
    expect(entry(5, 4)).toEqual([]);
    expect(entry(0, 1)).toEqual(numbers(0, 1));
    expect(entry(1, 1, 2, 2)).toEqual([[1, 'enum']]);
    expect(entry(1, 1, 2, 0)).toEqual([[2, 0]]);
    expect(entry(1, 1, 3, 99)).toEqual([[1, 0]]);
    expect(entry(1, 1, 4, 0)).toBe('scope-of-access-violated');
  });

  test('by range, both ends included, whatever deviation the ends are in', () => {
    const from = START_MS + 4 * QUARTER_MS;
    const to = START_MS + 8 * QUARTER_MS;
    for (const deviation of [-60, 0, 330]) {
      expect(rows(range(utc(from, deviation), utc(to, deviation)))).toEqual(numbers(4, 9));
    }
    expect(rows(range(utc(from + 10, 0), utc(to - 10, 0)))).toEqual(numbers(5, 8));
    expect(rows(range(utc(to, 0), utc(from, 0)))).toEqual([]);
    expect(rows(range({ type: 'date-time', value: encodeDateTime(fromUtcMs(from, 0)) }, utc(to, 0)))).toEqual(
      numbers(4, 9),
    );
  });

  test('an end without a deviation is in the time of the clock', () => {
    // 01:00 and 02:00 in UTC+1
    expect(rows(range(at('07ea0b16ff010000008000ff'), at('07ea0b16ff02000000 8000ff')))).toEqual(
      numbers(0, 5),
    );
  });

  test('what an end leaves open widens the range', () => {
    const day = at('07ea0b16ffffffffff8000ff');
    // 22 November in UTC+1 ends with the row of 22:45 UTC
    expect(rows(range(day, day))).toEqual(numbers(0, 92));
    expect(rows(range(at('ffffffffffffffffff8000ff'), at('ffffffffffffffffff8000ff')))).toEqual(
      numbers(0, 96),
    );
    expect(rows(range(at('07ea0bffffffffffff8000ff'), at('07ea0bffffffffffff8000ff')))).toEqual(
      numbers(0, 96),
    );
    expect(rows(range({ type: 'date', value: fromHex('07ea0b16ff') }, at('07eaffffff')))).toEqual(
      numbers(0, 96),
    );
    expect(rows(range(at('07ea0b16ff0200ffff8000ff'), at('07ea0b16ff0200ffff8000ff')))).toEqual(
      numbers(4, 5),
    );
  });

  test('columns by name, in the order asked for', () => {
    expect(rows(range(utc(START_MS, 0), utc(START_MS, 0), [STATUS, ENERGY]))).toEqual([[2, 0]]);
    expect(rows(range(utc(START_MS, 0), utc(START_MS, 0), [ENERGY, STATUS]))).toEqual([[2, 'enum']]);
    expect(rows(range(utc(START_MS, 0), utc(START_MS, 0), [{ ...ENERGY, dataIndex: 1 }]))).toBe(
      'scope-of-access-violated',
    );
  });

  test('what cannot be a time or the clock', () => {
    const good = utc(START_MS, 0);
    expect(rows(range(u32(5), good))).toBe('type-unmatched');
    expect(rows(range(good, octetString(new Uint8Array(3))))).toBe('type-unmatched');
    expect(rows(range(at('07ea0dffffffffffff8000ff'), good))).toBe('type-unmatched');
    expect(rows({ by: 'range', restricting: ENERGY, from: good, to: good })).toBe('scope-of-access-violated');
    const other = { ...CLOCK, obis: '0.0.1.0.1.255' };
    expect(rows({ by: 'range', restricting: other, from: good, to: good })).toBe('scope-of-access-violated');
  });

  test('rows of a clock that was set back are judged one by one', () => {
    const times = [0, 1, 2, 1, 2, 3].map((quarter) => START_MS + quarter * QUARTER_MS);
    const jumped = source({ count: () => times.length, timeAt: (row) => times[row] ?? 0 });
    expect(rows(range(utc(START_MS + QUARTER_MS, 0), utc(START_MS + QUARTER_MS, 0)), jumped)).toEqual([
      [3, 1],
      [3, 3],
    ]);
  });

  test('a source that knows its rows is not asked about each', () => {
    const quick = source({
      timeAt: () => {
        throw new Error('asked');
      },
      rowsBetween: () => ({ first: 10, end: 12 }),
      writeCells: (writer, row) => {
        writeData(writer, u32(row));
      },
    });
    const response = readProfileBuffer(quick, range(utc(START_MS, 0), utc(START_MS, 0), [ENERGY]));
    expect(toHex(response.data ?? new Uint8Array(0))).toBe('01020201060000000a0201060000000b');
  });
});

/** A meter with a register, a relay, a clock that can be set, and a profile. */
function meter(associations: readonly DeviceAssociation[]) {
  const state = { connected: true, clock: encodeDateTime(fromUtcMs(START_MS, -60)) };
  const objects: CosemObject[] = [
    {
      classId: 3,
      version: 0,
      obis: '1.0.1.8.0.255',
      attributes: { 2: { get: () => u32(123_456) }, 3: { get: () => scalerUnit(0, 30) } },
    },
    {
      classId: 8,
      version: 0,
      obis: '0.0.1.0.0.255',
      attributes: {
        2: {
          get: () => octetString(state.clock),
          set: (value) => {
            if (value.type !== 'octet-string' || value.value.length !== 12) return 'type-unmatched';
            state.clock = value.value;
            return 'success';
          },
        },
      },
    },
    {
      classId: 70,
      version: 0,
      obis: '0.0.96.3.10.255',
      attributes: { 2: { get: () => boolean(state.connected) } },
      methods: {
        1: () => {
          state.connected = false;
          return 'success';
        },
        2: () => ({ result: 'success', data: encodeData(u16(7)) }),
      },
    },
    { classId: 1, version: 0, obis: '0.0.96.1.0.255', attributes: { 2: { set: () => 'success' } } },
    profileObject({ obis: '1.0.99.1.0.255', source: source(), capturePeriodS: 900, profileEntries: 1920 }),
  ];
  const device = createLogicalDevice({
    address: 1,
    systemTitle: KEYS.serverTitle,
    name: 'ODC0000000000001',
    objects,
    associations,
    nextInvocationCounter: counterFrom(1),
    acceptInvocationCounter: () => true,
  });
  return { device, state };
}

const FULL: DeviceAssociation = {
  clientAddress: 1,
  auth: 'hls-gmac',
  policy: 'auth-enc',
  ...KEYS,
  rights: FULL_RIGHTS,
};
const READER: DeviceAssociation = {
  clientAddress: 1,
  auth: 'none',
  policy: 'none',
  rights: readOnly(({ classId }) => classId === 8),
};

function opened(
  association: DeviceAssociation,
  link = WRAPPER,
): { line: Loopback; state: { connected: boolean } } {
  const { device, state } = meter([association]);
  const { auth, policy } = association;
  const line = pair({ link, auth, policy, devices: [device] });
  expect(line.last({ type: 'open' }).type).toBe('opened');
  return { line, state };
}

function read(line: Loopback, classId: number, obis: string, attribute: number, selection?: AccessSelection) {
  const event = line.last({
    type: 'get',
    attribute: { classId, obis, attribute },
    ...(selection ? { selection } : {}),
  });
  if (event.type !== 'get-result') throw new Error(event.type);
  const [result] = event.results;
  return result?.ok ? decodeData(result.data) : result?.result;
}

function ends(line: Loopback, command: ClientCommand): string {
  const event = line.last(command);
  if (event.type !== 'set-result' && event.type !== 'action-result') throw new Error(event.type);
  return event.result;
}

const object = (classId: number, obis: string, attribute: number): CosemAttribute => ({
  classId,
  obis,
  attribute,
});

describe('logical device', () => {
  for (const link of [WRAPPER, HDLC]) {
    test(`reads, writes and acts over ${link.framing}`, () => {
      const { line, state } = opened(FULL, link);
      expect(read(line, 3, '1.0.1.8.0.255', 1)).toEqual(octetString(fromHex('0100010800ff')));
      expect(read(line, 3, '1.0.1.8.0.255', 2)).toEqual(u32(123_456));
      expect(read(line, 3, '1.0.1.8.0.255', 3)).toEqual(scalerUnit(0, 30));
      const clock = object(8, '0.0.1.0.0.255', 2);
      const value = octetString(encodeDateTime(fromUtcMs(START_MS + 5000, 0)));
      expect(ends(line, { type: 'set', attribute: clock, value })).toBe('success');
      expect(read(line, 8, '0.0.1.0.0.255', 2)).toEqual(value);
      expect(ends(line, { type: 'set', attribute: clock, value: octetString(new Uint8Array(3)) })).toBe(
        'type-unmatched',
      );
      expect(ends(line, { type: 'set', attribute: clock, value: u32(1) })).toBe('type-unmatched');
      expect(ends(line, { type: 'action', method: object(70, '0.0.96.3.10.255', 1) })).toBe('success');
      expect(state.connected).toBe(false);
      expect(line.last({ type: 'action', method: object(70, '0.0.96.3.10.255', 2) })).toEqual({
        type: 'action-result',
        result: 'success',
        data: encodeData(u16(7)),
      });
      const one = range(utc(START_MS, 0), utc(START_MS + QUARTER_MS, 0));
      expect(read(line, 7, '1.0.99.1.0.255', 2, one)).toMatchObject({ elements: { length: 2 } });
      expect(read(line, 7, '1.0.99.1.0.255', 2)).toMatchObject({ elements: { length: 96 } });
      expect(read(line, 7, '1.0.99.1.0.255', 7)).toEqual(u32(96));
      expect(read(line, 7, '1.0.99.1.0.255', 3)).toMatchObject({ elements: { length: 3 } });
    });
  }

  test('what is not there, of another class, or not allowed', () => {
    const { line } = opened(FULL);
    expect(read(line, 3, '1.0.9.8.0.255', 2)).toBe('object-undefined');
    expect(read(line, 1, '1.0.1.8.0.255', 2)).toBe('object-class-inconsistent');
    expect(read(line, 3, '1.0.1.8.0.255', 9)).toBe('object-undefined');
    expect(read(line, 3, '1.0.1.8.0.255', 2, { by: 'entry', fromEntry: 1, toEntry: 0 })).toBe(
      'scope-of-access-violated',
    );
    expect(read(line, 1, '0.0.96.1.0.255', 2)).toBe('read-write-denied');
    const value = u32(1);
    for (const attribute of [1, 2]) {
      expect(ends(line, { type: 'set', attribute: object(3, '1.0.1.8.0.255', attribute), value })).toBe(
        'read-write-denied',
      );
    }
    expect(ends(line, { type: 'action', method: object(3, '1.0.1.8.0.255', 1) })).toBe('object-undefined');
  });

  test('a reader sees what it was granted, and nothing else exists for it', () => {
    const { line } = opened(READER);
    expect(read(line, 8, '0.0.1.0.0.255', 2)).toMatchObject({ type: 'octet-string' });
    expect(read(line, 3, '1.0.1.8.0.255', 2)).toBe('object-undefined');
    expect(ends(line, { type: 'set', attribute: object(8, '0.0.1.0.0.255', 2), value: u32(1) })).toBe(
      'read-write-denied',
    );
    expect(ends(line, { type: 'action', method: object(70, '0.0.96.3.10.255', 1) })).toBe('object-undefined');
    const list = read(line, 15, '0.0.40.0.0.255', 2);
    expect(list).toMatchObject({ type: 'array', elements: { length: 4 } });
  });

  test('the association describes itself and hides its secret', () => {
    const { line } = opened(FULL);
    expect(read(line, 1, '0.0.42.0.0.255', 2)).toEqual(octetText('ODC0000000000001'));
    expect(read(line, 17, '0.0.41.0.0.255', 2)).toEqual({
      type: 'array',
      elements: [structure(u16(1), octetText('ODC0000000000001'))],
    });
    const current = (attribute: number) => read(line, 15, '0.0.40.0.0.255', attribute);
    expect(current(3)).toEqual(structure({ type: 'integer', value: 1 }, u16(1)));
    expect(current(4)).toEqual(octetString(fromHex('60857405080103')));
    expect(current(5)).toMatchObject({
      elements: [
        { bits: 24 },
        { value: 1024 },
        { value: 1024 },
        { value: 6 },
        { value: 0 },
        { type: 'octet-string' },
      ],
    });
    expect(current(6)).toEqual(octetString(fromHex('60857405080205')));
    expect(current(7)).toBe('read-write-denied');
    expect(current(8)).toEqual(enumeration(2));
    expect(current(9)).toEqual(octetString(new Uint8Array(6)));
    expect(ends(line, { type: 'action', method: object(15, '0.0.40.0.0.255', 1) })).not.toBe('success');
    const list = current(2);
    if (typeof list === 'string' || list?.type !== 'array') throw new Error('no list');
    expect(list.elements.length).toBe(8);
    const profile = list.elements.find(
      (element) => element.type === 'structure' && JSON.stringify(element.elements[0]).includes(':7}'),
    );
    // buffer: read only, selectors 1 and 2; no methods
    expect(toHex(encodeData(profile ?? { type: 'null-data' }))).toStartWith(
      '020412000711010906' + '0100630100ff' + '0202' + '0108' + '02030f01160100' + '02030f02160101020f010f02',
    );
    expect(JSON.stringify(list)).not.toContain(JSON.stringify([...KEYS.password]));
  });
});
