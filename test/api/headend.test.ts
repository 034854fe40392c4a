import { expect, test } from 'bun:test';
import { createApi } from '../../src/api/app.ts';
import type { HeadendChannelView } from '../../src/api/headend-port.ts';
import { call, fakeServices, START_MS } from './fake-services.ts';

const CONNECTION = { peer: '10.0.0.1:4059', since: START_MS, associations: [{ client: 1, sap: 17 }] };
const CHANNELS: readonly HeadendChannelView[] = [
  {
    channel: 'tcp_server',
    kind: 'server',
    enabled: true,
    listening: { host: '0.0.0.0', port: 4059 },
    problem: undefined,
    connections: [CONNECTION],
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
  const answer = await call(app, '/api/headend', { token: fake.signIn(['settings.read']) });
  expect(answer.status).toBe(200);
  expect(answer.json()).toEqual({
    rows: [
      { ...CHANNELS[0], dial: null, problem: null },
      {
        ...CHANNELS[1],
        listening: null,
        problem: null,
        dial: { ...CHANNELS[1]?.dial, peer: null, heartbeats: null },
      },
      { ...CHANNELS[2], listening: null, dial: null },
    ],
  });
});
