import { expect, test } from 'bun:test';
import { createApi } from '../../src/api/app.ts';
import { call, fakeServices } from './fake-services.ts';

test('who has set the clock, and what the time server said, is seen with the settings', async () => {
  const fake = fakeServices();
  const app = createApi(fake.services);
  const other = fake.signIn(['meters.read']);
  expect((await call(app, '/api/clock', { token: other })).status).toBe(403);
  const token = fake.signIn(['settings.read']);
  expect((await call(app, '/api/clock', { token })).json()).toEqual({
    now: fake.services.clock.now(),
    zone: fake.services.device.zone(),
    synchronised: true,
    lost: false,
    last: { source: 'hes', who: 'the head-end on tcp_server', at: expect.any(Number) },
    ntpError: { code: 'link-timeout', message: 'no answer' },
  });
});
