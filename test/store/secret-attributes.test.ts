import { afterEach, beforeEach, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemRandom } from '../../src/base/random.ts';
import { openVault } from '../../src/security/vault.ts';
import { Database } from '../../src/store/database.ts';
import { DATABASE_FILE } from '../../src/store/open-database.ts';
import type { Store } from '../../src/store/types.ts';
import { openTestStore, removeDirectory, temporaryDirectory } from './fixture.ts';

const KEY = '00112233445566778899aabbccddeeff';

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

async function attribute(key: string, channel = 'tcp_server') {
  const found = (await store.configuration.channelAttributes(channel)).find((row) => row.key === key);
  if (found === undefined) throw new Error(`${channel} has no ${key}`);
  return found;
}

const fieldOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing',
    (error: unknown) => (error instanceof Error && 'field' in error ? error.field : error),
  );

test('a secret is sealed on disk, is not shown, and comes back by its channel alone', async () => {
  const { configuration } = store;
  const saved = await configuration.saveChannelAttribute({
    ...(await attribute('hes.encryption.key')),
    value: KEY,
  });
  expect(saved.value).toBe('***');
  expect((await attribute('hes.encryption.key')).value).toBe('***');
  expect((await attribute('hes.master.key')).value).toBe('');
  expect(await configuration.channelSecret('tcp_server', 'hes.encryption.key')).toBe(KEY);
  expect(await configuration.channelSecret('tcp_server_gui', 'hes.encryption.key')).toBeUndefined();
  await store.close();
  const bytes = readFileSync(join(directory, DATABASE_FILE)).toString('latin1');
  expect(bytes).not.toContain(KEY);
  store = await openTestStore(directory);
  expect(await store.configuration.channelSecret('tcp_server', 'hes.encryption.key')).toBe(KEY);
});

test('a secret stays with its channel under a new name, and is kept when it is saved as it is shown', async () => {
  const { configuration } = store;
  await configuration.changeChannelAttributes('tcp_server', { 'hes.password': 'Word-1' });
  const channel = (await configuration.channels()).find(({ name }) => name === 'tcp_server');
  if (channel === undefined) throw new Error('no such channel');
  await configuration.saveChannel({ ...channel, name: 'north' });
  await configuration.saveChannelAttribute({ ...(await attribute('hes.password', 'north')) });
  expect(await configuration.channelSecret('north', 'hes.password')).toBe('Word-1');
});

test('a change of several attributes is made whole or not at all', async () => {
  const { configuration } = store;
  const before = await configuration.channelAttributes('tcp_server');
  const broken = { 'hes.encryption.key': KEY, port: '4059', 'hes.client': '16' };
  expect(await fieldOf(configuration.changeChannelAttributes('tcp_server', broken))).toBe('hes.client');
  expect(await configuration.channelAttributes('tcp_server')).toEqual(before);
  const key = configuration.changeChannelAttributes('tcp_server', { port: '1', 'hes.master.key': 'short' });
  expect(await fieldOf(key)).toBe('hes.master.key');
  expect(await configuration.channelAttributes('tcp_server')).toEqual(before);
});

test('a protocol has no secrets', async () => {
  const secret = { owner: 'dlms_up_server', key: 'hes.password', value: 'Word-1', description: '' };
  expect(await fieldOf(store.configuration.saveProtocolAttribute(secret))).toBe('key');
});

test('what was a setting of all head-ends becomes an attribute of the channel on which they dial in, once', async () => {
  await store.configuration.changeChannelAttributes('tcp_server', { 'hes.authentication.key': KEY });
  await store.close();
  const vault = openVault(directory, systemRandom);
  const old = new Map([
    ['hes.password', 'Word-1'],
    ['hes.encryption.key', ''],
    ['hes.authentication.key', 'ffeeddccbbaa99887766554433221100'],
  ]);
  const db = new Database(join(directory, DATABASE_FILE));
  for (const [key, value] of old) {
    const sealed = value === '' ? '' : await vault.seal(new TextEncoder().encode(value), `setting/${key}`);
    db.run("INSERT INTO settings (key, value, description) VALUES (?, ?, '')", [key, sealed]);
  }
  db.close();
  for (let start = 0; start < 2; start++) {
    store = await openTestStore(directory);
    const { configuration } = store;
    expect(await configuration.channelSecret('tcp_server', 'hes.password')).toBe('Word-1');
    expect(await configuration.channelSecret('tcp_server', 'hes.encryption.key')).toBeUndefined();
    expect(await configuration.channelSecret('tcp_server', 'hes.authentication.key')).toBe(KEY);
    expect((await configuration.settings()).filter(({ key }) => old.has(key))).toEqual([]);
    if (start === 0) await store.close();
  }
});

test('attributes that a newer program has come into a store that is there', async () => {
  await store.close();
  const db = new Database(join(directory, DATABASE_FILE));
  db.run("DELETE FROM channel_attributes WHERE key LIKE 'hes.%' OR owner = 'tcp_server_gui'");
  db.run("UPDATE channel_attributes SET value = '4059' WHERE owner = 'tcp_server' AND key = 'port'");
  db.close();
  store = await openTestStore(directory);
  expect((await attribute('hes.master.key')).value).toBe('');
  expect((await attribute('port')).value).toBe('4059');
  expect((await attribute('host', 'tcp_server_gui')).value).toBe('127.0.0.1');
});
