import { expect, test } from 'bun:test';
import { createApi } from '../../src/api/app.ts';
import { call, fakeServices } from './fake-services.ts';

test('who is locked out is seen and let in again only by who manages accounts', async () => {
  const fake = fakeServices();
  const app = createApi(fake.services);
  const other = fake.signIn(['settings.write', 'settings.read', 'audit.read']);
  expect((await call(app, '/api/lockouts', { token: other })).status).toBe(403);
  expect((await call(app, '/api/lockouts/aGVzOng', { method: 'DELETE', token: other })).status).toBe(403);
  const token = fake.signIn(['accounts.manage']);
  expect((await call(app, '/api/lockouts', { token })).json()).toMatchObject({
    rows: [{ port: 'tcp_server', kind: 'hes', name: 'tcp_server/10.0.0.9', failures: 5 }],
  });
  expect((await call(app, '/api/lockouts/nobody', { method: 'DELETE', token })).status).toBe(404);
  expect(fake.audit).toEqual([]);
  expect((await call(app, '/api/lockouts/aGVzOng', { method: 'DELETE', token })).status).toBe(200);
  expect(fake.audit).toMatchObject([
    { action: 'lockout.lift', subject: 'tcp_server hes tcp_server/10.0.0.9' },
  ]);
});
