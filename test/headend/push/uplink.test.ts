import { expect, test } from 'bun:test';
import { VirtualClock } from '../../../src/base/clock.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { Meter, MeterEvent } from '../../../src/base/model.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { hasLongInvokeBit } from '../../../src/dlms/apdu/access.ts';
import { decodeDataNotification } from '../../../src/dlms/apdu/notification.ts';
import { sapOf } from '../../../src/headend/meter-saps.ts';
import { PushUplink, type PushUplinkOptions } from '../../../src/headend/push/uplink.ts';
import { BUILT_IN_PROFILES } from '../../../src/meters/profiles/index.ts';
import type { Store } from '../../../src/store/types.ts';
import { isInWindow, parseWindow } from '../../../src/tasks/window.ts';
import {
  createMeter,
  numbers,
  openTestStore,
  profileRows,
  QUARTER_MS,
  removeDirectory,
  temporaryDirectory,
} from '../../store/fixture.ts';
import { FakeWay, type Sent } from './fake-way.ts';

const START = Date.UTC(2026, 2, 1);
const EVENT_CODE = '0.0.96.11.1.255';
const ENERGY = '1.0.1.8.0.255';
const HOUR_MS = 3_600_000;

interface World {
  readonly store: Store;
  readonly clock: VirtualClock;
  readonly way: FakeWay;
  readonly uplink: PushUplink;
  readonly meters: readonly [Meter, Meter];
  append(quarter: number, meter?: Meter): Promise<unknown>;
  happen(...codes: readonly number[]): Promise<unknown>;
  waiting(): Promise<number>;
  /** Lets time pass, in steps in which the store keeps up. */
  pass(ms: number): Promise<void>;
}

const STEP_MS = 500;

/** Counts what is under way in the store. */
class Busy {
  #count = 0;

  watch<Args extends readonly unknown[], Result>(
    work: (...args: Args) => Promise<Result>,
  ): (...args: Args) => Promise<Result> {
    return async (...args) => {
      this.#count++;
      try {
        return await work(...args);
      } finally {
        this.#count--;
      }
    };
  }

  async over(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.#count > 0);
  }
}

async function world(
  body: (world: World) => Promise<void>,
  change: Partial<PushUplinkOptions> = {},
): Promise<void> {
  const directory = temporaryDirectory();
  const clock = new VirtualClock(START);
  const store = await openTestStore(directory, { clock });
  await store.outbox.open('hes');
  const meters = [await createMeter(store, 'A'), await createMeter(store, 'B')] as const;
  const way = new FakeWay(() => clock.now());
  const busy = new Busy();
  const uplink = new PushUplink(
    {
      confirmed: true,
      inFlight: 4,
      idleTimeoutMs: 60_000,
      inWindow: () => true,
      retries: 2,
      backoff: { firstMs: 1000, longestMs: 60_000 },
      ...change,
    },
    {
      outbox: { take: busy.watch(store.outbox.take), acknowledge: busy.watch(store.outbox.acknowledge) },
      destination: 'hes',
      deviceName: 'ODC1234567890',
      meters: busy.watch(() => store.collection.meters()),
      profileOf: ({ profile }) => BUILT_IN_PROFILES.find(profile),
      zone: () => 'UTC',
      open: way.open,
      clock,
      random: new SeededRandom(1),
      log: silentLog,
    },
  );
  try {
    await body({
      store,
      clock,
      way,
      uplink,
      meters,
      append: (quarter, meter = meters[0]) =>
        store.collection.appendProfile(
          meter.id,
          'energy',
          profileRows([START + quarter * QUARTER_MS], [numbers(quarter)]),
          undefined,
        ),
      happen: (...codes) => {
        const events = codes.map(
          (code): MeterEvent => ({ time: clock.now(), code, clockStatus: 0, extra: {} }),
        );
        return store.collection.appendEvents(meters[0].id, 'fraud', events, undefined);
      },
      waiting: async () => (await store.outbox.state())[0]?.waiting ?? -1,
      pass: async (ms) => {
        const end = clock.monotonicMs() + ms;
        for (;;) {
          await busy.over();
          const left = end - clock.monotonicMs();
          if (left <= 0) return;
          await clock.advance(Math.min(left, STEP_MS));
        }
      },
    });
  } finally {
    const stopping = uplink.stop();
    await clock.advance(10_000);
    await stopping;
    await store.close();
    removeDirectory(directory);
  }
}

const never = (): Promise<void> => new Promise(() => {});
const told = (way: FakeWay, obis: string): (string | undefined)[] =>
  way.sent.map(({ values }) => values[obis]);
const refuse =
  (isBad: (sent: Sent) => boolean) =>
  async (sent: Sent): Promise<void> => {
    if (isBad(sent)) throw new DcuError('link-timeout', 'not confirmed');
  };

test('a row is pushed once, from the logical device of its meter, and is settled when it is confirmed', () =>
  world(async ({ way, uplink, meters, append, waiting, pass }) => {
    await append(1, meters[1]);
    uplink.start();
    await pass(3000);
    const [sent, ...more] = way.sent;
    expect(more).toEqual([]);
    expect(sent?.sap).toBe(sapOf(meters[1].id) ?? 0);
    expect(sent?.values).toMatchObject({ '0.0.42.0.0.255': 'B', [ENERGY]: '1' });
    const { longInvoke, dateTime } = decodeDataNotification(sent?.apdu ?? new Uint8Array(0));
    expect(hasLongInvokeBit(longInvoke, 'confirmed')).toBe(true);
    expect(hasLongInvokeBit(longInvoke, 'highPriority')).toBe(false);
    expect(dateTime?.toHex()).toBe('07ea03010700000000000000');
    expect(await waiting()).toBe(0);
    expect(uplink.state()).toMatchObject({ connected: true, sent: 1, inFlight: 0 });
  }));

test('the way is opened when there is something to push, and closed when there was nothing for long', () =>
  world(async ({ way, uplink, append, pass }) => {
    uplink.start();
    await pass(HOUR_MS);
    expect(way.opened).toBe(0);
    await append(1);
    await pass(2000);
    expect(way.opened).toBe(1);
    await append(2);
    await pass(59_000);
    expect([way.opened, way.closed, way.sent.length]).toEqual([1, 0, 2]);
    await pass(10_000);
    expect(way.closed).toBe(1);
    expect(uplink.state()).toMatchObject({ connected: false, sent: 2 });
    expect(uplink.state().lastError).toBeUndefined();
    await append(3);
    await pass(2000);
    expect([way.opened, way.sent.length]).toEqual([2, 3]);
  }));

test('an urgent class goes at once and before what waits, a delayed one when it is due, a windowed one in its window', () =>
  world(
    async ({ store, clock, way, uplink, append, happen, pass }) => {
      const rule = { destination: 'hes', priority: 2, route: 'now', delayS: 0 } as const;
      await store.outbox.saveRule({ ...rule, class: 'fraud:41', delayS: 600 });
      await store.outbox.saveRule({ ...rule, class: 'fraud:42', route: 'window' });
      await store.outbox.saveRule({ ...rule, class: 'fraud:43', route: 'never' });
      await append(1);
      await happen(41, 42, 43, 40);
      const storedMs = clock.now();
      uplink.start();
      uplink.wake();
      await pass(0);
      expect(
        way.sent.map(({ atMs, values }) => [atMs - storedMs, values[EVENT_CODE] ?? values[ENERGY]]),
      ).toEqual([
        [0, '40'],
        [0, '1'],
      ]);
      await pass(599_000);
      expect(way.sent).toHaveLength(2);
      await pass(2000);
      const [, , delayed] = way.sent;
      expect(delayed?.values[EVENT_CODE]).toBe('41');
      expect((delayed?.atMs ?? 0) - storedMs).toBeWithin(600_000, 601_001);
      await pass(2 * HOUR_MS - 602_000);
      expect(way.sent).toHaveLength(3);
      await pass(2000);
      const [, , , windowed] = way.sent;
      expect(windowed?.values[EVENT_CODE]).toBe('42');
      expect((windowed?.atMs ?? 0) - storedMs).toBeWithin(2 * HOUR_MS, 2 * HOUR_MS + 1001);
      await pass(2 * HOUR_MS);
      expect(way.sent).toHaveLength(4);
    },
    { inWindow: (nowMs) => isInWindow(parseWindow('02:00-03:00'), nowMs, 'UTC') },
  ));

test('an event overtakes rows that wait for their turn, and says that it is urgent', () =>
  world(
    async ({ way, uplink, append, happen, pass }) => {
      for (const quarter of [1, 2, 3]) await append(quarter);
      const confirm = Promise.withResolvers<void>();
      way.onSend = () => confirm.promise;
      uplink.start();
      await pass(1500);
      await happen(40);
      uplink.wake();
      confirm.resolve();
      await pass(1500);
      expect(way.sent.map(({ values }) => values[EVENT_CODE] ?? values[ENERGY])).toEqual([
        '1',
        '40',
        '2',
        '3',
      ]);
      const bits = way.sent.map(({ apdu }) =>
        hasLongInvokeBit(decodeDataNotification(apdu).longInvoke, 'highPriority'),
      );
      expect(bits).toEqual([false, true, false, false]);
    },
    { inFlight: 1 },
  ));

test('a head-end that never confirms gets no more than may be under way, and keeps nothing but its due', () =>
  world(async ({ way, uplink, append, waiting, pass }) => {
    for (let quarter = 1; quarter <= 20; quarter++) await append(quarter);
    way.onSend = never;
    uplink.start();
    await pass(HOUR_MS);
    expect(way.sent).toHaveLength(4);
    expect(await waiting()).toBe(20);
    way.onSend = async () => {};
    way.cut();
    await pass(HOUR_MS);
    expect(await waiting()).toBe(0);
    // Four of them came twice: they were not confirmed.
    expect(
      told(way, ENERGY)
        .slice(4)
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(told(way, ENERGY)).toHaveLength(24);
  }));

test('without confirmations an item is settled when it has left', () =>
  world(
    async ({ way, uplink, append, waiting, pass }) => {
      await append(1);
      uplink.start();
      await pass(2000);
      const { longInvoke } = decodeDataNotification(way.sent[0]?.apdu ?? new Uint8Array(0));
      expect(hasLongInvokeBit(longInvoke, 'confirmed')).toBe(false);
      expect(await waiting()).toBe(0);
    },
    { confirmed: false },
  ));

test.each([1, 4])(
  'an item that is refused again and again does not keep the others, with %d under way',
  (inFlight) =>
    world(
      async ({ way, uplink, append, waiting, pass }) => {
        for (let quarter = 1; quarter <= 6; quarter++) await append(quarter);
        way.onSend = refuse(({ values }) => values[ENERGY] === '2');
        uplink.start();
        await pass(5 * 60_000);
        expect(await waiting()).toBe(1);
        expect(new Set(told(way, ENERGY))).toEqual(new Set(['1', '2', '3', '4', '5', '6']));
        // It is tried ever more seldom, and goes when it is taken.
        const tries = told(way, ENERGY).filter((value) => value === '2').length;
        await pass(24 * HOUR_MS);
        const later = told(way, ENERGY).filter((value) => value === '2').length - tries;
        expect(later).toBeWithin(20, 40);
        way.onSend = async () => {};
        await pass(2 * HOUR_MS);
        expect(await waiting()).toBe(0);
      },
      { inFlight },
    ),
);

test('a head-end that refuses everything for a day gets all of it afterwards, and was not asked without a pause', () =>
  world(
    async ({ way, uplink, append, waiting, pass }) => {
      for (let quarter = 1; quarter <= 30; quarter++) await append(quarter);
      way.onSend = refuse(() => true);
      uplink.start();
      await pass(24 * HOUR_MS);
      expect(await waiting()).toBe(30);
      expect(way.opened).toBeLessThan(24 * 60 * 2);
      way.onSend = async () => {};
      await pass(HOUR_MS);
      expect(await waiting()).toBe(0);
    },
    { inFlight: 2 },
  ));

test('while the head-end cannot be reached nothing is set aside: the order of a meter holds', () =>
  world(async ({ way, uplink, append, pass }) => {
    for (let quarter = 1; quarter <= 9; quarter++) await append(quarter);
    way.onOpen = () => {
      throw new DcuError('channel-open-failed', 'nobody is there');
    };
    uplink.start();
    await pass(24 * HOUR_MS);
    way.onOpen = () => {};
    await pass(HOUR_MS);
    expect(told(way, ENERGY)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
  }));

test('what is known of a removed meter is owed no more, and a profile that is gone keeps nothing', () =>
  world(async ({ store, clock, way, uplink, meters, append, waiting, pass }) => {
    await append(1, meters[0]);
    await append(2, meters[1]);
    await store.logbook.record({ time: clock.now(), type: 'clock-set', detail: 'by hand' });
    await store.archive.remove(meters[0].id);
    uplink.start();
    await pass(3000);
    expect(await waiting()).toBe(0);
    expect(way.sent.map(({ sap }) => sap)).toEqual([1, sapOf(meters[1].id) ?? 0]);
    expect(way.sent[0]?.values).toMatchObject({
      '0.0.42.0.0.255': 'ODC1234567890',
      '0.128.96.11.0.255': 'by hand',
    });
  }));
