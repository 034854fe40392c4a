import { expect, setDefaultTimeout, test } from 'bun:test';
import type { CollectionStore } from '../../src/base/collection.ts';
import type { MeterEvent, ProfileRows } from '../../src/base/model.ts';
import { HOUR_MS, MINUTE_MS } from '../../src/simulator/calendar.ts';
import type { Scenery } from './options.ts';
import { runDays } from './run.ts';
import type { Invariant, Violation } from './violations.ts';
import type { World, WorldOptions } from './world.ts';

setDefaultTimeout(300_000);

/** A small street in good weather: what is found is what was planted. */
const SMALL: Scenery = {
  startMs: Date.UTC(2026, 4, 10, 7),
  tcpMeters: 3,
  plcMeters: 0,
  lines: 1,
  metersPerLine: 3,
  everyHours: 1,
  recallDays: 2,
  baudRate: 9600,
  maxBytes: 512,
  severity: 0,
};

async function found(
  planted: Pick<WorldOptions, 'collection' | 'askNow'> & {
    readonly days?: number;
    /** Called when the world begins. */
    readonly begin?: (world: World) => void;
  },
): Promise<readonly Violation[]> {
  const { begin, ...rest } = planted;
  const options = { seed: 5, scenery: SMALL, days: 1, ...rest };
  return (await runDays({ ...options, ...(begin === undefined ? {} : { onBegin: begin }) })).violations;
}

const kindsOf = (violations: readonly Violation[]): Set<Invariant> =>
  new Set(violations.map(({ invariant }) => invariant));

/** Changes what is handed to the store, once there are some rows. */
const withRows =
  (change: (rows: ProfileRows) => ProfileRows) =>
  (store: CollectionStore): CollectionStore => ({
    ...store,
    appendProfile: (meterId, kind, rows, covered) =>
      store.appendProfile(
        meterId,
        kind,
        kind === 'energy' && rows.times.length > 3 ? change(rows) : rows,
        covered,
      ),
  });

const withoutRow = (rows: ProfileRows, dropped: number): ProfileRows => {
  const keep = (_: unknown, row: number): boolean => row !== dropped;
  return {
    ...rows,
    times: rows.times.filter(keep),
    clockStatus: rows.clockStatus.filter(keep),
    values: rows.values.map((column) =>
      column.kind === 'number' ? { kind: 'number', values: column.values.filter(keep) } : column,
    ),
  };
};

test('good weather and nothing planted: nothing is found', async () => {
  expect(await found({ days: 2 })).toEqual([]);
});

test('a row that is acknowledged and not stored', async () => {
  const violations = await found({ collection: withRows((rows) => withoutRow(rows, 2)) });
  expect(kindsOf(violations)).toContain('acknowledged-lost');
  expect(kindsOf(violations)).toContain('interval-lost');
});

test('coverage of what was not read', async () => {
  const violations = await found({
    collection: (store) => ({
      ...store,
      appendProfile: (meterId, kind, rows, covered) =>
        store.appendProfile(meterId, kind, rows, covered && { ...covered, toMs: covered.toMs + 2 * HOUR_MS }),
    }),
  });
  expect([...kindsOf(violations)].sort()).toEqual(['gap-without-cause', 'interval-lost']);
});

test('a power cut that the meter never told of', async () => {
  const violations = await found({
    days: 2,
    collection: (store) => ({
      ...store,
      appendEvents: (meterId, log, events, covered) =>
        store.appendEvents(
          meterId,
          log,
          log === 'standard' || log === 'power-failure' ? [] : events,
          covered,
        ),
    }),
    begin: (world) => {
      world.clock.after(3 * HOUR_MS, () => world.residents[0]?.truth.meter.cutPower(2 * 3_600));
    },
  });
  expect(kindsOf(violations)).toContain('gap-without-cause');
});

test('an event that is stored twice', async () => {
  const violations = await found({
    collection: (store) => ({
      ...store,
      appendEvents: (meterId, log, events, covered) =>
        store.appendEvents(
          meterId,
          log,
          events.flatMap((event: MeterEvent) => [event, event]),
          covered,
        ),
    }),
  });
  expect([...kindsOf(violations)]).toEqual(['stored-twice']);
});

test('rows an hour late', async () => {
  const violations = await found({
    collection: withRows((rows) => ({ ...rows, times: rows.times.map((time) => time + HOUR_MS) })),
  });
  expect(kindsOf(violations)).toContain('wrong-hour');
});

test("rows of summer time that say that they are winter's", async () => {
  const violations = await found({
    collection: withRows((rows) => ({ ...rows, clockStatus: rows.clockStatus.map(() => 0) })),
  });
  expect([...kindsOf(violations)]).toEqual(['wrong-hour']);
});

test("a meter's rows under another", async () => {
  const violations = await found({
    collection: (store) => ({
      ...store,
      appendProfile: (meterId, kind, rows, covered) =>
        store.appendProfile(meterId === 1 ? 2 : meterId, kind, rows, covered),
    }),
  });
  expect(kindsOf(violations)).toContain('wrong-meter');
});

test('a value that is one too large', async () => {
  const violations = await found({
    collection: withRows((rows) => ({
      ...rows,
      values: rows.values.map((column, index) =>
        index === 1 && column.kind === 'number'
          ? { kind: 'number', values: column.values.map((value, row) => (row === 1 ? value + 1 : value)) }
          : column,
      ),
    })),
  });
  expect(kindsOf(violations)).toContain('wrong-value');
});

test('another scaler', async () => {
  const violations = await found({
    collection: withRows((rows) => ({
      ...rows,
      columns: rows.columns.map((column) => (column.scaler === null ? column : { ...column, scaler: 3 })),
    })),
  });
  expect(kindsOf(violations)).toContain('wrong-scaler');
});

test('rows that vanish', async () => {
  let taken = 0;
  const violations = await found({
    days: 2,
    begin: (world) => {
      // The archive loses all rows of a meter, and gets it back.
      world.clock.after(30 * HOUR_MS, () => {
        const [resident] = world.residents;
        if (resident?.id === undefined || world.dcu.core === undefined) return;
        taken++;
        void world.dcu.core.store.archive.remove(resident.id);
      });
    },
  });
  expect(taken).toBe(1);
  expect(kindsOf(violations)).toContain('acknowledged-lost');
});

test('invocation counters that begin anew with each start', async () => {
  const violations = await found({
    collection: (store) => {
      let next = 1;
      return {
        ...store,
        counters: {
          ...store.counters,
          reserve: async (keyId, count) => {
            await store.counters.reserve(keyId, count);
            next += count;
            return next - count;
          },
          raise: async () => {},
        },
      };
    },
    begin: (world) => {
      world.clock.after(5 * HOUR_MS + MINUTE_MS, () => world.kill(30_000, 0));
    },
  });
  expect(kindsOf(violations)).toContain('counter-reused');
});

test('a second process on a line', async () => {
  const violations = await found({
    begin: (world) => {
      const [wire] = world.wires;
      // SNRM to a station that is not there, while others are read.
      const frame = Uint8Array.fromHex('7ea00802ff0393dead7e');
      for (let ms = 0; ms < 30 * MINUTE_MS; ms += 130) world.clock.after(ms, () => wire?.intrude(frame));
    },
  });
  expect(kindsOf(violations)).toContain('two-owners');
});

test('a second opening of a line', async () => {
  const violations = await found({
    begin: (world) => {
      const owner = { dead: false, onDeath: () => {} };
      world.clock.after(2 * HOUR_MS, () => void world.wires[0]?.open(owner).catch(() => undefined));
    },
  });
  expect(kindsOf(violations)).toContain('two-owners');
});

test('priorities the other way round', async () => {
  const violations = await found({
    collection: (store) => ({
      ...store,
      taskItems: async () =>
        (await store.taskItems()).map((item) => ({ ...item, priority: 6 - item.priority })),
    }),
  });
  expect(kindsOf(violations)).toContain('priority');
});

test('an on-demand read that waits like all others', async () => {
  const violations = await found({
    askNow: (core, meterId) => core.collector.round({ meterIds: [meterId], types: ['Power Quality Event'] }),
    begin: (world) => {
      for (let hour = 1; hour < 24; hour++) {
        world.clock.after(hour * HOUR_MS + 1_500, () => {
          const resident = world.residents.findLast(({ place }) => place.where.kind === 'rs485');
          if (resident !== undefined) world.watch.readNow(resident);
        });
      }
    },
  });
  expect(kindsOf(violations)).toContain('on-demand-waited');
});

test('a clock that is off, and taken for right', async () => {
  const violations = await found({
    collection: (store) => ({
      ...store,
      setting: async (key) => (key === 'clock.threshold' ? '3600' : store.setting(key)),
    }),
    begin: (world) => {
      world.clock.after(MINUTE_MS, () => {
        world.residents[0]?.truth.meter.turnOn({ kind: 'clock-jump', seconds: 30 });
      });
    },
  });
  expect([...kindsOf(violations)]).toEqual(['clock-wrong']);
});

test('a meter that is swapped for another at its address, and nobody notices', async () => {
  const blind = (store: CollectionStore): CollectionStore => ({ ...store, registers: async () => [] });
  const swapped = (collection?: typeof blind) =>
    found({
      ...(collection === undefined ? {} : { collection }),
      begin: (world) => {
        world.clock.after(9.6 * HOUR_MS, () => {
          if (collection !== undefined) world.kill(1_000, 0);
          for (const place of world.street.places.keys()) void world.replaceMeter(place);
        });
      },
    });
  expect(await swapped()).toEqual([]);
  expect(kindsOf(await swapped(blind))).toContain('wrong-meter');
});

test('a meter that is left out', async () => {
  const violations = await found({
    collection: (store) => ({
      ...store,
      meters: async () => (await store.meters()).filter(({ id }) => id !== 2),
    }),
  });
  expect([...kindsOf(violations)]).toEqual(['starved']);
});

test('timers that are never cleared', async () => {
  const violations = await found({
    collection: (store, world) => ({
      ...store,
      lastSuccess: (...which) => {
        for (let count = 0; count < 10; count++) world.clock.after(1e12, () => {});
        return store.lastSuccess(...which);
      },
    }),
  });
  expect(kindsOf(violations)).toContain('memory-grows');
});

test('an error that nobody expects', async () => {
  const violations = await found({
    collection: (store) => ({
      ...store,
      coverage: async () => {
        throw new TypeError('planted');
      },
    }),
  });
  expect(kindsOf(violations)).toContain('failure');
});
