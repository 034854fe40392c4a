import { describe, expect, test } from 'bun:test';
import { decodeData, encodeData } from '../../../src/dlms/axdr.ts';
import { attributesOf, deviationsFrom, interfaceClass } from '../../../src/dlms/cosem/classes/index.ts';
import { pushBody } from '../../../src/dlms/cosem/push-body.ts';
import {
  createPushSetup,
  PUSH_SERVICE,
  type PushObject,
  pushValues,
} from '../../../src/dlms/cosem/push-setup-object.ts';
import { untilWindow, windowsOf } from '../../../src/dlms/cosem/push-window.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import { encodeDateTime, fromUtcMs, parseDateTime } from '../../../src/dlms/datetime.ts';
import {
  array,
  enumeration,
  i8,
  logicalName,
  octetString,
  octetText,
  structure,
  u8,
  u16,
  u32,
} from '../../../src/dlms/values.ts';

const OBIS = '0.0.25.9.0.255';
const OBJECTS = [
  { classId: 40, obis: OBIS, attribute: 2, dataIndex: 0 },
  { classId: 3, obis: '1.0.1.8.0.255', attribute: 2, dataIndex: 0 },
];
const SETTINGS = {
  objects: OBJECTS,
  service: PUSH_SERVICE.tcp,
  destination: '10.0.0.1:4059',
  randomisationS: 30,
  retries: 3,
  repetitionS: 60,
  confirmed: true,
};
const CALLER = { clientAddress: 1, auth: 'none', peer: { clientAddress: 1, serverAddress: 1 } } as const;

describe.each([0, 1, 2] as const)('push setup version %i', (version) => {
  const make = (push = () => 'success') => {
    let changes = 0;
    const setup = createPushSetup({
      obis: OBIS,
      version,
      values: pushValues(version, SETTINGS),
      push,
      changed: () => changes++,
    });
    return { setup, changes: () => changes };
  };
  const definition = interfaceClass(40);
  if (definition === undefined) throw new Error('class 40 is not described');

  test('serves every attribute that its version has, as its class says', () => {
    const { object } = make().setup;
    const described = attributesOf(definition, version);
    expect(Object.keys(object.attributes).map(Number)).toEqual(described.map(({ index }) => index));
    for (const { index, shape } of described) {
      const value = object.attributes[index]?.get?.({ caller: CALLER });
      if (value === undefined || !('type' in value)) throw new Error(`attribute ${index} has no value`);
      expect(deviationsFrom(shape, value)).toEqual([]);
      expect(decodeData(encodeData(value))).toEqual(value);
    }
  });

  test('says in words what it is set to', () => {
    expect(make().setup.settings()).toEqual({
      objects: OBJECTS.map((object) => ({ ...object, columns: [] })),
      service: 0,
      destination: '10.0.0.1:4059',
      windows: [],
      timing: {
        randomisationStartIntervalMs: 30_000,
        numberOfRetries: 3,
        repetitionDelay: { minMs: 60_000, ...(version === 2 ? { factor: 1 } : {}) },
        confirmed: version === 2,
      },
      clientSap: version === 0 ? undefined : 0,
    });
  });

  test('takes what fits and refuses what does not', () => {
    const { setup, changes } = make();
    expect(setup.object.attributes[6]?.set?.(u8(9), CALLER)).toBe('success');
    expect(setup.settings().timing.numberOfRetries).toBe(9);
    expect(setup.object.attributes[6]?.set?.(u16(9), CALLER)).toBe('type-unmatched');
    expect(setup.object.attributes[3]?.set?.(structure(enumeration(1), octetText('h:1')), CALLER)).toBe(
      'type-unmatched',
    );
    expect(changes()).toBe(1);
    if (version === 2) expect(setup.object.attributes[13]?.set).toBeUndefined();
  });

  test('pushes when its method is called', () => {
    let pushed = 0;
    const { object } = make(() => {
      pushed++;
      return 'success';
    }).setup;
    expect(object.methods?.[1]?.(i8(0), CALLER)).toBe('success');
    expect(object.methods?.[1]?.(u8(0), CALLER)).toBe('type-unmatched');
    expect(pushed).toBe(1);
    expect(Object.keys(object.methods ?? {})).toEqual(version === 2 ? ['1', '2'] : ['1']);
  });
});

test('version 2 remembers the last confirmation until it is reset; its delays grow', () => {
  const setup = createPushSetup({
    obis: OBIS,
    version: 2,
    values: pushValues(2, SETTINGS),
    push: () => 'success',
  });
  const last = () => setup.object.attributes[13]?.get?.({ caller: CALLER });
  const before = last();
  setup.confirmed(encodeDateTime(fromUtcMs(0, 0)));
  expect(last()).toEqual(octetString(encodeDateTime(fromUtcMs(0, 0))));
  expect(setup.object.methods?.[2]?.(i8(0), CALLER)).toBe('success');
  expect(last()).toEqual(before);
  expect(setup.object.attributes[7]?.set?.(structure(u16(10), u16(200), u16(600)), CALLER)).toBe('success');
  expect(setup.settings().timing.repetitionDelay).toEqual({ minMs: 10_000, factor: 2, maxMs: 600_000 });
});

test("an initial value that does not fit its class is the owner's fault", () => {
  expect(() =>
    createPushSetup({ obis: OBIS, version: 0, values: { 6: u16(1) }, push: () => 'success' }),
  ).toThrow('attribute 6');
});

test('restrictions and columns are understood', () => {
  const capture = [u16(7), logicalName('1.0.99.1.0.255'), i8(2), u16(0)];
  const clock = structure(u16(8), logicalName('0.0.1.0.0.255'), i8(2), u16(0));
  const [from, to] = [octetString(new Uint8Array(12)), octetString(new Uint8Array(12).fill(1))];
  const list = array([
    structure(...capture, structure(enumeration(2), structure(u32(1), u32(4))), array([])),
    structure(...capture, structure(enumeration(1), structure(from, to)), array([clock])),
    structure(...capture, structure(enumeration(0), { type: 'null-data' }), array([])),
  ]);
  const setup = createPushSetup({
    obis: OBIS,
    version: 2,
    values: { ...pushValues(2, SETTINGS), 2: list },
    push: () => 'success',
  });
  const [byEntry, byDate, free] = setup.settings().objects;
  expect(byEntry?.restriction).toEqual({ by: 'entry', from: 1, to: 4 });
  expect(byDate).toMatchObject({
    restriction: { by: 'date', from, to },
    columns: [{ classId: 8, obis: '0.0.1.0.0.255' }],
  });
  expect(free?.restriction).toBeUndefined();

  const asked: unknown[] = [];
  pushBody(setup.settings().objects, (attribute, selection) => {
    asked.push([attribute.obis, selection?.by]);
    return undefined;
  });
  expect(asked).toEqual([
    ['1.0.99.1.0.255', 'entry'],
    ['1.0.99.1.0.255', 'range'],
    ['1.0.99.1.0.255', undefined],
  ]);
});

describe('the body of a push', () => {
  const object = (dataIndex = 0): PushObject => ({
    classId: 3,
    obis: '1.0.1.8.0.255',
    attribute: 2,
    dataIndex,
    columns: [],
  });
  const body = (objects: readonly PushObject[], value: DlmsData | undefined): DlmsData =>
    decodeData(pushBody(objects, () => (value === undefined ? undefined : encodeData(value))));

  test('is a structure of the values, the only value itself, null-data where one is refused', () => {
    expect(body([object(), object()], u8(3))).toEqual(structure(u8(3), u8(3)));
    expect(body([object()], u8(3))).toEqual(u8(3));
    expect(body([object(), object()], undefined)).toEqual(
      structure({ type: 'null-data' }, { type: 'null-data' }),
    );
  });

  test('takes the element that the data index names', () => {
    expect(body([object(2)], structure(u8(1), u8(2)))).toEqual(u8(2));
    expect(body([object(3)], structure(u8(1), u8(2)))).toEqual({ type: 'null-data' });
    expect(body([object(1)], u8(1))).toEqual({ type: 'null-data' });
  });
});

describe('communication windows', () => {
  const window = (start: string, end: string) => ({ start: parse(start), end: parse(end) });
  /** `*` leaves a date out. */
  const parse = (text: string) => {
    const [date = '', time = ''] = text.split(' ');
    const full = parseDateTime(`${date === '*' ? '2026-01-01' : date}T${time}`);
    const { weekday: _, ...rest } = full;
    if (date !== '*') return rest;
    const { year: _y, month: _m, day: _d, ...hours } = rest;
    return hours;
  };
  const at = (text: string) => {
    const utcMs = Date.parse(`${text}Z`);
    return (aheadMs: number) => fromUtcMs(utcMs + aheadMs, 0);
  };
  const HOUR = 3_600_000;

  test.each([
    ['no window', [], '2026-11-23T12:00:00', 0],
    ['inside', [window('* 11:00', '* 13:00')], '2026-11-23T12:00:00', 0],
    ['before', [window('* 13:00', '* 14:00')], '2026-11-23T12:00:30', HOUR - 30_000],
    ['behind, so tomorrow', [window('* 10:00', '* 11:00')], '2026-11-23T12:00:00', 22 * HOUR],
    ['over midnight', [window('* 23:00', '* 01:00')], '2026-11-23T00:30:00', 0],
    ['over midnight, before', [window('* 23:00', '* 01:00')], '2026-11-23T12:00:00', 11 * HOUR],
    ['one day', [window('2026-11-24 00:00', '2026-11-24 12:00')], '2026-11-23T12:00:00', 12 * HOUR],
    [
      'the nearer of two',
      [window('* 20:00', '* 21:00'), window('* 14:00', '* 15:00')],
      '2026-11-23T12:00:00',
      2 * HOUR,
    ],
    ['never again', [window('2025-11-24 00:00', '2025-11-24 12:00')], '2026-11-23T12:00:00', undefined],
  ] as const)('%s', (_, windows, now, expected) => {
    expect(untilWindow(windows, at(now))).toBe(expected);
  });

  test('are read from the attribute, or not at all', () => {
    const bytes = octetString(encodeDateTime({ hour: 1, minute: 0 }));
    expect(windowsOf(array([structure(bytes, bytes)]))).toEqual([
      { start: { hour: 1, minute: 0 }, end: { hour: 1, minute: 0 } },
    ]);
    expect(windowsOf(array([]))).toEqual([]);
    for (const bad of [u8(1), array([u8(1)]), array([structure(bytes)]), array([structure(bytes, u8(1))])]) {
      expect(windowsOf(bad)).toBeUndefined();
    }
  });
});
