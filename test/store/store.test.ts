import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../src/store/types.ts';
import {
  createMeter,
  newMeter,
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

describe('profiles', () => {
  test('rows come back as they went in, also after a restart', async () => {
    const meter = await createMeter(store, 'A1');
    const times = [0, 1, 2].map((i) => T0 + i * QUARTER_MS);
    const covered = { fromMs: T0, toMs: T0 + 3 * QUARTER_MS };
    const rows = profileRows(times, [numbers(10, 20, Number.NaN), numbers(-5, 0, 5)]);
    expect(await store.collection.appendProfile(meter.id, 'energy', rows, covered)).toEqual({ added: 3 });
    await store.close();
    store = await openTestStore(directory);
    expect(plain(await store.readings.profile(meter.id, 'energy', covered))).toEqual(plain(rows));
    expect(await store.readings.coverage(meter.id, 'energy')).toEqual([covered]);
    expect(await store.collection.columns(meter.id, 'energy')).toEqual(rows.columns);
  });

  test('the same row twice adds nothing; another row of the same time is kept', async () => {
    const meter = await createMeter(store, 'A1');
    const append = (value: number) =>
      store.collection.appendProfile(meter.id, 'energy', profileRows([T0], [numbers(value)]), undefined);
    expect(await append(1)).toEqual({ added: 1 });
    expect(await append(1)).toEqual({ added: 0 });
    expect(await append(2)).toEqual({ added: 1 });
    const rows = await store.readings.profile(meter.id, 'energy', { fromMs: T0, toMs: T0 + 1 });
    expect(rows?.values).toEqual([numbers(1, 2)]);
  });
});

describe('secrets', () => {
  test('are given back, shown to nobody and not in the files', async () => {
    const password = new TextEncoder().encode('correct horse battery');
    const key = new TextEncoder().encode('0123456789abcdeF');
    const made = await store.archive.create(
      newMeter('S1', { security: { auth: 'hls-gmac', policy: 'auth-enc' } }),
      { password, encryptionKey: key, authenticationKey: key },
    );
    expect(made).toMatchObject({ hasPassword: true, hasKeys: true });
    await store.configuration.saveSetting('ppp.password', 'apn secret value');
    expect(JSON.stringify(await store.configuration.settings())).not.toContain('apn secret');
    expect(await store.configuration.setting('ppp.password')).toBe('apn secret value');
    const renamed = await store.archive.update(made.id, { meterNo: 'S2' });
    expect(await store.collection.secrets(renamed.id)).toEqual({
      password,
      encryptionKey: key,
      authenticationKey: key,
    });
    for (const file of ['dcu.db', 'dcu.db-wal']) {
      const bytes = readFileSync(join(directory, file)).toString('latin1');
      for (const secret of ['correct horse battery', '0123456789abcdeF', 'apn secret']) {
        expect(bytes).not.toContain(secret);
      }
    }
  });
});
