import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '../../src/api/app.ts';
import { accountAuth, profileCatalogue, zonedCron } from '../../src/api/ports.ts';
import type { CollectorPort } from '../../src/api/services.ts';
import { systemClock } from '../../src/base/clock.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { BUILT_IN_PROFILES } from '../../src/meters/profiles/index.ts';
import { AccountService } from '../../src/security/accounts.ts';
import { openVault } from '../../src/security/vault.ts';
import { openStore } from '../../src/store/index.ts';
import type { Store } from '../../src/store/types.ts';
import type { Collector } from '../../src/tasks/collector.ts';
import { validateCron } from '../../src/tasks/cron.ts';
import { call, fakeServices, meterBody } from './fake-services.ts';

/** Does not compile when the collector and what the API wants of it drift apart. */
export const collectorFits = (collector: Collector): CollectorPort => collector;

const NEW_PASSWORD = 'tall quiet harbour 41';

/** The session token that an answer sets. */
function tokenOf(headers: Headers): string {
  const token = /__Host-opendcu=([^;]+)/.exec(headers.get('set-cookie') ?? '')?.[1];
  if (token === undefined) throw new Error('the answer sets no session');
  return token;
}

describe('the API over the real store and the real accounts', () => {
  const clock = systemClock;
  const random = new SeededRandom(7);
  let directory: string;
  let store: Store;
  let app: ReturnType<typeof createApi>;
  let firstPassword: string;
  let accounts: AccountService;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'opendcu-api-'));
    const fake = fakeServices();
    const sealer = openVault(directory, random);
    store = await openStore({ directory, clock, log: fake.services.log, random, sealer, validateCron });
    accounts = new AccountService({ rows: store.accounts, clock, random });
    const first = await accounts.offerFirst();
    if (first === undefined) throw new Error('the store was not new');
    firstPassword = first.password;
    app = createApi(
      {
        ...fake.services,
        store,
        clock,
        auth: accountAuth(accounts),
        cron: zonedCron(() => 'Europe/Riga'),
        catalogue: profileCatalogue(BUILT_IN_PROFILES),
      },
      { loginsPerMinute: 100 },
    );
  });

  afterAll(async () => {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });

  const signIn = async (name: string, password: string): Promise<string> => {
    const answer = await call(app, '/api/session', { method: 'POST', body: { name, password } });
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
    return tokenOf(answer.headers);
  };

  test('the first administrator reaches only the own account until the password is changed', async () => {
    const token = await signIn('admin', firstPassword);
    const home = await call(app, '/api/home', { token });
    expect([home.status, home.json()['error']]).toMatchObject([403, { code: 'password-change-required' }]);
    const other = await signIn('admin', firstPassword);
    for (const [current, next, field] of [
      ['wrong', NEW_PASSWORD, 'current'],
      [firstPassword, firstPassword, 'next'],
      [firstPassword, 'short', 'next'],
    ] as const) {
      const body = { current, next };
      const refused = await call(app, '/api/account/password', { method: 'POST', body, token });
      expect([refused.status, refused.json()['error']]).toMatchObject([
        422,
        { code: 'invalid-field', field },
      ]);
    }
    const body = { current: firstPassword, next: NEW_PASSWORD };
    const changed = await call(app, '/api/account/password', { method: 'POST', body, token });
    expect(changed.status).toBe(200);
    const renewed = tokenOf(changed.headers);
    expect(renewed).not.toBe(token);
    expect((await call(app, '/api/home', { token: renewed })).status).toBe(200);
    // Neither the token of before nor any other that was given out for the old password.
    for (const dead of [token, other]) {
      expect((await call(app, '/api/home', { token: dead })).status).toBe(401);
    }
  });

  test('a viewer reads but changes, reads out and switches nothing', async () => {
    await accounts.create('vera', 'viewer', NEW_PASSWORD, false);
    const token = await signIn('vera', NEW_PASSWORD);
    expect((await call(app, '/api/meters', { token })).status).toBe(200);
    for (const [method, path, body] of [
      ['POST', '/api/meters', meterBody],
      ['POST', '/api/reading/1', undefined],
      ['POST', '/api/meters/1/relay', { state: 'off', confirmation: 'x' }],
      ['PUT', '/api/settings/ppp.apn', { value: 'x' }],
      ['GET', '/api/audit', undefined],
    ] as const) {
      expect((await call(app, path, { method, body, token })).status).toBe(403);
    }
  });

  test('a meter goes in with its secrets sealed, comes out without them, and is changed', async () => {
    const token = await signIn('admin', NEW_PASSWORD);
    const created = await call(app, '/api/meters', { method: 'POST', body: meterBody, token });
    expect(created.status).toBe(200);
    const id = created.json()['id'];
    const patched = await call(app, `/api/meters/${id}`, { method: 'PATCH', body: { phase: 3 }, token });
    expect(patched.json()).toMatchObject({ phase: 3, hasPassword: true, hasKeys: true });
    const again = await call(app, '/api/meters', { method: 'POST', body: meterBody, token });
    expect([again.status, again.json()['error']]).toMatchObject([
      409,
      { code: 'conflict', field: 'meterNo' },
    ]);
    const stray = { ...meterBody, meterNo: '2', channel: 'nowhere' };
    const refused = await call(app, '/api/meters', { method: 'POST', body: stray, token });
    expect(refused.json()['error']).toMatchObject({ code: 'invalid-field', field: 'channel' });
    const all = await Promise.all(
      ['/api/meters', '/api/audit', '/api/meters.csv', '/api/settings'].map((path) =>
        call(app, path, { token }),
      ),
    );
    for (const { status, text } of all) {
      expect(status).toBe(200);
      for (const secret of Object.values(meterBody.secrets)) expect(text).not.toContain(secret);
    }
    expect((await call(app, `/api/meters/${id}/profile?kind=energy`, { token })).json()).toMatchObject({
      times: [],
    });
    expect((await call(app, `/api/meters/${id}`, { method: 'DELETE', token })).status).toBe(200);
  });

  test('every list answers with what the store was shipped with', async () => {
    const token = await signIn('admin', NEW_PASSWORD);
    for (const [path, text] of [
      ['/api/tasks', 'empty_task'],
      ['/api/task-items', 'At 10:00'],
      ['/api/channels', 'reading_module'],
      ['/api/channel-attributes', 'tcp_client'],
      ['/api/protocols', 'ToMeter'],
      ['/api/protocol-attributes', 'send.silent'],
      ['/api/settings', 'ppp.apn'],
      ['/api/meters/choices', 'single_phase'],
      ['/api/logbook', 'rows'],
      ['/api/home', '"storage":{"bytes":'],
    ] as const) {
      const answer = await call(app, path, { token });
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.text).toContain(text);
    }
  });

  test('empty_task can neither be deleted nor filled', async () => {
    const token = await signIn('admin', NEW_PASSWORD);
    const rows = (await call(app, '/api/tasks', { token })).json()['rows'] as { id: number; name: string }[];
    const id = rows.find((row) => row.name === 'empty_task')?.id;
    expect((await call(app, `/api/tasks/${id}`, { method: 'DELETE', token })).status).toBe(409);
    const body = {
      name: 'x',
      task: 'empty_task',
      intervalS: 0,
      offsetS: 0,
      maxRecallS: 0,
      enabled: true,
      priority: 1,
      type: 'Meter Clock',
      cron: '0 0 * * *',
    };
    expect((await call(app, '/api/task-items', { method: 'POST', body, token })).status).toBe(409);
  });

  test('five wrong passwords lock the account, and the answer says so', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++) {
      const body = { name: 'vera', password: 'wrong' };
      statuses.push((await call(app, '/api/session', { method: 'POST', body })).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  });
});

describe('cron port', () => {
  const cron = zonedCron(() => 'Europe/Riga');

  test('next runs follow the zone across a change of clocks', () => {
    const from = Date.parse('2026-03-28T12:00:00+02:00');
    const runs = cron.next('0 10 * * *', from, 2).map((run) => new Date(run).toISOString());
    expect(runs).toEqual(['2026-03-29T07:00:00.000Z', '2026-03-30T07:00:00.000Z']);
  });

  test('a date that never comes is refused, 29 February is waited for', () => {
    expect(() => cron.next('0 0 31 2 *', 0, 3)).toThrow(expect.objectContaining({ code: 'invalid-cron' }));
    const [run] = cron.next('0 0 29 2 *', Date.parse('2026-01-01T00:00:00Z'), 1);
    expect(new Date(run ?? 0).toISOString()).toBe('2028-02-28T22:00:00.000Z');
  });
});
