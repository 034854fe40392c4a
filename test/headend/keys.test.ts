import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import type { DlmsClient } from '../../src/channels/dlms-client.ts';
import type { AssociationConfig } from '../../src/dlms/client.ts';
import { activatePolicy, transferKeys } from '../../src/dlms/cosem/key-management.ts';
import { octetString } from '../../src/dlms/values.ts';
import {
  AUTHENTICATION_KEY,
  ENCRYPTION_KEY,
  elements,
  openServed,
  readValue,
  type ServedHouse,
} from './served.ts';

setDefaultTimeout(60_000);

const MASTER_KEY = '0f0e0d0c0b0a09080706050403020100';
const NEW_ENCRYPTION_KEY = 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf';
const NEW_AUTHENTICATION_KEY = 'b0b1b2b3b4b5b6b7b8b9babbbcbdbebf';
const SAPS = { classId: 17, obis: '0.0.41.0.0.255', attribute: 2 };
const setup = (attribute: number) => ({ classId: 64, obis: '0.0.43.0.0.255', attribute });
const association = (attribute: number) => ({ classId: 15, obis: '0.0.40.0.0.255', attribute });
const bytes = (hex: string): Uint8Array => Uint8Array.fromHex(hex);

let served: ServedHouse;
beforeEach(async () => {
  served = await openServed({ meters: 1 });
  await served.attributes({
    'hes.auth': 'hls-gmac',
    'hes.rights': 'full',
    'hes.encryption.key': ENCRYPTION_KEY,
    'hes.authentication.key': AUTHENTICATION_KEY,
    'hes.master.key': MASTER_KEY,
  });
});
afterEach(() => served.end());

/** The head-end under its new keys, whose counters begin anew. */
function renewed(first = 1): Partial<AssociationConfig> {
  let counter = first;
  return {
    ...served.ciphered,
    encryptionKey: bytes(NEW_ENCRYPTION_KEY),
    authenticationKey: bytes(NEW_AUTHENTICATION_KEY),
    nextInvocationCounter: () => counter++,
  };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'none';
}

const secret = (key: string, channel = 'tcp_server'): Promise<string | undefined> =>
  served.house.concentrator.store.configuration.channelSecret(channel, key);

async function logged(type: string): Promise<string[]> {
  const { rows } = await served.house.concentrator.store.logbook.list({ limit: 100, offset: 0 });
  return rows.filter((row) => row.type === type).map(({ detail }) => detail);
}

async function transfer(
  client: DlmsClient,
  keys: Parameters<typeof transferKeys>[2] = {
    encryptionKey: bytes(NEW_ENCRYPTION_KEY),
    authenticationKey: bytes(NEW_AUTHENTICATION_KEY),
  },
  masterKey = MASTER_KEY,
): Promise<string> {
  const { method, parameter } = transferKeys(0, bytes(masterKey), keys);
  return (await client.action(method, parameter)).result;
}

test('keys that the head-end transfers are on disk when it is told, and hold from then on', async () => {
  const client = await served.associate(1, served.ciphered);
  expect(await transfer(client)).toBe('success');
  expect(await secret('hes.encryption.key')).toBe(NEW_ENCRYPTION_KEY);
  expect(await secret('hes.authentication.key')).toBe(NEW_AUTHENTICATION_KEY);
  expect(await codeOf(client.get(SAPS))).not.toBe('none');
  await served.hangUp();
  expect(await codeOf(served.associate(1, served.ciphered))).not.toBe('none');
  const next = await served.associate(1, renewed());
  expect(elements(await readValue(next, SAPS))).toHaveLength(2);
  const told = await logged('parameters-changed');
  expect(told).toEqual([
    'tcp_server hes.encryption.key, tcp_server hes.authentication.key by the head-end on tcp_server, 127.0.0.1, client 1',
  ]);
  const { rows } = await served.house.concentrator.store.audit.list({ limit: 10, offset: 0 });
  expect(rows.map(({ subject, detail }) => `${subject}: ${detail}`)).toContain(
    'tcp_server hes.encryption.key: replaced',
  );
  for (const key of [ENCRYPTION_KEY, NEW_ENCRYPTION_KEY, NEW_AUTHENTICATION_KEY, MASTER_KEY]) {
    expect(JSON.stringify([told, rows, served.house.told])).not.toContain(key);
  }
});

test('a new key begins with fresh counters, and none of the old key is accepted again when that comes back', async () => {
  const client = await served.associate(1, served.ciphered);
  await readValue(client, SAPS);
  await transfer(client);
  await served.hangUp();
  const next = await served.associate(1, renewed());
  await readValue(next, SAPS);
  expect(
    await transfer(next, {
      encryptionKey: bytes(ENCRYPTION_KEY),
      authenticationKey: bytes(AUTHENTICATION_KEY),
    }),
  ).toBe('success');
  await served.hangUp();
  await served.house.restart();
  let counter = 1;
  const again = { ...served.ciphered, nextInvocationCounter: () => counter++ };
  expect(await codeOf(served.associate(1, again))).toBe('exception-response');
  const last = await served.associate(1, served.ciphered);
  expect(elements(await readValue(last, SAPS))).toHaveLength(2);
});

test('a transfer that names one key wrongly changes none', async () => {
  const client = await served.associate(1, served.ciphered);
  expect(await transfer(client, undefined, 'ffffffffffffffffffffffffffffffff')).toBe('other-reason');
  const broadcast = { encryptionKey: bytes(NEW_ENCRYPTION_KEY), broadcastKey: bytes(NEW_ENCRYPTION_KEY) };
  expect(await transfer(client, broadcast)).toBe('other-reason');
  expect(await secret('hes.encryption.key')).toBe(ENCRYPTION_KEY);
  expect(elements(await readValue(client, SAPS))).toHaveLength(2);
});

test('without a master key none can be transferred; the master key itself can', async () => {
  const client = await served.associate(1, served.ciphered);
  expect(await transfer(client, { masterKey: bytes(NEW_ENCRYPTION_KEY) })).toBe('success');
  expect(await transfer(client)).toBe('other-reason');
  expect(await transfer(client, { encryptionKey: bytes(ENCRYPTION_KEY) }, NEW_ENCRYPTION_KEY)).toBe(
    'success',
  );
  await served.attributes({ 'hes.master.key': '' });
  const other = await served.associate(1, served.ciphered);
  expect(await transfer(other)).toBe('object-unavailable');
});

test('what the same head-end had open elsewhere ends with its old keys; who reads beside it goes on', async () => {
  await served.attributes({
    'hes.reader.client': '2',
    'hes.reader.auth': 'lls',
    'hes.reader.password': 'Reader-1',
  });
  const reader = await served.associate(1, { client: 2, password: new TextEncoder().encode('Reader-1') });
  const elsewhere = await served.associate(1, served.ciphered);
  const silent = await served.dial();
  const client = await served.associate(1, served.ciphered);
  expect(await transfer(client)).toBe('success');
  expect(await codeOf(elsewhere.get(SAPS))).toMatch(/^(?:link-closed|channel-lost)$/);
  expect(await codeOf(served.associate(1, served.ciphered, silent))).not.toBe('none');
  expect(elements(await readValue(reader, SAPS))).toHaveLength(2);
  expect(await logged('hes-refused')).toEqual([]);
});

test('the policy is raised, holds, and stays raised after a restart', async () => {
  await served.attributes({ 'hes.policy': 'auth' });
  const authenticated = { ...served.ciphered, policy: 'auth' as const };
  const client = await served.associate(1, authenticated);
  expect(await readValue(client, setup(2))).toEqual({ type: 'enum', value: 0x24 });
  const raise = activatePolicy(0x6c);
  expect((await client.action(raise.method, raise.parameter)).result).toBe('success');
  const lower = activatePolicy(0x24);
  expect(await codeOf(client.get(SAPS))).not.toBe('none');
  await served.hangUp();
  await served.house.restart();
  expect(await codeOf(served.associate(1, authenticated))).not.toBe('none');
  const next = await served.associate(1, served.ciphered);
  expect((await next.action(lower.method, lower.parameter)).result).toBe('other-reason');
  expect(await readValue(next, setup(2))).toEqual({ type: 'enum', value: 0x6c });
  expect(await logged('parameters-changed')).toEqual([
    'tcp_server hes.policy by the head-end on tcp_server, 127.0.0.1, client 1',
  ]);
});

test('a password is changed through the association object and holds from the next association on', async () => {
  await served.attributes({ 'hes.auth': 'lls' });
  const client = await served.associate(1);
  for (const password of [bytes('00ff10'), new TextEncoder().encode('hex:61')]) {
    expect((await client.action(association(2), octetString(password))).result).toBe('success');
    const next = await served.associate(1, { password });
    expect(elements(await readValue(next, SAPS))).toHaveLength(2);
  }
  expect((await client.action(association(2), octetString(new Uint8Array(0)))).result).toBe('other-reason');
  expect(await codeOf(served.associate(1))).toBe('association-refused');
});

test('who may only read changes nothing, and the list of objects says so', async () => {
  await served.attributes({ 'hes.rights': 'read' });
  const client = await served.associate(1, served.ciphered);
  expect(await transfer(client)).toBe('read-write-denied');
  const listed = elements(await readValue(client, association(2))).map((entry) => elements(entry));
  expect(listed.length).toBeGreaterThan(5);
  for (const [, , , rights] of listed) {
    const [attributes, methods] = elements(rights).map(elements);
    for (const mode of attributes ?? []) {
      const granted = elements(mode)[1];
      expect(granted?.type === 'enum' && granted.value <= 1).toBe(true);
    }
    for (const mode of methods ?? []) expect(elements(mode)[1]).toEqual({ type: 'enum', value: 0 });
  }
  expect(await secret('hes.encryption.key')).toBe(ENCRYPTION_KEY);
});

test('the local tool has keys of its own: those of the head-end are none for it', async () => {
  await served.attributes(
    {
      port: '0',
      'hes.encryption.key': NEW_ENCRYPTION_KEY,
      'hes.authentication.key': NEW_AUTHENTICATION_KEY,
    },
    'tcp_server_gui',
  );
  await served.house.concentrator.headend.settled();
  expect(await codeOf(served.associate(1, served.ciphered, await served.dial('tcp_server_gui')))).not.toBe(
    'none',
  );
  const tool = await served.associate(1, renewed(), await served.dial('tcp_server_gui'));
  expect(elements(await readValue(tool, SAPS))).toHaveLength(2);
  expect((await readValue(tool, setup(5))).type).toBe('octet-string');
});
