import { expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import type { MeterEvent } from '../../src/base/model.ts';
import type { OutboxItem, OutboxQuery } from '../../src/base/outbox.ts';
import type { Store } from '../../src/store/types.ts';
import {
  createMeter,
  numbers,
  openTestStore,
  plain,
  profileRows,
  QUARTER_MS,
  removeDirectory,
  temporaryDirectory,
} from '../store/fixture.ts';

const START = Date.UTC(2026, 2, 1);

async function withStore(body: (store: Store, clock: VirtualClock) => Promise<void>): Promise<void> {
  const directory = temporaryDirectory();
  const clock = new VirtualClock(START);
  const store = await openTestStore(directory, { clock });
  try {
    await body(store, clock);
  } finally {
    await store.close();
    removeDirectory(directory);
  }
}

const take = (
  store: Store,
  clock: VirtualClock,
  query: Partial<OutboxQuery> = {},
  destination = 'hes',
): Promise<readonly OutboxItem[]> =>
  store.outbox.take(destination, { nowMs: clock.now(), inWindow: true, without: [], limit: 100, ...query });

const rowsAt = (...quarters: number[]) =>
  profileRows(
    quarters.map((quarter) => START + quarter * QUARTER_MS),
    [numbers(...quarters)],
  );

const event = (code: number, time = START): MeterEvent => ({ time, code, clockStatus: 0, extra: {} });

const kindsOf = (items: readonly OutboxItem[]): string[] => items.map(({ content }) => content.kind);

test('nobody is owed anything before there is a destination', () =>
  withStore(async (store, clock) => {
    const meter = await createMeter(store, 'A');
    await store.collection.appendProfile(meter.id, 'energy', rowsAt(0, 1), undefined);
    await store.outbox.open('hes');
    expect(await take(store, clock)).toEqual([]);
    expect(await store.outbox.state()).toEqual([
      { destination: 'hes', since: START, waiting: 0, bytes: 0, acknowledged: 0, dropped: 0 },
    ]);
  }));

test('exactly the rows that are new are owed, also amid rows that are there', () =>
  withStore(async (store, clock) => {
    const meter = await createMeter(store, 'A');
    await store.outbox.open('hes');
    await store.collection.appendProfile(meter.id, 'energy', rowsAt(0, 2), undefined);
    await store.collection.appendProfile(meter.id, 'energy', rowsAt(0, 1, 2, 3), undefined);
    await store.collection.appendProfile(meter.id, 'energy', rowsAt(0, 1, 2, 3), undefined);
    const items = await take(store, clock);
    expect(items.map(({ meterId }) => meterId)).toEqual([meter.id, meter.id]);
    const contents = items.map(({ content }) => ('rows' in content ? plain(content.rows) : undefined));
    expect(contents).toEqual([plain(rowsAt(0, 2)), plain(rowsAt(1, 3))]);
  }));

test('what is acknowledged does not come again; what is on its way is left out', () =>
  withStore(async (store, clock) => {
    const meter = await createMeter(store, 'A');
    await store.outbox.open('hes');
    await store.outbox.open('other');
    for (const quarter of [0, 1, 2])
      await store.collection.appendProfile(meter.id, 'energy', rowsAt(quarter), undefined);
    const [first, second, third] = (await take(store, clock)).map(({ id }) => id);
    expect(third).toBeGreaterThan(second ?? 0);
    await store.outbox.acknowledge('hes', [first ?? 0]);
    expect((await take(store, clock, { without: [second ?? 0] })).map(({ id }) => id)).toEqual([third ?? 0]);
    // The other destination is owed all of it still.
    expect(await take(store, clock, {}, 'other')).toHaveLength(3);
    expect(await store.outbox.clear('other')).toBe(3);
    expect(await take(store, clock)).toHaveLength(2);
    const [hes, other] = await store.outbox.state();
    expect(hes).toMatchObject({ acknowledged: 1, waiting: 2, dropped: 0 });
    expect(other).toMatchObject({ acknowledged: 0, waiting: 0, dropped: 3 });
  }));

test('urgent kinds go first, each kind in the order of storing', () =>
  withStore(async (store, clock) => {
    const meter = await createMeter(store, 'A');
    await store.outbox.open('hes');
    await store.collection.appendProfile(meter.id, 'energy', rowsAt(0), undefined);
    await store.collection.saveMeterState(meter.id, 'reading', START);
    await store.collection.saveMeterState(meter.id, 'online', START);
    await store.collection.saveMeterState(meter.id, 'reading', START);
    await store.collection.saveMeterState(meter.id, 'online', START);
    await store.collection.appendProfile(meter.id, 'energy', rowsAt(1), undefined);
    await store.logbook.record({ time: START, type: 'clock-set', detail: 'x' });
    await store.collection.appendEvents(meter.id, 'fraud', [event(40), event(41)], undefined);
    await store.collection.appendEvents(meter.id, 'fraud', [event(40), event(41)], undefined);
    const items = await take(store, clock);
    expect(kindsOf(items)).toEqual(['fraud', 'status', 'logbook', 'energy', 'energy']);
    expect(items[0]?.content).toEqual({ kind: 'fraud', events: [event(40), event(41)] });
    expect(items[1]?.content).toEqual({ kind: 'status', state: 'online' });
    expect(items[2]).toMatchObject({
      meterId: 0,
      content: { kind: 'logbook', type: 'clock-set', detail: 'x' },
    });
  }));

test('a meter that falls silent and comes back is told once each', () =>
  withStore(async (store, clock) => {
    const meter = await createMeter(store, 'A');
    await store.outbox.open('hes');
    for (const state of ['offline', 'offline', 'reading', 'offline', 'online', 'online'] as const)
      await store.collection.saveMeterState(meter.id, state, START);
    const states = (await take(store, clock)).map(({ content }) => 'state' in content && content.state);
    expect(states).toEqual(['offline', 'online']);
  }));

test('a rule gives a code its own priority, route and delay', () =>
  withStore(async (store, clock) => {
    const meter = await createMeter(store, 'A');
    await store.outbox.open('hes');
    const rule = { destination: 'hes', priority: 5, route: 'now', delayS: 60 } as const;
    await store.outbox.saveRule({ ...rule, class: 'fraud:40' });
    await store.outbox.saveRule({ ...rule, class: 'standard', route: 'never' });
    await store.outbox.saveRule({ ...rule, class: 'energy', route: 'window', delayS: 0 });
    await store.collection.appendEvents(meter.id, 'fraud', [event(40), event(41), event(42)], undefined);
    await store.collection.appendEvents(meter.id, 'standard', [event(1)], undefined);
    await store.collection.appendProfile(meter.id, 'energy', rowsAt(0), undefined);
    const first = await take(store, clock, { inWindow: false });
    expect(first.map(({ content }) => content)).toEqual([{ kind: 'fraud', events: [event(41), event(42)] }]);
    expect(kindsOf(await take(store, clock))).toEqual(['fraud', 'energy']);
    await clock.advance(60_000);
    expect(kindsOf(await take(store, clock))).toEqual(['fraud', 'fraud', 'energy']);
    // Nothing waits longer than its delay for a clock that was set back.
    clock.jump(-3_600_000);
    expect(await take(store, clock)).toHaveLength(3);
    await store.outbox.removeRule('hes', 'standard');
    await store.collection.appendEvents(meter.id, 'standard', [event(2)], undefined);
    expect(kindsOf(await take(store, clock))).toContain('standard');
  }));

test.each([
  { class: 'energy:4' },
  { class: 'nothing' },
  { class: 'fraud:x' },
  { class: 'fraud:1:2' },
  { priority: 0 },
  { priority: 6 },
  { delayS: -1 },
  { destination: '' },
])('a rule with %o is refused', (change) =>
  withStore(async (store) => {
    const rule = { destination: 'hes', class: 'fraud', priority: 1, route: 'now', delayS: 0 } as const;
    await expect(store.outbox.saveRule({ ...rule, ...change })).rejects.toMatchObject({
      code: 'invalid-field',
    });
    expect(await store.outbox.rules()).toEqual([]);
  }),
);

test('what is too old goes, then the oldest of the lowest priority, and the logbook says so', () =>
  withStore(async (store, clock) => {
    const meter = await createMeter(store, 'A');
    await store.outbox.open('hes');
    await store.collection.appendProfile(meter.id, 'energy', rowsAt(0), undefined);
    await clock.advance(3_600_000);
    await store.collection.appendEvents(meter.id, 'fraud', [event(1)], undefined);
    for (const quarter of [1, 2, 3])
      await store.collection.appendProfile(meter.id, 'energy', rowsAt(quarter), undefined);
    expect(await store.outbox.prune({ maxAgeMs: 7_200_000, maxBytes: 1e6 })).toBe(0);
    expect(await store.outbox.prune({ maxAgeMs: 1_800_000, maxBytes: 1e6 })).toBe(1);
    expect((await take(store, clock)).map(({ content }) => content.kind)).toEqual([
      'fraud',
      'logbook',
      'energy',
      'energy',
      'energy',
    ]);
    const [state] = await store.outbox.state();
    const bytes = state?.bytes ?? 0;
    expect(await store.outbox.prune({ maxAgeMs: 7_200_000, maxBytes: bytes - 1 })).toBe(1);
    const left = await take(store, clock);
    expect(kindsOf(left)).toEqual(['fraud', 'logbook', 'logbook', 'energy', 'energy']);
    const times = left.map(({ content }) => ('rows' in content ? content.rows.times[0] : undefined));
    expect(times.slice(3)).toEqual([START + 2 * QUARTER_MS, START + 3 * QUARTER_MS]);
    expect((await store.outbox.state())[0]).toMatchObject({ dropped: 2 });
    const { rows } = await store.logbook.list({ limit: 10, offset: 0 });
    expect(rows.map(({ type }) => type)).toEqual(['uplink-dropped', 'uplink-dropped']);
  }));

test(
  'more than one step of giving up ends in one event',
  () =>
    withStore(async (store) => {
      const meter = await createMeter(store, 'A');
      await store.outbox.open('hes');
      await Promise.all(
        Array.from({ length: 1100 }, (_, i) =>
          store.collection.saveRegisters([register(meter.id, START + i)]),
        ),
      );
      expect(await store.outbox.prune({ maxAgeMs: 7_200_000, maxBytes: 0 })).toBe(1100);
      expect((await store.logbook.list({ limit: 10, offset: 0 })).total).toBe(1);
    }),
  30_000,
);

const register = (meterId: number, time: number) => ({
  meterId,
  classId: 3,
  obis: '1.0.1.8.0.255',
  attribute: 2,
  time,
  type: 'long64-unsigned',
  value: '18446744073709551615',
  scaler: 0,
  unit: 30,
});

test('registers are copied, older ones than the kept are not told', () =>
  withStore(async (store, clock) => {
    const meter = await createMeter(store, 'A');
    await store.outbox.open('hes');
    await store.collection.saveRegisters([register(meter.id, START)]);
    await store.collection.saveRegisters([register(meter.id, START - 1)]);
    await store.collection.saveRegisters([register(meter.id, START + 1)]);
    const { meterId: _, ...told } = register(meter.id, START);
    expect((await take(store, clock)).map(({ content }) => content)).toEqual([
      { kind: 'register', registers: [told] },
      { kind: 'register', registers: [{ ...told, time: START + 1 }] },
    ]);
  }));

test('a meter that is removed takes along what waits of it; a closed destination is owed nothing', () =>
  withStore(async (store, clock) => {
    const [a, b] = [await createMeter(store, 'A'), await createMeter(store, 'B')];
    await store.outbox.open('hes');
    for (const { id } of [a, b]) await store.collection.appendProfile(id, 'energy', rowsAt(0), undefined);
    await store.archive.remove(a.id);
    expect((await take(store, clock)).map(({ meterId }) => meterId)).toEqual([b.id]);
    await store.outbox.answer('hes', b.id, { id: 'x' });
    expect(kindsOf(await take(store, clock))).toEqual(['answer', 'energy']);
    expect(await store.outbox.close('hes')).toBe(2);
    expect(await store.outbox.state()).toEqual([]);
    await store.collection.appendProfile(b.id, 'energy', rowsAt(1), undefined);
    await store.outbox.open('hes');
    expect(await take(store, clock)).toEqual([]);
  }));
