import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { ProfileRows } from '../../src/base/model.ts';
import { dayInterval, monthInterval } from '../../src/base/zone.ts';
import type { Store } from '../../src/store/types.ts';
import {
  column,
  createMeter,
  DAY_MS,
  numbers,
  openTestStore,
  plain,
  profileRows,
  QUARTER_MS,
  removeDirectory,
  temporaryDirectory,
} from './fixture.ts';

let directory: string;
let store: Store;

beforeEach(async () => {
  directory = temporaryDirectory();
  store = await openTestStore(directory);
});

afterEach(async () => {
  await store.close();
  removeDirectory(directory);
});

const T0 = Date.UTC(2026, 0, 5);
const ALL = { fromMs: 0, toMs: Date.UTC(2100, 0, 1) };

/** Rows as `time values…` lines, in order. */
function lines(rows: ProfileRows | undefined): string[] {
  return [...(rows?.times ?? [])].map((time, i) =>
    [time, ...(rows?.values ?? []).map(({ values }) => String(values[i]))].join(' '),
  );
}

describe('rows', () => {
  test('the store holds the set of all rows, however often and in whatever pieces they come', async () => {
    const row = fc.tuple(
      fc.integer({ min: 0, max: 250 }),
      fc.integer({ min: 0, max: 2 }),
      fc.bigInt(0n, 2n ** 64n - 1n),
    );
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { maxLength: 30 }), { maxLength: 6 }), async (deliveries) => {
        const meter = await createMeter(store, `P${count++}`);
        let added = 0;
        const expected = new Set<string>();
        for (const rows of deliveries) {
          const times = rows.map(([slot]) => T0 + slot * QUARTER_MS);
          const values = [
            numbers(...rows.map(([, value]) => value)),
            { kind: 'bigint' as const, values: rows.map(([, , big]) => big) },
          ];
          added += (
            await store.collection.appendProfile(meter.id, 'energy', profileRows(times, values), undefined)
          ).added;
          for (const [i, [, value, big]] of rows.entries()) expected.add(`${times[i]} ${value} ${big}`);
        }
        const stored = lines(await store.readings.profile(meter.id, 'energy', ALL));
        expect(stored.toSorted()).toEqual([...expected].toSorted());
        expect(added).toBe(expected.size);
        const times = stored.map((line) => Number(line.split(' ')[0]));
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
  });

  test('numbers and bigints of the same value are the same row', async () => {
    const meter = await createMeter(store, 'A1');
    const append = (values: ProfileRows['values']) =>
      store.collection.appendProfile(meter.id, 'energy', profileRows([T0], values), undefined);
    expect(await append([numbers(7)])).toEqual({ added: 1 });
    expect(await append([{ kind: 'bigint', values: [7n] }])).toEqual({ added: 0 });
  });

  test('without a valid time, or of uneven columns, are refused whole', async () => {
    const meter = await createMeter(store, 'A1');
    const append = (rows: ProfileRows) =>
      store.collection.appendProfile(meter.id, 'energy', rows, { fromMs: T0, toMs: T0 + 1 });
    for (const time of [Number.NaN, -1, 0.5, 8.64e15 + 1, Number.POSITIVE_INFINITY]) {
      await expect(append(profileRows([T0, time], [numbers(1, 2)]))).rejects.toMatchObject({
        code: 'invalid-argument',
      });
    }
    await expect(append(profileRows([T0, T0 + 1], [numbers(1)]))).rejects.toMatchObject({
      code: 'invalid-argument',
    });
    expect(await store.readings.profile(meter.id, 'energy', ALL)).toBeUndefined();
    expect(await store.readings.coverage(meter.id, 'energy')).toEqual([]);
  });

  test.each([
    [0, Number.MAX_SAFE_INTEGER],
    [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    [-8.64e15, 8.64e15],
    [-1, 9e15],
  ])('are all within an interval from %p to %p, whatever their kind', async (fromMs, toMs) => {
    const meter = await createMeter(store, 'A1');
    const times = [0, T0, Date.UTC(2026, 1, 1)];
    for (const kind of ['energy', 'demand', 'billing'] as const) {
      await store.collection.appendProfile(meter.id, kind, profileRows(times, [numbers(1, 2, 3)]), undefined);
      const rows = await store.readings.profile(meter.id, kind, { fromMs, toMs });
      expect([kind, ...(rows?.times ?? [])]).toEqual([kind, ...times]);
    }
    await store.collection.appendEvents(
      meter.id,
      'fraud',
      [{ time: T0, code: 1, clockStatus: 0, extra: {} }],
      undefined,
    );
    expect((await store.readings.events(meter.id, { interval: { fromMs, toMs } })).total).toBe(1);
    const everything = { fromMs, toMs };
    expect(await store.readings.counts(everything, everything)).toMatchObject({
      energy: 3,
      demand: 3,
      billing: 3,
    });
    await expect(
      store.readings.profile(meter.id, 'billing', { fromMs, toMs: Number.NaN }),
    ).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  test('of a removed meter are gone, and it takes no new ones', async () => {
    const meter = await createMeter(store, 'A1');
    const rows = profileRows([T0], [numbers(1)]);
    await store.collection.appendProfile(meter.id, 'energy', rows, ALL);
    await store.collection.appendEvents(
      meter.id,
      'fraud',
      [{ time: T0, code: 1, clockStatus: 0, extra: {} }],
      ALL,
    );
    await store.archive.remove(meter.id);
    expect(await store.readings.totals()).toEqual({ profileRows: 0, billingRows: 0, eventRows: 0 });
    expect(await store.readings.coverage(meter.id, 'energy')).toEqual([]);
    await expect(store.collection.appendProfile(meter.id, 'energy', rows, ALL)).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

describe('layouts', () => {
  const A = column('1.0.1.8.0.255');
  const B = column('1.0.2.8.0.255');
  const C = column('1.0.3.8.0.255');

  test('changed columns make a new layout; old rows stay readable beside the new', async () => {
    const meter = await createMeter(store, 'A1');
    const append = (rows: ProfileRows) => store.collection.appendProfile(meter.id, 'energy', rows, undefined);
    await append(profileRows([T0], [numbers(1), numbers(2)], [A, B]));
    await append(profileRows([T0 + 1000], [numbers(4), numbers(3)], [C, A]));
    expect(await store.collection.columns(meter.id, 'energy')).toEqual([C, A]);
    const rows = await store.readings.profile(meter.id, 'energy', ALL);
    expect(plain(rows)).toMatchObject({
      columns: [C, A, B],
      times: [T0, T0 + 1000],
      values: [{ values: [null, 4] }, { values: [1, 3] }, { values: [2, null] }],
    });
  });

  test('another scaler is another column: raw integers of different meaning never share one', async () => {
    const meter = await createMeter(store, 'A1');
    const scaled = { ...A, scaler: 3 };
    await store.collection.appendProfile(meter.id, 'energy', profileRows([T0], [numbers(5)], [A]), undefined);
    await store.collection.appendProfile(
      meter.id,
      'energy',
      profileRows([T0 + 1], [numbers(5)], [scaled]),
      undefined,
    );
    const rows = await store.readings.profile(meter.id, 'energy', ALL);
    expect(rows?.columns).toEqual([scaled, A]);
  });

  test('a row that was read again under new columns shows once', async () => {
    const meter = await createMeter(store, 'A1');
    await store.collection.appendProfile(
      meter.id,
      'energy',
      profileRows([T0, T0 + 1], [numbers(5, 6)], [A]),
      undefined,
    );
    await store.collection.appendProfile(
      meter.id,
      'energy',
      profileRows([T0, T0 + 1], [numbers(5, 7), numbers(1, 1)], [A, B]),
      undefined,
    );
    const rows = await store.readings.profile(meter.id, 'energy', ALL);
    expect(lines(rows).toSorted()).toEqual([`${T0 + 1} 6 NaN`, `${T0 + 1} 7 1`, `${T0} 5 1`].toSorted());
  });

  test('a column that turns from numbers to octet strings keeps both', async () => {
    const meter = await createMeter(store, 'A1');
    const bytes = Uint8Array.of(1, 2);
    await store.collection.appendProfile(meter.id, 'energy', profileRows([T0], [numbers(5)], [A]), undefined);
    await store.collection.appendProfile(
      meter.id,
      'energy',
      profileRows([T0 + 1], [{ kind: 'bytes', values: [bytes] }], [A]),
      undefined,
    );
    const rows = await store.readings.profile(meter.id, 'energy', ALL);
    expect(rows?.columns).toEqual([A, A]);
    expect(rows?.values.map(({ kind }) => kind)).toEqual(['bytes', 'number']);
  });

  test('of meters with the same columns are stored once', async () => {
    for (const name of ['A1', 'A2', 'A3']) {
      const meter = await createMeter(store, name);
      await store.collection.appendProfile(
        meter.id,
        'energy',
        profileRows([T0], [numbers(5)], [A]),
        undefined,
      );
      expect(await store.collection.columns(meter.id, 'energy')).toEqual([A]);
    }
  });
});

describe('coverage', () => {
  test('is the union of what was asked for, sorted and disjoint', async () => {
    const interval = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }));
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(interval, { maxLength: 12 }), async (intervals) => {
        const meter = await createMeter(store, `C${count++}`);
        const covered = new Set<number>();
        for (const [fromMs, toMs] of intervals) {
          await store.collection.appendEvents(meter.id, 'relay', [], { fromMs, toMs });
          for (let at = fromMs; at < toMs; at++) covered.add(at);
        }
        const stored = await store.readings.coverage(meter.id, 'relay');
        const points = stored.flatMap(({ fromMs, toMs }) =>
          Array.from({ length: toMs - fromMs }, (_, i) => fromMs + i),
        );
        expect(points).toEqual([...covered].toSorted((a, b) => a - b));
        // Touching ones are one.
        expect(
          stored.every(({ toMs }, i) => toMs < (stored[i + 1]?.fromMs ?? Number.POSITIVE_INFINITY)),
        ).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('counts', () => {
  test.each(['UTC', 'Asia/Kathmandu', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Kiritimati'])(
    'are right for days and months of %s',
    async (zone) => {
      const first = Date.UTC(2026, 2, 27);
      const times = Array.from({ length: 5 * 96 }, (_, i) => first + i * QUARTER_MS);
      for (const name of ['A1', 'A2']) {
        const meter = await createMeter(store, name);
        const rows = profileRows(times, [numbers(...times.map((_, i) => i))]);
        await store.collection.appendProfile(meter.id, 'energy', rows, undefined);
        const monthly = [1, 2, 3, 4, 5].map((month) => Date.UTC(2026, month, 1));
        await store.collection.appendProfile(
          meter.id,
          'billing',
          profileRows(monthly, [numbers(1, 2, 3, 4, 5)]),
          undefined,
        );
      }
      for (let noon = first + DAY_MS / 2; noon < first + 5 * DAY_MS; noon += DAY_MS) {
        const day = dayInterval(noon, zone);
        const counts = await store.readings.counts(day, monthInterval(noon, zone));
        expect(counts.energy).toBe(2 * times.filter((time) => time >= day.fromMs && time < day.toMs).length);
        expect(counts.meters).toBe(2);
        const month = monthInterval(noon, zone);
        const billing = [1, 2, 3, 4, 5].filter((m) => {
          const time = Date.UTC(2026, m, 1);
          return time >= month.fromMs && time < month.toMs;
        });
        expect(counts.billing).toBe(2 * billing.length);
      }
    },
  );
});

describe('events', () => {
  const event = (time: number, code: number, extra: Record<string, string> = {}) => ({
    time,
    code,
    clockStatus: 0,
    extra,
  });

  test('equal entries of one delivery are several events, the same delivery again is none', async () => {
    const meter = await createMeter(store, 'A1');
    const delivery = [event(T0, 3), event(T0, 3), event(T0, 4, { b: '2', a: '1' })];
    const append = () => store.collection.appendEvents(meter.id, 'standard', delivery, undefined);
    expect(await append()).toEqual({ added: 3 });
    expect(await append()).toEqual({ added: 0 });
    expect(
      await store.collection.appendEvents(
        meter.id,
        'standard',
        [event(T0, 4, { a: '1', b: '2' })],
        undefined,
      ),
    ).toEqual({ added: 0 });
    const page = await store.readings.events(meter.id, { log: 'standard', limit: 2 });
    expect(page.total).toBe(3);
    expect(page.rows.length).toBe(2);
  });
});

describe('retention', () => {
  test('drops what is older than the settings say, and keeps the rest and the coverage', async () => {
    const meter = await createMeter(store, 'A1');
    const now = Date.UTC(2026, 5, 1);
    const times = Array.from({ length: 100 }, (_, i) => now - (i + 0.5) * DAY_MS).reverse();
    await store.collection.appendProfile(
      meter.id,
      'energy',
      profileRows(times, [numbers(...times.map((_, i) => i))]),
      { fromMs: 0, toMs: now },
    );
    const monthly = Array.from({ length: 20 }, (_, i) => Date.UTC(2024, 10 + i, 1));
    await store.collection.appendProfile(
      meter.id,
      'billing',
      profileRows(monthly, [numbers(...monthly.map((_, i) => i))]),
      undefined,
    );
    await store.collection.appendEvents(
      meter.id,
      'fraud',
      [event(now - 500 * DAY_MS), event(now - 300 * DAY_MS)],
      undefined,
    );
    await store.applyRetention(now);
    const energy = await store.readings.profile(meter.id, 'energy', ALL);
    expect(energy?.times[0]).toBeGreaterThan(now - 93 * DAY_MS);
    expect(energy?.times.length).toBe(92);
    // A year's chunk goes as a whole, so that 2024 is dropped and 2025 is not.
    const billing = await store.readings.profile(meter.id, 'billing', ALL);
    expect(billing?.times[0]).toBe(Date.UTC(2025, 0, 1));
    expect((await store.readings.events(meter.id, {})).total).toBe(1);
    expect(await store.readings.coverage(meter.id, 'energy')).toEqual([{ fromMs: 0, toMs: now }]);
  });

  const event = (time: number) => ({ time, code: 1, clockStatus: 0, extra: {} });
});
