import { expect, test } from 'bun:test';
import { createApi } from '../../src/api/app.ts';
import type { ModuleState, ModulesPort } from '../../src/api/modules-port.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { NetworkNode } from '../../src/store/types.ts';
import { newMeter } from '../concentrator/house.ts';
import { call, fakeServices, START_MS } from './fake-services.ts';

const STATE: ModuleState = {
  channel: 'reading_module',
  name: 'reading_module',
  state: 'running',
  trouble: undefined,
  ready: {
    type: 'ready',
    edition: '10376.2',
    baudRate: 115_200,
    version: { vendor: 'OD', chip: 'SM', date: '260101', version: '0100' },
    swapped: false,
  },
  archive: 150,
  traffic: { way: 'concurrent', concurrency: 128, flying: 7, waiting: 3 },
  counters: { sent: 9, received: 8, stale: 0, garbled: 0, foreign: 0, repeated: 0, timeouts: 1, denied: 2 },
  line: { bytes: 900, frames: 8, corrupt: 1, badLengths: 0, invalid: 0, discarded: 3 },
  searching: false,
  searchingUntil: null,
  network: { lookedAt: START_MS, looking: false, error: null },
  upgrade: {
    state: 'failed',
    target: 'module',
    bytes: 1000,
    done: 1,
    total: 3,
    startedAt: START_MS,
    finishedAt: START_MS + 5,
    error: new DcuError('link-refused', 'the module refuses: checksum'),
  },
};

const node = (address: string, seenAt: number, change: Partial<NetworkNode> = {}): NetworkNode => ({
  address,
  shortAddress: 2,
  parent: null,
  level: 1,
  role: 'station',
  quality: 12,
  phases: 4,
  detail: { threePhase: false },
  seenAt,
  ...change,
});

function house(change: Partial<ModulesPort> = {}, nodes: readonly NetworkNode[] = []) {
  const fake = fakeServices();
  const asked: unknown[][] = [];
  const saved: unknown[] = [];
  const { store } = fake.services;
  const app = createApi({
    ...fake.services,
    store: {
      ...store,
      networks: { ...store.networks, nodes: async () => nodes },
      configuration: {
        ...store.configuration,
        channels: async () =>
          (await store.configuration.channels()).flatMap((channel) => [
            channel,
            { ...channel, id: 2, name: 'g3_meters', commType: 14 },
          ]),
        saveChannelAttribute: async (attribute) => {
          saved.push(attribute);
          return { id: 1, ...attribute };
        },
      },
    },
    modules: {
      ...fake.services.modules,
      list: () => [STATE],
      refresh: async (channel) => {
        asked.push(['refresh', channel]);
        return 151;
      },
      discover: async (...request) => void asked.push(['discover', ...request]),
      setBand: async (...request) => void asked.push(['band', ...request]),
      upgrade: (channel, image, target) => void asked.push(['upgrade', channel, image.length, target]),
      ...change,
    },
  });
  return { fake, app, asked, saved, token: fake.signIn() };
}

test('modules are shown with what they are and do', async () => {
  const { app, token } = house();
  const { rows } = (await call(app, '/api/modules', { token })).json() as { rows: unknown[] };
  expect(rows).toMatchObject([
    {
      channel: 'reading_module',
      state: 'running',
      trouble: null,
      version: { vendor: 'OD', version: '0100' },
      traffic: { flying: 7, waiting: 3 },
      counters: { denied: 2 },
      upgrade: { state: 'failed', trouble: { code: 'link-refused' } },
    },
  ]);
});

test('nodes are shown with their meters, and those that are gone as such', async () => {
  const { fake, app, token } = house({}, [
    node('000011539465', 2000, { role: 'proxy' }),
    node('0011539466', 2000),
    node('000000000042', 1000),
  ]);
  const { archive } = fake.services.store;
  const address = { framing: 'wrapper', clientAddress: 1, serverAddress: 1, addressBytes: 1 } as const;
  const behind = await archive.create(newMeter('11539465', { channel: 'plc', address }), {});
  // A meter with an IP address is a node of a G3 network, and goes by its number.
  const g3 = { ...address, host: '::1', port: 4059 };
  const own = await archive.create(newMeter('0011539466', { channel: 'plc', address: g3 }), {});
  const answer = await call(app, '/api/networks/plc', { token });
  expect(answer.json()).toMatchObject({
    lookedAt: 2000,
    nodes: [
      { meterNo: '11539465', meterId: behind.id, role: 'proxy', gone: false },
      { meterNo: '0011539466', meterId: own.id, detail: { threePhase: false } },
      { meterNo: null, meterId: null, gone: true },
    ],
    absent: [],
  });
});

test('meters of a G3 network are gone when they were silent for long; what was never seen is told', async () => {
  const told = 100_000_000;
  const neighbours = [{ shortAddress: 3 }];
  const { fake, app, token } = house({}, [
    node('0011539466', told, { detail: { panId: 7, neighbours } }),
    node('0011539467', told - 8 * 3_600_000),
    node('0011539468', told - 13 * 3_600_000),
  ]);
  const address = {
    framing: 'wrapper',
    host: '::1',
    port: 4059,
    clientAddress: 1,
    serverAddress: 1,
    addressBytes: 1,
  } as const;
  const of = (port: number) => ({ channel: 'g3_meters', address: { ...address, port } });
  const silent = await fake.services.store.archive.create(newMeter('0011539469', of(1)), {});
  await fake.services.store.archive.create({ ...newMeter('0011539470', of(2)), enabled: false }, {});
  const answer = (await call(app, '/api/networks/g3_meters', { token })).json() as {
    nodes: { gone: boolean; detail: unknown }[];
  };
  expect(answer).toMatchObject({ absent: [{ id: silent.id, meterNo: '0011539469' }] });
  expect(answer.nodes.map(({ gone }) => gone)).toEqual([false, false, true]);
  expect(answer.nodes[0]?.detail).toEqual({ panId: 7 });
});

test('what is asked of a module is on record', async () => {
  const { fake, app, asked, saved, token } = house();
  const post = (path: string, body?: unknown) =>
    call(app, `/api/${path}`, { method: 'POST', token, ...(body === undefined ? {} : { body }) });
  expect((await post('networks/reading_module/refresh')).json()).toEqual({ nodes: 151 });
  await post('networks/reading_module/discover', { minutes: 5 });
  await post('networks/reading_module/band', { band: 2 });
  const image = new Uint8Array(3000).fill(7).toBase64();
  expect((await post('modules/reading_module/firmware', { image, target: 'all' })).json()).toEqual({
    bytes: 3000,
  });
  expect(asked).toEqual([
    ['refresh', 'reading_module'],
    ['discover', 'reading_module', 5],
    ['band', 'reading_module', 2],
    ['upgrade', 'reading_module', 3000, 'all'],
  ]);
  expect(saved).toMatchObject([{ owner: 'reading_module', key: 'band', value: '2' }]);
  const actions = fake.audit.map(({ action }) => action);
  expect(actions).toEqual(['network.refresh', 'network.discover', 'network.band', 'module.firmware']);
});

test.each([
  ['networks/a/discover', { minutes: 0 }],
  ['networks/a/discover', { minutes: 1441 }],
  ['networks/a/band', { band: 4 }],
  ['modules/a/firmware', { image: 'no base64!', target: 'module' }],
  ['modules/a/firmware', { image: '', target: 'module' }],
  ['modules/a/firmware', { image: 'AAAA', target: 'everybody' }],
])('%s refuses %j', async (path, body) => {
  const { app, asked, token } = house();
  const answer = await call(app, `/api/${path}`, { method: 'POST', token, body });
  expect(answer.status).toBe(422);
  expect(asked).toEqual([]);
});

test('a module that refuses, or is gone, is an answer, and nothing is kept', async () => {
  const { fake, app, saved, token } = house({
    setBand: async () => {
      throw new DcuError('module-lost', 'the module is not there');
    },
  });
  const answer = await call(app, '/api/networks/a/band', { method: 'POST', token, body: { band: 1 } });
  expect(answer.status).toBe(503);
  expect(answer.json()).toMatchObject({ error: { code: 'module-lost' } });
  expect([saved, fake.audit]).toEqual([[], []]);
});
