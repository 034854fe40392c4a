import { expect, test } from 'bun:test';
import { createApi } from '../../src/api/app.ts';
import { OUTBOX_KINDS } from '../../src/base/outbox.ts';
import { call, fakeServices, START_MS } from './fake-services.ts';

test('the state of each uplink is shown, also of one that cannot run', async () => {
  const fake = fakeServices();
  const answer = await call(createApi(fake.services), '/api/uplinks', {
    token: fake.signIn(['settings.read']),
  });
  expect(answer.status).toBe(200);
  expect(answer.json()).toEqual({
    rows: [
      {
        destination: 'mqtt',
        enabled: true,
        link: {
          connected: true,
          since: START_MS,
          inFlight: 2,
          sent: 7,
          lastSent: START_MS,
          lastError: null,
        },
        problem: null,
        waiting: 4,
        bytes: 400,
        oldest: 2,
        acknowledged: 9,
        dropped: 1,
      },
      {
        destination: 'mqtt_2',
        enabled: true,
        link: null,
        problem: 'no broker is set',
        waiting: 0,
        bytes: 0,
        oldest: null,
        acknowledged: 0,
        dropped: 0,
      },
    ],
  });
});

test('giving up what waits needs the right to change settings, and is audited', async () => {
  const fake = fakeServices();
  const app = createApi(fake.services);
  const clear = (token: string, name = 'mqtt') =>
    call(app, `/api/uplinks/${name}/outbox`, { method: 'DELETE', token });
  expect((await clear(fake.signIn(['settings.read']))).status).toBe(403);
  expect(fake.audit).toEqual([]);
  const token = fake.signIn(['settings.write']);
  expect((await clear(token, 'nobody')).status).toBe(404);
  expect((await clear(token)).json()).toEqual({ dropped: 3 });
  expect(fake.audit).toMatchObject([{ action: 'uplink.clear', subject: 'mqtt', detail: '3 items' }]);
});

test('a rule goes in as it is shown', async () => {
  const fake = fakeServices();
  const app = createApi(fake.services);
  const token = fake.signIn(['settings.read', 'settings.write']);
  const rule = { priority: 1, route: 'now', delayS: 30 };
  const put = (body: object) => call(app, '/api/uplinks/rules/mqtt/fraud:40', { method: 'PUT', token, body });
  expect((await put({ ...rule, priority: 6 })).status).toBe(422);
  expect((await put({ ...rule, route: 'sometimes' })).status).toBe(422);
  expect((await put(rule)).status).toBe(200);
  const { rows } = (await call(app, '/api/uplinks/rules', { token })).json() as { rows: unknown };
  expect(rows).toEqual([{ destination: 'mqtt', class: 'fraud:40', ...rule }]);
});

test('every kind is told with its usual rule, and which have event codes', async () => {
  const fake = fakeServices();
  const app = createApi(fake.services);
  expect((await call(app, '/api/uplinks/kinds', { token: fake.signIn(['meters.read']) })).status).toBe(403);
  const answer = await call(app, '/api/uplinks/kinds', { token: fake.signIn(['settings.read']) });
  const { rows } = answer.json() as { rows: Record<string, unknown>[] };
  expect(rows).toHaveLength(OUTBOX_KINDS.length);
  expect(rows).toContainEqual({ class: 'fraud', priority: 1, route: 'now', delayS: 0, hasCodes: true });
  expect(rows).toContainEqual({ class: 'energy', priority: 5, route: 'now', delayS: 0, hasCodes: false });
});
