import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { Store } from '../../src/store/types.ts';
import { openTestStore, removeDirectory, temporaryDirectory } from './fixture.ts';

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

describe('blacklist', () => {
  test('holds a device once, whatever its spelling, also after a restart', async () => {
    const row = await store.blacklist.add('42', 'stolen');
    await expect(store.blacklist.add('000000000042', 'again')).rejects.toMatchObject({
      code: 'conflict',
      field: 'address',
    });
    await store.close();
    store = await openTestStore(directory);
    expect(await store.blacklist.list()).toEqual([row]);
    expect(await store.blacklist.remove(row.id)).toEqual(row);
    expect(await store.blacklist.list()).toEqual([]);
    await expect(store.blacklist.remove(row.id)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('an address that is none is refused', async () => {
    await expect(store.blacklist.add('', 'x')).rejects.toMatchObject({
      code: 'invalid-field',
      field: 'address',
    });
    await expect(store.blacklist.add('4\n2', 'x')).rejects.toMatchObject({ code: 'invalid-field' });
  });
});

describe('found devices', () => {
  const seen = (address: string, seenAt: number, proposal?: unknown) =>
    store.found.note({
      channel: 'reading_module',
      address,
      via: 'report',
      seenAt,
      ...(proposal === undefined ? {} : { proposal }),
    });

  test('are news once; seen again only their time and proposal change', async () => {
    expect(await seen('000000000042', 1000)).toBe(true);
    expect(await seen('000000000042', 2000, { profile: 'idis' })).toBe(false);
    expect(await seen('000000000042', 1500)).toBe(false);
    const { rows, total } = await store.found.list({ limit: 10, offset: 0 });
    expect(total).toBe(1);
    expect(rows[0]).toMatchObject({
      address: '000000000042',
      state: 'new',
      foundAt: 1000,
      seenAt: 2000,
      proposal: { profile: 'idis' },
    });
  });

  test('one that was ignored stays so; one that was accepted and comes back is news', async () => {
    await seen('1', 1);
    await seen('2', 2);
    const [two, one] = (await store.found.list({ limit: 10, offset: 0 })).rows;
    await store.found.setState(one?.id ?? 0, 'ignored');
    await store.found.setState(two?.id ?? 0, 'accepted');
    expect(await seen('1', 3)).toBe(false);
    expect(await seen('2', 4)).toBe(true);
    const states = (await store.found.list({ limit: 10, offset: 0 })).rows.map(({ address, state }) => [
      address,
      state,
    ]);
    expect(states).toEqual([
      ['2', 'new'],
      ['1', 'ignored'],
    ]);
    expect((await store.found.list({ state: 'ignored', limit: 10, offset: 0 })).total).toBe(1);
    expect((await store.found.list({ search: '2', limit: 10, offset: 0 })).rows[0]?.address).toBe('2');
    await expect(store.found.setState(99, 'ignored')).rejects.toMatchObject({ code: 'not-found' });
  });

  test('a flood of strangers is bounded; the one unseen for longest goes first', async () => {
    await seen('first', 0);
    await store.found.setState((await store.found.list({ limit: 1, offset: 0 })).rows[0]?.id ?? 0, 'ignored');
    await Promise.all(Array.from({ length: 4100 }, (_, i) => seen(String(i), i + 1)));
    const { rows, total } = await store.found.list({ limit: 5000, offset: 0 });
    expect(total).toBe(4096);
    expect(rows.map(({ address }) => address)).toContain('first');
    expect(rows.map(({ address }) => address)).not.toContain('4');
    expect(rows.map(({ address }) => address)).toContain('5');
  }, 30_000);
});
