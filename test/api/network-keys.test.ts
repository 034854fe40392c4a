import { describe, expect, test } from 'bun:test';
import { createApi } from '../../src/api/app.ts';
import type { NetworkKeysPort } from '../../src/api/network-keys-port.ts';
import type { ApiServices } from '../../src/api/services.ts';
import type { G3Path } from '../../src/base/g3.ts';
import type { KeyChange } from '../../src/store/types.ts';
import { call, fakeServices, meterBody, START_MS } from './fake-services.ts';

const KEY = '00112233445566778899aabbccddeeff';

const CHANGE: KeyChange = {
  id: 7,
  channel: 'g3_meters',
  meterId: 0,
  state: 'planned',
  actor: 'admin',
  startedAt: START_MS,
  steps: [{ meterId: 1, state: 'waiting' }],
};

/** Remembers what it was given, and carries more than may be shown. */
function keysPort() {
  const calls: unknown[] = [];
  const leaky = { ...CHANGE, sealedKey: KEY } as KeyChange;
  const port: NetworkKeysPort = {
    list: async () => [
      Object.assign(
        { channel: 'g3_meters', meterId: 0, hasPrevious: true, changedAt: START_MS },
        { key: KEY },
      ),
      { channel: 'g3_meters', meterId: 1, hasPrevious: false, changedAt: START_MS },
    ],
    changes: async () => [leaky],
    set: async (...given) => void calls.push(['set', ...given]),
    plan: async (...given) => {
      calls.push(['plan', ...given]);
      const meters = [{ meterId: 1, meterNo: '0011539465', level: 2, reachable: true, obstacle: null }];
      return { change: leaky, meters, toleratedFailures: 1 };
    },
    run: async (...given) => void calls.push(['run', ...given]),
    rollBack: async (...given) => void calls.push(['rollback', ...given]),
    confirm: async (...given) => void calls.push(['confirm', ...given]),
  };
  return { port, calls };
}

async function open(services: Partial<ApiServices> = {}) {
  const fake = fakeServices();
  const app = createApi({ ...fake.services, ...services });
  const token = fake.signIn();
  await call(app, '/api/meters', { method: 'POST', body: meterBody, token });
  return { fake, app, token };
}

describe('network keys', () => {
  test('go in and never come out', async () => {
    const { port, calls } = keysPort();
    const { store } = fakeServices().services;
    const channels = async () =>
      (await store.configuration.channels()).map((one) => ({
        ...one,
        name: 'g3_meters',
        commType: 14 as const,
      }));
    const configuration = { ...store.configuration, channels };
    const { fake, app, token } = await open({ networkKeys: port });
    const listing = createApi({
      ...fake.services,
      networkKeys: port,
      store: { ...fake.services.store, configuration },
    });
    const post = (path: string, body?: unknown) =>
      call(app, path, { method: 'POST', token, ...(body === undefined ? {} : { body }) });
    const answers = [
      await post('/api/network-keys/set', { channel: 'g3_meters', meterId: 1, key: KEY.toUpperCase() }),
      await post('/api/network-keys/changes', { channel: 'g3_meters', key: KEY }),
      await post('/api/network-keys/changes/7/run'),
      await post('/api/network-keys/changes/7/rollback'),
      await post('/api/network-keys/confirm', { channel: 'g3_meters' }),
      await call(listing, '/api/network-keys', { token }),
      await call(app, '/api/audit', { token }),
    ];
    for (const { status, text } of answers) {
      expect(status).toBe(200);
      expect(text.toLowerCase()).not.toContain(KEY);
    }
    expect(answers[1]?.json()).toMatchObject({ change: { id: 7, state: 'planned' }, toleratedFailures: 1 });
    expect(answers[5]?.json()).toMatchObject({
      networks: [{ channel: 'g3_meters', hasKey: true, hasPrevious: true, meters: [{ meterId: 1 }] }],
      changes: [{ id: 7, steps: [{ meterId: 1, state: 'waiting', message: null }] }],
    });
    const key = Uint8Array.fromHex(KEY);
    expect(calls).toEqual([
      ['set', 'g3_meters', 1, key, 'admin'],
      ['plan', 'g3_meters', 0, key, 'admin'],
      ['run', 7, 'admin'],
      ['rollback', 7, 'admin'],
      ['confirm', 'g3_meters', 'admin'],
    ]);
    expect(fake.audit.map(({ action }) => action).slice(-5)).toEqual([
      'network-key.set',
      'network-key.plan',
      'network-key.run',
      'network-key.rollback',
      'network-key.confirm',
    ]);
    expect(JSON.stringify(fake.audit).toLowerCase()).not.toContain(KEY);
    expect(fake.logged.join().toLowerCase()).not.toContain(KEY);
  });

  test.each([[`${KEY}00`], [KEY.slice(2)], [`${KEY.slice(1)}g`], ['']])(
    'a key that is none (%p) is refused, not echoed and given to nobody',
    async (key) => {
      const { port, calls } = keysPort();
      const { app, token } = await open({ networkKeys: port });
      const body = { channel: 'g3_meters', key };
      for (const path of ['/api/network-keys/set', '/api/network-keys/changes']) {
        const answer = await call(app, path, { method: 'POST', token, body });
        expect(answer.status).toBe(422);
        expect(answer.json()['error']).toMatchObject({ code: 'invalid-field', field: 'key' });
        if (key !== '') expect(answer.text).not.toContain(key);
      }
      expect(calls).toEqual([]);
    },
  );
});

describe('path of a meter', () => {
  const PATH: G3Path = {
    seenAt: START_MS,
    complete: true,
    hops: [
      { address: '0011539465', shortAddress: 5, role: 'station', quality: 9, meterId: 1, seenAt: START_MS },
      { address: '781D:0000', shortAddress: 0, role: 'coordinator', quality: null, seenAt: START_MS },
    ],
    detail: {
      panId: 0x781d,
      shortAddress: 5,
      coordinator: 0,
      neighbours: [{ shortAddress: 0, lqi: 160, modulation: 'QPSK' }],
      heard: [],
      routes: [{ destination: 0, nextHop: 0, cost: 27, hops: 1, weakLinks: 0, validMinutes: 360 }],
      blacklist: [{ shortAddress: 9 }],
      contexts: [],
      destinations: [],
      counters: { txData: 12 },
      skippedRows: 0,
      way: { nextHop: 0, hops: 1, weakLinks: 0, cost: 27, lqi: 160, quality: 9 },
    },
  };

  test('is told hop by hop; null before the meter was asked; 404 for one that is not there', async () => {
    const base = fakeServices().services;
    let known: G3Path | undefined;
    const { app, token, fake } = await open();
    const store = { ...fake.services.store, g3: { path: async () => known } };
    const own = createApi({ ...base, ...fake.services, store });
    expect((await call(own, '/api/meters/1/path', { token })).json()).toEqual({ path: null });
    known = PATH;
    expect((await call(own, '/api/meters/1/path', { token })).json()).toMatchObject({
      path: {
        complete: true,
        hops: [
          { address: '0011539465', meterId: 1, quality: 9 },
          { role: 'coordinator', meterId: null },
        ],
        neighbours: [{ shortAddress: 0, lqi: 160, toneMapMinutes: null }],
        routes: [{ hops: 1, validMinutes: 360 }],
        blacklisted: [9],
        counters: { txData: 12 },
        maxHops: null,
      },
    });
    expect((await call(app, '/api/meters/99/path', { token })).status).toBe(404);
  });
});
