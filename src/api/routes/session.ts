import { t } from 'elysia';
import { DcuError } from '../../base/errors.ts';
import { defineRoute, done, ok } from '../route.ts';
import * as schema from '../schema.ts';

const name = t.String({ minLength: 1, maxLength: 64 });
const secret = t.String({ minLength: 1, maxLength: 256 });

export const sessionRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/session',
    right: 'public',
    summary: 'Who is signed in; null for nobody',
    response: t.Object({ session: schema.nullable(schema.session) }),
    handler: ({ maybeSession }) => ({
      session: maybeSession === undefined ? null : sessionView(maybeSession),
    }),
  }),
  defineRoute({
    method: 'POST',
    path: '/api/session',
    right: 'public',
    summary: 'Sign in',
    limited: true,
    body: t.Object({ name, password: secret }),
    response: t.Object({ session: schema.session }),
    handler: async ({ services, body, source, setSessionToken }) => {
      const { token, session } = await services.auth.login(body.name, body.password, source);
      setSessionToken(token);
      return { session: sessionView(session) };
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/api/session',
    right: 'account.self',
    summary: 'Sign out',
    response: done,
    handler: async ({ services, token, setSessionToken }) => {
      if (token !== undefined) await services.auth.logout(token);
      setSessionToken(undefined);
      return ok;
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/account/password',
    right: 'account.self',
    summary: 'Change the own password',
    limited: true,
    body: t.Object({ current: secret, next: secret }),
    response: t.Object({ session: schema.session }),
    handler: async ({ services, body, token, source, setSessionToken }) => {
      if (token === undefined) throw new DcuError('unauthenticated', 'Sign in first.');
      const changed = await services.auth.changePassword(token, body.current, body.next, source);
      setSessionToken(changed.token);
      return { session: sessionView(changed.session) };
    },
  }),
] as const;

function sessionView(
  session: typeof schema.session.static | import('../services.ts').Session,
): typeof schema.session.static {
  const { account, rights, expiresAt } = session;
  return { account: { ...account }, rights: [...rights], expiresAt };
}
