import { describe, expect, test } from 'bun:test';
import { createApi } from '../../src/api/app.ts';
import type { Route } from '../../src/api/route.ts';
import { routes } from '../../src/api/routes/index.ts';
import { RIGHTS } from '../../src/security/roles.ts';
import { call, fakeServices, meterBody, SESSION_MS } from './fake-services.ts';

const table: readonly Route[] = routes;
const pathOf = (route: Route): string => route.path.replace(':id', '1').replace(':key', 'ppp.apn');
const guarded = table.filter((route) => route.right !== 'public');
const errorCode = (json: Record<string, unknown>): unknown =>
  (json['error'] as Record<string, unknown>)['code'];

describe('every route of the table', () => {
  test('is named once and is below /api/', () => {
    const names = table.map((route) => `${route.method} ${route.path}`);
    expect(new Set(names).size).toBe(names.length);
    for (const route of table) expect(route.path).toStartWith('/api/');
  });

  test('only asking who one is and signing in are public', () => {
    const open = table
      .filter((route) => route.right === 'public')
      .map((route) => `${route.method} ${route.path}`);
    expect(open).toEqual(['GET /api/session', 'POST /api/session']);
  });

  test.each(guarded.map((route) => [route.method, route.path, route] as const))(
    '%s %s: 401 without a session, 403 without its right',
    async (method, _path, route) => {
      const fake = fakeServices();
      const app = createApi(fake.services);
      const body = method === 'GET' ? undefined : {};
      const nobody = await call(app, pathOf(route), { method, body });
      expect([nobody.status, errorCode(nobody.json())]).toEqual([401, 'unauthenticated']);
      const stranger = await call(app, pathOf(route), { method, body, token: 'made-up' });
      expect(stranger.status).toBe(401);
      const others = RIGHTS.filter((right) => right !== route.right);
      const lesser = await call(app, pathOf(route), { method, body, token: fake.signIn(others) });
      expect([lesser.status, errorCode(lesser.json())]).toEqual([403, 'forbidden']);
      expect(fake.audit).toEqual([]);
    },
  );

  test.each(
    guarded
      .filter((route) => route.right !== 'account.self')
      .map((route) => [route.method, route.path, route] as const),
  )('%s %s: closed until the password is changed', async (method, _path, route) => {
    const fake = fakeServices();
    const app = createApi(fake.services);
    const token = fake.signIn(RIGHTS, true);
    const answer = await call(app, pathOf(route), { method, body: method === 'GET' ? undefined : {}, token });
    expect([answer.status, errorCode(answer.json())]).toEqual([403, 'password-change-required']);
  });
});

describe('forgery', () => {
  const change = { method: 'POST', body: meterBody };
  test.each([
    ['without the header', { headers: { 'x-opendcu': '' } }, 403],
    ['from another origin', { headers: { origin: 'https://evil.test' } }, 403],
    ['from the same host without TLS', { headers: { origin: 'http://dcu.test' } }, 403],
    ['as a plain form', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 400],
    ['as text', { headers: { 'content-type': 'text/plain' } }, 400],
  ])('a change %s is refused', async (_what, { headers }, status) => {
    const fake = fakeServices();
    const token = fake.signIn();
    const answer = await call(createApi(fake.services), '/api/meters', { ...change, token, headers });
    expect(answer.status).toBe(status);
    expect(fake.meters.size).toBe(0);
  });

  test('the same change from the own origin passes', async () => {
    const fake = fakeServices();
    const headers = { origin: 'https://dcu.test' };
    const answer = await call(createApi(fake.services), '/api/meters', {
      ...change,
      token: fake.signIn(),
      headers,
    });
    expect(answer.status).toBe(200);
  });
});

describe('session', () => {
  test('sign in, ask, sign out', async () => {
    const fake = fakeServices();
    const app = createApi(fake.services);
    expect((await call(app, '/api/session')).json()).toEqual({ session: null });
    const login = await call(app, '/api/session', {
      method: 'POST',
      body: { name: 'admin', password: 'right-password' },
    });
    expect(login.status).toBe(200);
    const cookie = login.headers.get('set-cookie') ?? '';
    expect(cookie).toStartWith('__Host-opendcu=token-1;');
    for (const flag of ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/']) expect(cookie).toContain(flag);
    expect(login.text).not.toContain('token-1');
    const token = 'token-1';
    expect((await call(app, '/api/session', { token })).text).toContain('"name":"admin"');
    const logout = await call(app, '/api/session', { method: 'DELETE', token });
    expect(logout.headers.get('set-cookie')).toContain('Max-Age=0');
    expect((await call(app, '/api/device', { token })).status).toBe(401);
  });

  test('a wrong password says nothing about which part was wrong, and is limited per minute', async () => {
    const app = createApi(fakeServices().services, { loginsPerMinute: 3 });
    const statuses: number[] = [];
    for (const [name, path] of [
      ['admin', '/api/session'],
      ['nobody', '/api/session?'],
      ['admin', '/api/session/'],
      ['admin', '/api/session?again=1'],
      ['admin', '/api/session/?x'],
    ] as const) {
      const answer = await call(app, path, { method: 'POST', body: { name, password: 'wrong' } });
      statuses.push(answer.status);
      if (answer.status === 401) expect(answer.text).toContain('Name or password is wrong.');
      else expect(errorCode(answer.json())).toBe('rate-limited');
    }
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
  });

  test('a new password comes with a new token', async () => {
    const fake = fakeServices();
    const app = createApi(fake.services);
    const token = fake.signIn(RIGHTS, true);
    const body = { current: 'right-password', next: 'a much longer one' };
    const answer = await call(app, '/api/account/password', { method: 'POST', body, token });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('set-cookie')).toContain('__Host-opendcu=token-');
    expect(answer.headers.get('set-cookie')).not.toContain(`=${token};`);
  });
});

describe('a session that nobody uses', () => {
  const BACKGROUND = { 'x-opendcu-background': '1' };
  const MINUTE_MS = 60_000;

  test('is not kept alive by what a page asks by itself', async () => {
    const fake = fakeServices();
    const app = createApi(fake.services);
    const token = fake.signIn();
    const poll = async (path: string) => (await call(app, path, { token, headers: BACKGROUND })).status;
    for (let minute = 0; minute < SESSION_MS / MINUTE_MS; minute++) {
      expect([await poll('/api/home'), await poll('/api/meters')]).toEqual([200, 200]);
      expect(
        (await call(app, '/api/session', { token, headers: BACKGROUND })).json()['session'],
      ).not.toBeNull();
      await fake.clock.advance(MINUTE_MS);
    }
    expect(await poll('/api/home')).toBe(401);
    expect((await call(app, '/api/session', { token, headers: BACKGROUND })).json()['session']).toBeNull();
  });

  test('lives on with what its user does', async () => {
    const fake = fakeServices();
    const app = createApi(fake.services);
    const token = fake.signIn();
    for (let i = 0; i < 3; i++) {
      await fake.clock.advance(SESSION_MS - MINUTE_MS);
      expect((await call(app, '/api/home', { token })).status).toBe(200);
    }
  });
});

describe('headers', () => {
  test('are on answers and on errors', async () => {
    const app = createApi(fakeServices().services);
    for (const path of ['/api/session', '/api/meters', '/api/nowhere', '/nowhere']) {
      const { headers } = await call(app, path);
      expect(headers.get('content-security-policy')).toContain("script-src 'self';");
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('strict-transport-security')).toContain('max-age=');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      if (path.startsWith('/api/')) expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  test.each(['GET', 'POST', 'PUT', 'DELETE', 'PATCH'])(
    '%s of an unknown /api path is a 404 in JSON',
    async (method) => {
      const fake = fakeServices();
      const answer = await call(createApi(fake.services), '/api/no/such/thing', {
        method,
        token: fake.signIn(),
      });
      expect([answer.status, errorCode(answer.json())]).toEqual([404, 'not-found']);
    },
  );
});
