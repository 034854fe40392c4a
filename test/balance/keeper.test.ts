import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { BalanceKeeper } from '../../src/balance/keeper.ts';
import { balanceOf } from '../../src/base/balance.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { NewMeter } from '../../src/base/model.ts';
import type { Store } from '../../src/store/types.ts';
import {
  column,
  createMeter,
  DAY_MS,
  newMeter,
  numbers,
  openTestStore,
  profileRows,
  QUARTER_MS,
  removeDirectory,
  temporaryDirectory,
} from '../store/fixture.ts';

const START = Date.UTC(2026, 2, 29);
const NOW = START + 2 * DAY_MS;
const at = (quarter: number): number => START + quarter * QUARTER_MS;

let directory: string;
let store: Store;
let clock: VirtualClock;
let keeper: BalanceKeeper;

beforeEach(async () => {
  directory = temporaryDirectory();
  clock = new VirtualClock(NOW);
  store = await openTestStore(directory, { clock });
  keeper = new BalanceKeeper({ store: store.balances, clock, log: silentLog });
});

afterEach(async () => {
  await keeper.stop();
  await store.close();
  removeDirectory(directory);
});

async function meter(meterNo: string, change: Partial<NewMeter> = {}): Promise<number> {
  const made = await createMeter(store, meterNo, change);
  keeper.metersChanged();
  return made.id;
}

async function rows(meterId: number, quarters: readonly number[], values: readonly number[]): Promise<void> {
  const read = profileRows(quarters.map(at), [numbers(...values)], [column('1.0.1.8.0.255')]);
  await store.collection.appendProfile(meterId, 'energy', read, undefined);
  keeper.rowsCame();
}

const all = { fromMs: 0, toMs: NOW + DAY_MS };
async function balances(meterId: number): Promise<readonly (readonly number[])[]> {
  await keeper.settle();
  const intervals = await store.balances.intervals(meterId, all);
  return intervals.map((one) => [(one.toMs - START) / QUARTER_MS, balanceOf(one), one.counted, one.expected]);
}

describe('the keeper of balances', () => {
  test('follows rows as they come, also over midnight, and late ones', async () => {
    const total = await meter('100', { balance: true });
    const [a, b] = [await meter('1'), await meter('2')];
    await rows(total, [94, 95, 96, 97], [0, 100, 200, 300]);
    await rows(a, [94, 95, 96, 97], [0, 40, 80, 120]);
    await rows(b, [94, 95, 97], [0, 30, 90]);
    expect(await balances(total)).toEqual([
      [95, 30, 2, 2],
      [96, 60, 1, 2],
      [97, 60, 1, 2],
    ]);
    await rows(b, [96], [55]);
    expect(await balances(total)).toEqual([
      [95, 30, 2, 2],
      [96, 35, 2, 2],
      [97, 25, 2, 2],
    ]);
  });

  test('the last row of a day is where the first interval of the next begins', async () => {
    const total = await meter('100', { balance: true });
    const below = await meter('1');
    await rows(total, [95, 96], [0, 100]);
    await rows(below, [94, 96], [0, 70]);
    expect(await balances(total)).toEqual([[96, 100, 0, 1]]);
    await rows(below, [95], [0]);
    expect(await balances(total)).toEqual([[96, 30, 1, 1]]);
  });

  test('a day to which rows come while it is worked out stays due', async () => {
    const total = await meter('100', { balance: true });
    await rows(total, [0], [0]);
    const [seen] = await store.balances.due(1);
    await rows(total, [1], [5]);
    if (seen === undefined) throw new Error('nothing is due');
    await store.balances.done(seen);
    const [still] = await store.balances.due(1);
    expect(still).toEqual({ day: seen.day, mark: seen.mark + 1 });
    await store.balances.done({ day: seen.day, mark: seen.mark + 1 });
    expect(await store.balances.due(1)).toEqual([]);
  });

  test('a meter that is removed while its balance is worked out leaves nothing behind', async () => {
    const total = await meter('100', { balance: true });
    await rows(total, [0, 1], [0, 100]);
    await keeper.settle();
    const worked = await store.balances.intervals(total, all);
    await store.archive.remove(total);
    await store.balances.save(total, Math.floor(START / DAY_MS), worked);
    expect(await store.balances.intervals(total, all)).toEqual([]);
  });

  test('works by itself once rows have come, and goes on after a restart', async () => {
    const total = await meter('100', { balance: true });
    keeper.start();
    await clock.advance(1000);
    await rows(total, [0, 1], [0, 100]);
    expect(await store.balances.intervals(total, all)).toEqual([]);
    await clock.advance(11_000);
    expect(await store.balances.intervals(total, all)).toHaveLength(1);
    await rows(total, [2], [250]);
    await keeper.stop();
    keeper = new BalanceKeeper({ store: store.balances, clock, log: silentLog });
    keeper.start();
    for (let i = 0; i < 20; i++) await clock.advance(50);
    expect((await store.balances.intervals(total, all)).map(balanceOf)).toEqual([100, 150]);
    expect(await store.balances.due(10)).toEqual([]);
  });

  test('says of several balance meters who is below which', async () => {
    const [east, west] = [await meter('E', { balance: true }), await meter('W', { balance: true })];
    const a = await meter('1', { balanceMeter: 'E' });
    const b = await meter('2', { balanceMeter: 'W' });
    const nowhere = [await meter('3'), await meter('4', { balanceMeter: '-' })];
    for (const id of [east, west, a, b, ...nowhere]) await rows(id, [0, 1], [0, id * 10]);
    expect(await balances(east)).toEqual([[1, (east - a) * 10, 1, 1]]);
    expect(await balances(west)).toEqual([[1, (west - b) * 10, 1, 1]]);
    expect(await store.balances.transformers()).toMatchObject([
      { meterNo: 'E', members: 1, last: { toMs: at(1) } },
      { meterNo: 'W', members: 1 },
    ]);
    // From one to the other: from now on, and not before.
    await store.archive.update(a, { balanceMeter: 'W' });
    keeper.metersChanged();
    await rows(west, [2], [100]);
    expect(await balances(west)).toEqual([
      [1, (west - b) * 10, 1, 1],
      [2, 100 - west * 10, 0, 1],
    ]);
    expect(await balances(east)).toEqual([[1, (east - a) * 10, 1, 1]]);
  });

  test('keeps what was: a meter that moves, goes, or is replaced', async () => {
    const total = await meter('100', { balance: true });
    const [mover, leaver, old] = [await meter('1'), await meter('2'), await meter('3')];
    const quarters = [0, 1, 191, 192, 193];
    for (const id of [total, mover, leaver, old]) await rows(id, quarters, [0, 100, 200, 300, 400]);
    const first = await balances(total);
    expect(first).toEqual([
      [1, -200, 3, 3],
      [192, -200, 3, 3],
      [193, -200, 3, 3],
    ]);
    // It is quarter 192 now.
    await store.archive.update(mover, { balanceMeter: '-' });
    await store.archive.remove(leaver);
    const made = await store.archive.replace(old, { meterNo: '4', installedAt: at(191) }, {});
    keeper.metersChanged();
    await rows(made.id, [192, 193], [7, 57]);
    expect(await balances(total)).toEqual([
      [1, -200, 3, 3],
      // What was read of the one that is gone is gone with it; the rest of what was worked out stays as long as nothing new comes.
      [192, 0, 1, 3],
      [193, 50, 1, 1],
    ]);
  });

  test('a balance meter that is marked late has the balances of before, and one that is deleted none', async () => {
    const [total, a] = [await meter('100'), await meter('1')];
    await rows(total, [0, 1], [0, 100]);
    await rows(a, [0, 1], [0, 70]);
    expect(await balances(total)).toEqual([]);
    await store.archive.update(total, { balance: true });
    keeper.metersChanged();
    expect(await balances(total)).toEqual([[1, 30, 1, 1]]);
    await store.archive.remove(total);
    keeper.metersChanged();
    expect(await balances(total)).toEqual([]);
    expect(await store.balances.transformers()).toEqual([]);
  });

  test('the successor of a balance meter goes on with those below', async () => {
    const total = await meter('100', { balance: true });
    const a = await meter('1', { balanceMeter: '100' });
    await rows(total, [0, 1], [0, 100]);
    await rows(a, [0, 1, 192, 193], [0, 70, 80, 90]);
    expect(await balances(total)).toEqual([[1, 30, 1, 1]]);
    const next = await store.archive.replace(total, { meterNo: '101', installedAt: at(191) }, {});
    keeper.metersChanged();
    await rows(next.id, [190, 191, 192, 193], [5000, 5000, 5011, 5022]);
    expect(await balances(next.id)).toEqual([
      [192, 11, 0, 1],
      [193, 1, 1, 1],
    ]);
    expect(await balances(total)).toEqual([[1, 30, 1, 1]]);
    const places = await store.balances.places(all);
    expect(places.find(({ meterId, balanceId }) => meterId === a && balanceId === total)?.toMs).toBe(at(191));
  });

  test('is owed to whom it may concern, and again only what has changed', async () => {
    await store.outbox.open('mqtt');
    const total = await meter('100', { balance: true });
    const below = await meter('1');
    const owed = async () => {
      const items = await store.outbox.take('mqtt', { nowMs: NOW, inWindow: true, without: [], limit: 100 });
      await store.outbox.acknowledge(
        'mqtt',
        items.map(({ id }) => id),
      );
      return items.flatMap(({ meterId, content }) =>
        content.kind === 'balance' ? [[meterId, content.intervals.map(balanceOf)]] : [],
      );
    };
    await rows(total, [0, 1, 2, 3], [0, 100, 200, 300]);
    await rows(below, [0, 1], [0, 90]);
    await keeper.settle();
    expect(await owed()).toEqual([[total, [10, 100, 100]]]);
    await rows(below, [2], [150]);
    await keeper.settle();
    expect(await owed()).toEqual([[total, [40]]]);
    keeper.metersChanged();
    await keeper.settle();
    expect(await owed()).toEqual([]);
  });

  test('goes with the profiles that it was worked out from', async () => {
    const total = await meter('100', { balance: true });
    await rows(total, [0, 1], [0, 100]);
    expect(await balances(total)).toHaveLength(1);
    await store.applyRetention(NOW + 93 * DAY_MS);
    expect(await balances(total)).toEqual([]);
  });
});

describe('the place of a meter', () => {
  const refused = (field: string) => expect.objectContaining({ code: 'invalid-field', field });

  test('is checked', async () => {
    await createMeter(store, 'A', { balance: true });
    const plain = await createMeter(store, '1', { balanceMeter: 'A' });
    const a = (await store.archive.list({ search: 'A' })).rows[0]?.id ?? 0;
    const { archive } = store;
    expect(archive.create(newMeter('2', { balanceMeter: '1' }), {})).rejects.toEqual(refused('balanceMeter'));
    expect(archive.update(a, { balanceMeter: 'A' })).rejects.toEqual(refused('balanceMeter'));
    expect(archive.update(a, { balance: false })).rejects.toEqual(refused('balance'));
    expect(archive.update(plain.id, { balanceMeter: 'nobody' })).rejects.toEqual(refused('balanceMeter'));
    await archive.update(a, { meterNo: 'B' });
    expect((await archive.get(plain.id))?.balanceMeter).toBe('B');
    await archive.remove(a);
    expect((await archive.get(plain.id))?.balanceMeter).toBe('-');
  });

  test('a file may bring a balance meter with those below it, and not without', async () => {
    const row = (line: number, meterNo: string, fields: object) => ({
      line,
      meterNo,
      fields: { channel: 'tcp_meters', ...fields },
      address: { host: `10.0.0.${line}`, port: 4059 },
      security: {},
      secrets: {},
      problems: [],
    });
    const below = row(2, '1', { balanceMeter: 'A' });
    const options = { update: true, soundOnly: false };
    const alone = await store.archive.import([below], options);
    expect(alone.rows[0]?.problems).toMatchObject([{ field: 'balanceMeter' }]);
    const both = await store.archive.import([below, row(3, 'A', { balance: true })], options);
    expect(both.applied).toBe(true);
    const loosened = await store.archive.import([row(3, 'A', { balance: false })], options);
    expect(loosened.rows[0]?.problems).toMatchObject([{ field: 'balance' }]);
    const cleared = await store.archive.import(
      [row(2, '1', { balanceMeter: null }), row(3, 'A', {})],
      options,
    );
    expect(cleared.rows.map(({ action, changes }) => [action, changes.length])).toEqual([
      ['update', 1],
      ['unchanged', 0],
    ]);
  });
});
