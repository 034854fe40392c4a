import { expect, test } from 'bun:test';
import { createApi } from '../../src/api/app.ts';
import type { HeadendChannelView } from '../../src/api/headend-port.ts';
import { call, fakeServices, meterBody, START_MS } from './fake-services.ts';

const OWN = { client: 16, sap: 1, auth: 'none', live: false } as const;
const OF_METER = { client: 2, sap: 16, auth: 'hls-gmac', live: true } as const;
const OF_NO_METER = { client: 1, sap: 5015, auth: 'hls-gmac', live: false } as const;
const CONNECTION = {
  peer: '10.0.0.1:4059',
  since: START_MS,
  associations: [OWN, OF_METER, OF_NO_METER],
} as const;
const PORTS = Array.from({ length: 60 }, (_, i) => ({
  meterId: i + 1,
  meterNo: `00115390${String(i).padStart(2, '0')}`,
  port: 5001 + i,
  connections: i === 3 ? 2 : 0,
  error: i === 7 ? 'the port is taken' : null,
}));
const CHANNELS: readonly HeadendChannelView[] = [
  {
    channel: 'tcp_server',
    kind: 'server',
    enabled: true,
    listening: { host: '0.0.0.0', port: 4059 },
    problem: undefined,
    connections: [CONNECTION],
    meterPorts: PORTS,
  },
  {
    channel: 'tcp_client',
    kind: 'client',
    enabled: true,
    dial: {
      state: 'pausing',
      since: START_MS,
      mode: 'client',
      peer: undefined,
      nextTryAt: START_MS + 5000,
      attempts: 2,
      lastError: { code: 'channel-open-failed', message: 'refused', time: START_MS },
      heartbeats: undefined,
    },
    problem: undefined,
    connections: [],
  },
  { channel: 'tcp_server_gui', kind: 'local', enabled: true, problem: 'port taken', connections: [] },
];

test('each channel is shown with its connections, what is not there as null', async () => {
  const fake = fakeServices();
  const app = createApi({ ...fake.services, headend: { views: () => CHANNELS } });
  const writer = fake.signIn(['meters.write']);
  expect(
    (await call(app, '/api/meters', { method: 'POST', body: meterBody, token: writer })).json(),
  ).toMatchObject({ id: 1 });
  const answer = await call(app, '/api/headend', { token: fake.signIn(['settings.read']) });
  expect(answer.status).toBe(200);
  const { meterPorts: _, ...server } = CHANNELS[0] ?? {};
  expect(answer.json()).toEqual({
    rows: [
      {
        ...server,
        dial: null,
        problem: null,
        connections: [
          {
            ...CONNECTION,
            associations: [
              { ...OWN, meter: null },
              { ...OF_METER, meter: { id: 1, meterNo: '0011539465' } },
              { ...OF_NO_METER, meter: { id: 5000, meterNo: 'meter 5000' } },
            ],
          },
        ],
        meterPorts: { all: 60, failed: 1, connections: 2 },
      },
      {
        ...CHANNELS[1],
        listening: null,
        problem: null,
        dial: { ...CHANNELS[1]?.dial, peer: null, heartbeats: null },
        meterPorts: null,
      },
      { ...CHANNELS[2], listening: null, dial: null, meterPorts: null },
    ],
  });
});

test('ports of meters are searched by MeterNo or port, and come a page at a time', async () => {
  const fake = fakeServices();
  const app = createApi({ ...fake.services, headend: { views: () => CHANNELS } });
  const token = fake.signIn(['settings.read']);
  const ports = async (query: string, channel = 'tcp_server') =>
    call(app, `/api/headend/${channel}/meter-ports?${query}`, { token });
  expect((await ports('')).json()).toEqual({ rows: PORTS.slice(0, 25), total: 60 });
  expect((await ports('offset=50&limit=25')).json()).toEqual({ rows: PORTS.slice(50), total: 60 });
  expect((await ports('offset=60')).json()).toEqual({ rows: [], total: 60 });
  expect((await ports('search=0011539007')).json()).toEqual({ rows: [PORTS[7]], total: 1 });
  expect((await ports('search=5004')).json()).toEqual({ rows: [PORTS[3]], total: 1 });
  expect((await ports('', 'tcp_client')).json()).toEqual({ rows: [], total: 0 });
  expect((await ports('', 'nobody')).status).toBe(404);
  expect((await ports('limit=0')).status).toBe(422);
  const stranger = fake.signIn(['meters.read']);
  expect((await call(app, '/api/headend/tcp_server/meter-ports', { token: stranger })).status).toBe(403);
});
