import { describe, expect, test } from 'bun:test';
import { createApi } from '../../src/api/app.ts';
import type { DiscoveryRequest, DiscoveryRun } from '../../src/meters/discovery/run.ts';
import { call, fakeServices } from './fake-services.ts';

const KEY = '00112233445566778899aabbccddeeff';
const OTHER = 'ffeeddccbbaa99887766554433221100';

function house() {
  const fake = fakeServices();
  const asked: DiscoveryRequest[] = [];
  const runs: DiscoveryRun[] = [];
  const app = createApi({
    ...fake.services,
    discovery: {
      ...fake.services.discovery,
      runs: () => runs,
      start: async (request) => {
        asked.push(request);
        return 'discovery-1';
      },
    },
  });
  return { fake, app, asked, runs, token: fake.signIn() };
}

describe('the search for devices', () => {
  test('is begun with what is given, and the keys stay inside', async () => {
    const { fake, app, asked, token } = house();
    const body = {
      channel: '485_channel_1',
      addresses: '16-40',
      credentials: {
        clientAddress: 1,
        auth: 'hls-gmac',
        policy: 'auth-enc',
        secrets: { encryptionKey: KEY, authenticationKey: OTHER },
      },
    };
    const answer = await call(app, '/api/discovery', { method: 'POST', body, token });
    expect(answer.json()).toEqual({ id: 'discovery-1' });
    expect(asked[0]).toMatchObject({
      channel: '485_channel_1',
      addresses: '16-40',
      credentials: { clientAddress: 1, auth: 'hls-gmac', policy: 'auth-enc', suite: 0 },
    });
    expect(asked[0]?.credentials?.encryptionKey?.toHex()).toBe(KEY);
    const told = JSON.stringify([fake.audit, fake.logged]);
    expect(told).toContain('discovery.start');
    for (const secret of [KEY, OTHER]) expect(told).not.toContain(secret);
  });

  test('hundreds of hosts are looked at, and not put on record one by one', async () => {
    const { fake, app, asked, token } = house();
    const hosts = Array.from({ length: 512 }, (_, i) => `meter-${i}.${'street.'.repeat(30)}example`);
    const body = { channel: 'tcp_meters', hosts };
    const answer = await call(app, '/api/discovery', { method: 'POST', body, token });
    expect(answer.status).toBe(200);
    expect(asked[0]?.hosts).toHaveLength(512);
    const details = fake.audit.map(({ detail }) => detail.length);
    expect(details).toHaveLength(1);
    expect(details[0]).toBeLessThan(600);
  });

  test.each([
    [{ auth: 'lls', policy: 'none' }, 'credentials.secrets.password'],
    [{ auth: 'hls-gmac', policy: 'auth-enc' }, 'credentials.secrets.encryptionKey'],
    [{ auth: 'hls-ecdsa', policy: 'none' }, 'credentials.auth'],
  ])('credentials that do not suffice are refused: %j', async (given, field) => {
    const { app, asked, token } = house();
    const body = { channel: 'a', credentials: { clientAddress: 1, ...given } };
    const answer = await call(app, '/api/discovery', { method: 'POST', body, token });
    expect(answer.status).toBe(422);
    expect(answer.json()['error']).toMatchObject({ code: 'invalid-field', field });
    expect(asked).toEqual([]);
  });

  test('is told with its progress, and ended on request', async () => {
    const { fake, app, runs, token } = house();
    runs.push({
      id: 'discovery-1',
      channel: '485_channel_1',
      state: 'running',
      startedAt: 1,
      finishedAt: null,
      total: 100,
      asked: 12,
      found: [{ address: '1/17', outcome: 'doubled', meterNo: null, proposal: null, troubles: ['two'] }],
      error: null,
    });
    const answer = await call(app, '/api/discovery', { token });
    expect(answer.json()).toEqual({ rows: JSON.parse(JSON.stringify(runs)) });
    const ended = await call(app, '/api/discovery/discovery-1', { method: 'DELETE', token });
    expect(ended.json()).toEqual({ ok: true });
    const none = await call(app, '/api/discovery/discovery-7', { method: 'DELETE', token });
    expect(none.status).toBe(404);
    expect(fake.audit.map(({ action }) => action)).toEqual(['discovery.cancel']);
  });
});

test('the profiles are told with what a user has to know of them', async () => {
  const { app, token } = house();
  const { rows, problems } = (await call(app, '/api/profiles', { token })).json() as {
    rows: { name: string; builtIn: boolean; unchecked: string[]; events: { code: number; text: string }[] }[];
    problems: unknown[];
  };
  expect(rows.map(({ name }) => name)).toEqual(['generic', 'idis', 'dsmr', 'is-15959']);
  expect(rows.every(({ builtIn }) => builtIn)).toBe(true);
  expect(rows[1]?.unchecked.length).toBeGreaterThan(0);
  expect(rows[2]?.events).toContainEqual({
    code: 48,
    text: 'Module cover opened',
    class: 'fraud',
    severity: 'alarm',
  } as never);
  expect(problems).toEqual([]);
});
