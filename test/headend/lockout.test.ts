import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import type { DlmsClient } from '../../src/channels/dlms-client.ts';
import { enumeration, u8, u16, u32 } from '../../src/dlms/values.ts';
import { FastClock } from '../concentrator/house.ts';
import { elements, openServed, readValue, type ServedHouse } from './served.ts';

setDefaultTimeout(60_000);

const HOUR_MS = 3_600_000;
const SAPS = { classId: 17, obis: '0.0.41.0.0.255', attribute: 2 };
/** Interfaces by the value group B of their objects. */
const [HEAD_END, TOOL, GUI] = [0, 1, 4];
const port = (b: number, attribute: number) => ({ classId: 124, obis: `0.${b}.44.2.0.255`, attribute });
const WRONG = { password: new TextEncoder().encode('guessed') };
const TOOL_WORD = 'Local-Tool-1';

let served: ServedHouse;
let time: FastClock;
beforeEach(async () => {
  time = new FastClock(1);
  served = await openServed({ meters: 1 }, { clock: time });
  await served.attributes(
    { port: '0', 'hes.auth': 'lls', 'hes.password': TOOL_WORD, 'hes.rights': 'full' },
    'tcp_server_gui',
  );
  await served.house.concentrator.headend.settled();
});
afterEach(() => served.end());

const atTool = async (): Promise<DlmsClient> =>
  served.associate(1, { password: new TextEncoder().encode(TOOL_WORD) }, await served.dial('tcp_server_gui'));

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'none';
}

async function logged(type: string): Promise<string[]> {
  const { rows } = await served.house.concentrator.store.logbook.list({ limit: 100, offset: 0 });
  return rows.filter((row) => row.type === type).map(({ detail }) => detail);
}

async function number(client: DlmsClient, b: number, attribute: number): Promise<number> {
  const data = await readValue(client, port(b, attribute));
  if (!('value' in data) || typeof data.value !== 'number') throw new Error(data.type);
  return data.value;
}

/** Status, failed attempts, and those ever. */
const stateOf = async (client: DlmsClient, b: number): Promise<number[]> => [
  await number(client, b, 8),
  await number(client, b, 9),
  await number(client, b, 10),
];

/** Resolves when the guesses are counted, which is a moment after they were refused. */
async function guess(times: number): Promise<void> {
  const { accounts } = served.house.concentrator.store;
  const failures = async (): Promise<number> =>
    (await accounts.protectedPorts()).find((one) => one.port === 'tcp_server')?.failures ?? 0;
  const before = await failures();
  for (let i = 0; i < times; i++) await codeOf(served.associate(1, WRONG));
  while ((await failures()) < before + times) await Bun.sleep(5);
}

/** Code of the error of a login. */
async function signIn(password: string): Promise<string | undefined> {
  const { error } = await served.house.api<{ readonly error?: { readonly code: string } }>('/api/session', {
    method: 'POST',
    body: { name: 'admin', password },
  });
  return error?.code;
}

test('what is locked at one interface is told and lifted over another', async () => {
  const tool = await atTool();
  await guess(3);
  expect(await stateOf(tool, HEAD_END)).toEqual([0, 3, 3]);
  await guess(2);
  expect(await codeOf(served.associate(1))).toBe('link-closed');
  expect(await stateOf(tool, HEAD_END)).toEqual([1, 5, 5]);
  expect(await stateOf(tool, TOOL)).toEqual([0, 0, 0]);
  expect((await tool.action(port(HEAD_END, 1))).result).toBe('success');
  const again = await served.associate(1);
  expect(elements(await readValue(again, SAPS))).toHaveLength(2);
  expect(await stateOf(tool, HEAD_END)).toEqual([0, 0, 5]);
  expect(await logged('lockout-lifted')).toEqual([
    'tcp_server by the head-end on tcp_server_gui, 127.0.0.1, client 1',
  ]);
});

test('the head-end lets an administrator in again whom the GUI has locked out', async () => {
  await served.house.api('/api/session');
  await served.settings({ 'login.attempts': '1' });
  // After a refusal the house signs in with the right password and asks again.
  expect(await signIn('wrong password')).toBe('locked-out');
  const tool = await atTool();
  // The account and the address.
  expect(await stateOf(tool, GUI)).toEqual([1, 1, 2]);
  expect((await tool.action(port(GUI, 1))).result).toBe('success');
  await served.settings({ 'login.attempts': '5' });
  expect(await signIn('wrong password')).toBe('unauthenticated');
});

test('an administrator sees who is locked out and lets him in again', async () => {
  await guess(5);
  const { rows } = await served.house.api<{ rows: readonly Record<string, unknown>[] }>('/api/lockouts');
  expect(rows).toEqual([
    {
      id: expect.any(String),
      port: 'tcp_server',
      kind: 'hes',
      name: 'tcp_server/127.0.0.1',
      failures: 5,
      until: expect.any(Number),
    },
  ]);
  const lift = () => served.house.api(`/api/lockouts/${String(rows[0]?.['id'])}`, { method: 'DELETE' });
  expect(await lift()).toEqual({ ok: true });
  expect(await lift()).toMatchObject({ error: { code: 'not-found' } });
  const client = await served.associate(1);
  expect(elements(await readValue(client, SAPS))).toHaveLength(2);
  expect(await logged('lockout-lifted')).toEqual(['hes tcp_server/127.0.0.1 by an administrator']);
});

test('attempts and times are the settings of the GUI, within their bounds', async () => {
  const { configuration } = served.house.concentrator.store;
  const tool = await atTool();
  expect(await tool.set(port(GUI, 3), u16(2))).toBe('success');
  expect(await tool.set(port(HEAD_END, 4), u32(60))).toBe('success');
  expect(await tool.set(port(HEAD_END, 5), u8(3))).toBe('success');
  expect(await tool.set(port(HEAD_END, 6), u32(200))).toBe('success');
  expect(await configuration.setting('login.attempts')).toBe('2');
  expect(await number(tool, TOOL, 4)).toBe(60);
  expect(await tool.set(port(HEAD_END, 3), u16(0))).toBe('other-reason');
  expect(await tool.set(port(HEAD_END, 4), u32(0))).toBe('other-reason');
  expect(await configuration.setting('login.attempts')).toBe('2');
  expect(await logged('parameters-changed')).toContain(
    'login.attempts by the head-end on tcp_server_gui, 127.0.0.1, client 1',
  );
  // Each block in a row is three times as long, up to the longest: 60, 180, 200 seconds.
  for (const seconds of [60, 180, 200, 200]) {
    await guess(2);
    time.jump((seconds - 5) * 1000);
    expect(await codeOf(served.associate(1))).toBe('link-closed');
    time.jump(6000);
  }
  expect(await codeOf(served.associate(1))).toBe('none');
});

test('an interface is locked for everybody, or blocks nobody; nobody locks the way by which he has come', async () => {
  const tool = await atTool();
  expect(await tool.set(port(TOOL, 2), enumeration(0))).toBe('other-reason');
  expect(await tool.set(port(HEAD_END, 2), enumeration(3))).toBe('other-reason');
  expect(await tool.set(port(HEAD_END, 2), enumeration(0))).toBe('success');
  expect(await codeOf(served.associate(1))).toBe('link-closed');
  expect(await stateOf(tool, HEAD_END)).toEqual([2, 0, 0]);
  expect(await tool.set(port(HEAD_END, 2), enumeration(2))).toBe('success');
  await guess(7);
  expect(await codeOf(served.associate(1))).toBe('none');
  expect(await number(tool, HEAD_END, 10)).toBe(7);
});

test('who reads beside the head-end does not wipe out guesses at the head-end, and sets nothing', async () => {
  const reader = { client: 2, password: new TextEncoder().encode('Reader-1') };
  await served.attributes({
    'hes.reader.client': '2',
    'hes.reader.auth': 'lls',
    'hes.reader.password': 'Reader-1',
  });
  for (let i = 0; i < 5; i++) {
    const client = await served.associate(1, reader);
    expect(await client.set(port(HEAD_END, 3), u16(100))).toBe('read-write-denied');
    expect((await client.action(port(HEAD_END, 1))).result).toBe('read-write-denied');
    await guess(1);
  }
  expect(await codeOf(served.associate(1, reader))).toBe('link-closed');
});

test('a lock outlives a restart', async () => {
  await guess(5);
  await served.hangUp();
  await served.house.restart();
  expect(await codeOf(served.associate(1))).toBe('link-closed');
  time.jump(24 * HOUR_MS + 1000);
  expect(await codeOf(served.associate(1))).toBe('none');
});
