import { t } from 'elysia';
import { defineRoute } from '../route.ts';
import * as schema from '../schema.ts';

const pageQuery = t.Object({
  offset: t.Optional(t.Integer({ minimum: 0 })),
  limit: t.Optional(t.Integer({ minimum: 1, maximum: 500 })),
});

export const logRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/audit',
    right: 'audit.read',
    summary: 'Who changed what, newest first',
    query: pageQuery,
    response: schema.page(
      t.Object({
        id: t.Integer(),
        time: t.Number(),
        actor: t.String(),
        action: t.String(),
        subject: t.String(),
        detail: t.String(),
      }),
    ),
    handler: async ({ services, query }) => {
      const { rows, total } = await services.store.audit.list({ offset: 0, limit: 50, ...query });
      return { rows: rows.map((row) => ({ ...row })), total };
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/logbook',
    right: 'readings.read',
    summary: "The concentrator's own events, newest first",
    query: pageQuery,
    response: schema.page(
      t.Object({ id: t.Integer(), time: t.Number(), type: t.String(), detail: t.String() }),
    ),
    handler: async ({ services, query }) => {
      const { rows, total } = await services.store.logbook.list({ offset: 0, limit: 50, ...query });
      return { rows: rows.map((row) => ({ ...row })), total };
    },
  }),
] as const;
