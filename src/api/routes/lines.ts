import { t } from 'elysia';
import { defineRoute, found, idParams } from '../route.ts';
import * as schema from '../schema.ts';

export const lineRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/lines',
    right: 'readings.read',
    summary: 'What went over each line since the start, and what went wrong there',
    response: schema.list(schema.line),
    handler: ({ services: { collector } }) => ({
      rows: collector.accounting().map(({ line, shared, state, ageMs, use, meters }) => ({
        line,
        shared,
        state,
        ageMs,
        use: { ...use },
        meters: [...meters].map(([meterId, own]) => ({ meterId, ...own })),
      })),
    }),
  }),
  defineRoute({
    method: 'GET',
    path: '/api/meters/:id/line',
    right: 'readings.read',
    summary: 'What went over the line for one meter since the start; null before its first contact',
    params: idParams,
    response: t.Object({ line: schema.nullable(schema.meterLine) }),
    handler: async ({ services: { store, collector }, params }) => {
      found(await store.archive.get(params.id), 'meter', params.id);
      // A meter that was moved has been on several; the last one is where it is now.
      const account = collector.accounting().findLast(({ meters }) => meters.has(params.id));
      const use = account?.meters.get(params.id);
      if (account === undefined || use === undefined) return { line: null };
      const { line, shared, ageMs } = account;
      return { line: { line, shared, ageMs, use: { ...use } } };
    },
  }),
] as const;
