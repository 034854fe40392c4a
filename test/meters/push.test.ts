import { describe, expect, test } from 'bun:test';
import { concat } from '../../src/base/bytes.ts';
import type { RegisterReading } from '../../src/base/model.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { encodeDataNotification, encodeEventNotification } from '../../src/dlms/apdu/notification.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import { MessageSecurity } from '../../src/dlms/ciphering/message-security.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import { encodeDateTime, fromUtcMs } from '../../src/dlms/datetime.ts';
import { framePushed } from '../../src/dlms/link/push-route.ts';
import { openPushed } from '../../src/dlms/notifications.ts';
import {
  array,
  enumeration,
  i8,
  logicalName,
  NULL_DATA,
  octetString,
  octetText,
  structure,
  u8,
  u16,
  u32,
  u64,
} from '../../src/dlms/values.ts';
import { fusedRows } from '../../src/meters/push/fused.ts';
import type { PushedRowsOf } from '../../src/meters/push/layouts.ts';
import { inKind, type Placed, placeNotification } from '../../src/meters/push/placing.ts';

const TITLE = Uint8Array.fromHex('4f44430000000001');
const KEYS = {
  encryptionKey: Uint8Array.from({ length: 16 }, (_, i) => i),
  authenticationKey: Uint8Array.from({ length: 16 }, (_, i) => 0xd0 + i),
};
const NOW = Date.UTC(2026, 10, 23, 12);

const column = (classId: number, obis: string, scaler: number | null = null, unit: number | null = null) => ({
  classId,
  obis,
  attribute: 2,
  dataIndex: 0,
  scaler,
  unit,
});
const CLOCK = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2, dataIndex: 0 };
const layoutOf = (obis: string, ...columns: ReturnType<typeof column>[]) => ({
  obis,
  objects: [CLOCK, ...columns],
  clockIndex: 0,
  columns,
  capturePeriodS: 0,
});
const STATUS = column(1, '0.0.96.10.1.255');
const IMPORT = column(3, '1.0.1.8.0.255', 0, 30);
const EXPORT = column(3, '1.0.2.8.0.255', 0, 30);
const ENERGY: PushedRowsOf = { kind: 'energy', layout: layoutOf('1.0.99.1.0.255', STATUS, IMPORT, EXPORT) };
const DEMAND: PushedRowsOf = { kind: 'demand', layout: layoutOf('1.0.99.2.0.255', STATUS, IMPORT) };
const FRAUD: PushedRowsOf = {
  log: 'fraud',
  impliedCode: 0,
  layout: layoutOf('0.0.99.98.1.255', column(1, '0.0.96.11.1.255')),
};
const LAYOUTS = [ENERGY, DEMAND, FRAUD];
const facts = (known: readonly RegisterReading[] = []) => ({
  meterId: 7,
  layouts: LAYOUTS,
  known,
  receivedAtMs: NOW,
});

const stamp = (utcMs: number, deviation: number | null = -60): DlmsData => {
  const { deviationMinutes: _, ...time } = fromUtcMs(utcMs, deviation ?? -60);
  return octetString(
    encodeDateTime({ ...time, ...(deviation === null ? {} : { deviationMinutes: deviation }) }),
  );
};
const notification = (body: DlmsData, dateTime?: Uint8Array): Uint8Array =>
  encodeDataNotification({ longInvoke: 1, body: encodeData(body), ...(dateTime ? { dateTime } : {}) });

function frameOf(apdu: Uint8Array, counter: number): Uint8Array {
  const security = new MessageSecurity({
    ...KEYS,
    suite: 0,
    systemTitle: TITLE,
    nextInvocationCounter: () => counter,
    randomBytes: (length) => new Uint8Array(length),
  });
  const sealed = security.protect(apdu, {
    policy: 'auth-enc',
    form: 'general-glo',
    signed: false,
    key: 'unicast',
  });
  security.release();
  const route = {
    framing: 'hdlc',
    source: { value: 145, bytes: 2 },
    destination: { value: 103, bytes: 1 },
  } as const;
  return concat(framePushed(sealed, route, { from: 'server' }));
}

const FIRST = { lastCounter: undefined, receivedAtMs: NOW };
const fused = (frame: Uint8Array, lastCounter?: number) =>
  fusedRows(frame, { ...KEYS, systemTitle: TITLE }, LAYOUTS, { lastCounter, receivedAtMs: NOW });

/** As lists: two NaN of different bits are no difference. */
const plain = (placed: Placed): unknown =>
  placed.profiles.map(({ kind, rows: { columns, times, clockStatus, values } }) => [
    kind,
    columns,
    [...times],
    [...clockStatus],
    values.map((one) => [one.kind, [...one.values]]),
  ]);

describe('the fused and the general path', () => {
  const random = new SeededRandom(9);
  const cell = (): DlmsData => (random.next() < 0.1 ? NULL_DATA : u32(Math.floor(random.next() * 2 ** 32)));
  const row = (i: number, deviation: number | null): DlmsData =>
    structure(stamp(NOW - i * 900_000, deviation), u8(i & 0xff), cell(), cell());

  test.each(Array.from({ length: 24 }, (_, i) => [1 + Math.floor(random.next() * 40), i % 3] as const))(
    'give the same %i rows (%i)',
    (count, how) => {
      const deviation = how === 2 ? null : -60;
      const apdu = notification(
        array(Array.from({ length: count }, (_, i) => row(i, deviation))),
        how === 0 ? undefined : encodeDateTime(fromUtcMs(NOW, -120)),
      );
      const found = fused(frameOf(apdu, 5));
      if (found === undefined) throw new Error('not taken by the fused path');
      const general = placeNotification(apdu, facts());
      expect(plain(inKind(found.of, found.rows))).toEqual(plain(general));
      expect(general.profiles[0]?.rows.times).toHaveLength(count);
      expect(found.invocationCounter).toBe(5);
      // Without a deviation of their own, times are in that of the notification.
      const first = general.profiles[0]?.rows.times[0];
      expect(first).toBe(how === 2 ? NOW + 3_600_000 - 7_200_000 : NOW);
    },
  );

  test('leave to the other what is replayed, forged, of no known layout or of two', () => {
    const rows = notification(array([row(0, -60)]));
    expect(fused(frameOf(rows, 5), 4)).toBeDefined();
    expect(fused(frameOf(rows, 5), 5)).toBeUndefined();
    const forged = frameOf(rows, 5);
    expect(
      fusedRows(forged, { ...KEYS, systemTitle: TITLE, encryptionKey: new Uint8Array(16) }, LAYOUTS, FIRST),
    ).toBeUndefined();
    expect(
      fused(frameOf(notification(array([structure(stamp(NOW), u8(1), u8(2), u8(3), u8(4))])), 5)),
    ).toBeUndefined();
    expect(
      fusedRows(frameOf(rows, 5), { ...KEYS, systemTitle: TITLE }, [ENERGY, ENERGY], FIRST),
    ).toBeUndefined();
    expect(placeNotification(rows, { ...facts(), layouts: [ENERGY, ENERGY] })).toMatchObject({
      profiles: [],
      unplaced: 1,
    });
  });

  test('drop the same rows of a time that has not been', () => {
    const ahead = structure(stamp(NOW + 301_000), u8(0), u32(1), u32(2));
    const apdu = notification(array([row(1, -60), ahead, row(0, -60)]));
    const found = fused(frameOf(apdu, 5));
    const general = placeNotification(apdu, facts());
    expect([...(found?.rows.times ?? [])]).toEqual([NOW - 900_000, NOW]);
    expect([...(general.profiles[0]?.rows.times ?? [])]).toEqual([NOW - 900_000, NOW]);
  });

  test('another pipeline can be opened after each frame', () => {
    for (const counter of [1, 2, 3])
      expect(fused(frameOf(notification(array([row(0, -60)])), counter))).toBeDefined();
  });
});

const listed = (...objects: readonly (readonly [number, string, number])[]): DlmsData =>
  array(
    objects.map(([classId, obis, attribute]) =>
      structure(u16(classId), logicalName(obis), i8(attribute), u16(0)),
    ),
  );
const SETUP = [40, '0.0.25.9.0.255', 2] as const;

describe('a push object list', () => {
  test('with a profile buffer gives rows, with a log events, the rest readings at the time of its clock', () => {
    const list = listed(
      SETUP,
      [8, '0.0.1.0.0.255', 2],
      [7, '1.0.99.1.0.255', 2],
      [7, '0.0.99.98.1.255', 2],
      [3, '1.0.32.7.0.255', 2],
      [3, '1.0.32.7.0.255', 3],
    );
    const rows = array([structure(stamp(NOW), u8(0), u32(1), u64(2n))]);
    const events = array([structure(stamp(NOW), u8(44))]);
    const body = structure(
      list,
      stamp(NOW - 5000),
      rows,
      events,
      u16(2315),
      structure(i8(-1), enumeration(35)),
    );
    const placed = placeNotification(notification(body), facts());
    expect(placed.profiles.map(({ kind, rows: { times } }) => [kind, [...times]])).toEqual([
      ['energy', [NOW]],
    ]);
    expect(placed.events).toMatchObject([{ log: 'fraud', events: [{ time: NOW, code: 44, extra: {} }] }]);
    const voltage = placed.registers.find(({ obis }) => obis === '1.0.32.7.0.255');
    expect(voltage).toEqual({
      meterId: 7,
      classId: 3,
      obis: '1.0.32.7.0.255',
      attribute: 2,
      time: NOW - 5000,
      type: 'long-unsigned',
      value: '2315',
      scaler: -1,
      unit: 35,
    });
    expect(placed.unplaced).toBe(0);
  });

  const asRow = (atMs: number): Placed =>
    placeNotification(
      notification(
        structure(
          listed(
            SETUP,
            [3, '1.0.2.8.0.255', 2],
            [8, '0.0.1.0.0.255', 2],
            [1, '0.0.96.10.1.255', 2],
            [3, '1.0.1.8.0.255', 2],
          ),
          u32(4),
          stamp(atMs),
          u8(0),
          u32(3),
        ),
      ),
      facts(),
    );

  test('of exactly the columns of a profile is a row of it, in whatever order they come', () => {
    const [profile] = asRow(NOW).profiles;
    expect(profile?.kind).toBe('energy');
    expect(
      profile?.rows.values.map((values) => (values.kind === 'number' ? [...values.values] : values)),
    ).toEqual([[0], [3], [4]]);
    expect(asRow(NOW).registers).toHaveLength(4);
  });

  test('captured between two minutes is no row', () => {
    expect(asRow(NOW + 1000).profiles).toEqual([]);
    expect(asRow(NOW + 1000).registers).toHaveLength(4);
  });

  test('a value without scaler and unit takes those of the reading before', () => {
    const before: RegisterReading = {
      meterId: 7,
      classId: 3,
      obis: '1.0.32.7.0.255',
      attribute: 2,
      time: 0,
      type: 'long-unsigned',
      value: '1',
      scaler: -1,
      unit: 35,
    };
    const body = structure(listed(SETUP, [3, '1.0.32.7.0.255', 2]), u16(2316));
    expect(placeNotification(notification(body), facts([before])).registers).toEqual([
      { ...before, time: NOW, value: '2316' },
    ]);
    expect(placeNotification(notification(body), facts()).registers).toMatchObject([
      { scaler: null, unit: null },
    ]);
  });

  test('a profile of another layout has no place', () => {
    const body = structure(
      listed(SETUP, [7, '1.0.99.1.0.255', 2]),
      array([structure(stamp(NOW), octetText('x'))]),
    );
    expect(placeNotification(notification(body), facts())).toEqual({
      profiles: [],
      events: [],
      registers: [],
      unplaced: 1,
    });
  });
});

describe('an event notification', () => {
  const standard: PushedRowsOf = {
    log: 'standard',
    impliedCode: 0,
    layout: layoutOf('0.0.99.98.0.255', column(1, '0.0.96.11.0.255')),
  };
  const told = (obis: string, value: DlmsData, time?: Uint8Array) =>
    placeNotification(
      encodeEventNotification({
        attribute: { classId: 1, obis, attribute: 2 },
        value: encodeData(value),
        ...(time ? { time } : {}),
      }),
      { ...facts(), layouts: [...LAYOUTS, standard] },
    );

  test('of an event code object is an event of its log', () => {
    const time = encodeDateTime(fromUtcMs(NOW - 1000, -60, 0x80));
    expect(told('0.0.96.11.1.255', u8(46), time).events).toEqual([
      { log: 'fraud', events: [{ time: NOW - 1000, code: 46, clockStatus: 0x80, extra: {} }] },
    ]);
    expect(told('0.0.96.11.0.255', u8(2)).events).toMatchObject([
      { log: 'standard', events: [{ time: NOW, code: 2 }] },
    ]);
  });

  test('of a time that has not been is none; a reading then has the time of its arrival', () => {
    const time = encodeDateTime(fromUtcMs(Date.UTC(2099, 0, 1), -60, 0));
    expect(told('0.0.96.11.1.255', u8(46), time)).toMatchObject({ events: [], unplaced: 1 });
    const body = structure(listed(SETUP, [3, '1.0.32.7.0.255', 2]), u16(2316));
    expect(placeNotification(notification(body, time), facts()).registers).toMatchObject([{ time: NOW }]);
  });

  test('of anything else is a reading, of a list nothing', () => {
    expect(told('0.0.97.98.0.255', u32(4)).registers).toMatchObject([
      { obis: '0.0.97.98.0.255', value: '4', time: NOW },
    ]);
    expect(told('0.0.97.98.0.255', array([u8(1)])).unplaced).toBe(1);
  });
});

test('what is opened is placed as what was never closed', () => {
  const apdu = notification(structure(listed(SETUP, [3, '1.0.32.7.0.255', 2]), u16(2316)));
  const frame = frameOf(apdu, 3);
  const sealed = frame.subarray(frame.indexOf(0xdb), frame.length - 3);
  expect(placeNotification(openPushed(sealed, KEYS).plaintext, facts())).toEqual(
    placeNotification(apdu, facts()),
  );
});
