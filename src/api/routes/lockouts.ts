import { t } from 'elysia';
import { defineRoute, done, ok } from '../route.ts';
import { list } from '../schema.ts';

const lockout = t.Object({
  id: t.String(),
  /** Name of the channel that was used, or `gui`. */
  port: t.String(),
  /** `account` and `interface` (an address) at the GUI; `hes` and `hes.reader` on a channel. */
  kind: t.String(),
  name: t.String(),
  failures: t.Integer(),
  until: t.Number(),
});

/** Who is locked out at which interface; an administrator lets him in again before the time is over. */
export const lockoutRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/lockouts',
    right: 'accounts.manage',
    summary: 'Accounts, addresses and head-ends that are locked out after too many failed tries',
    response: list(lockout),
    handler: async ({ services }) => ({
      rows: (await services.lockouts.listLocked()).map((row) => ({ ...row })),
    }),
  }),
  defineRoute({
    method: 'DELETE',
    path: '/api/lockouts/:id',
    right: 'accounts.manage',
    summary: 'Let somebody in again',
    params: t.Object({ id: t.String({ minLength: 1, maxLength: 400 }) }),
    response: done,
    handler: async ({ services, params, audit }) => {
      const { port, kind, name } = await services.lockouts.unlock(params.id);
      await audit('lockout.lift', `${port} ${kind} ${name}`, 'by an administrator');
      return ok;
    },
  }),
] as const;
