import { t } from 'elysia';
import { DcuError } from '../../base/errors.ts';
import { lineMeters, lineRows } from '../line-rows.ts';
import { defineRoute, found, idParams } from '../route.ts';
import * as schema from '../schema.ts';

export const lineRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/lines',
    right: 'readings.read',
    summary: 'What went over each line since the start, and what went wrong there',
    response: schema.list(schema.line),
    handler: ({ services: { collector } }) => ({ rows: lineRows(collector.accounting()) }),
  }),
  defineRoute({
    method: 'GET',
    path: '/api/lines/:name/meters',
    right: 'readings.read',
    summary: 'What went over a line, or the lines of a channel, for each of its meters',
    params: t.Object({ name: t.String({ minLength: 1, maxLength: 256 }) }),
    query: t.Object({
      offset: t.Optional(t.Integer({ minimum: 0 })),
      limit: t.Optional(t.Integer({ minimum: 1, maximum: 500 })),
      sort: t.Optional(
        t.Union([
          t.Literal('meterNo'),
          t.Literal('line'),
          t.Literal('breaker'),
          t.Literal('answersMs'),
          t.Literal('frames'),
          t.Literal('bytes'),
          t.Literal('busyMs'),
          t.Literal('badFcs'),
          t.Literal('rejectedHeaders'),
          t.Literal('retransmissions'),
          t.Literal('timeouts'),
          t.Literal('failures'),
        ]),
      ),
      order: t.Optional(t.Union([t.Literal('asc'), t.Literal('desc')])),
    }),
    response: t.Object({ rows: t.Array(schema.lineMeter), total: t.Integer() }),
    handler: ({ services: { collector }, params, query }) => {
      const { offset = 0, limit = 50, sort = 'meterNo', order = 'asc' } = query;
      const rows = lineMeters(collector.accounting(), params.name, sort, order === 'desc');
      if (rows === undefined) throw new DcuError('not-found', 'No such line has been used.');
      return { rows: rows.slice(offset, offset + limit), total: rows.length };
    },
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
