import { t } from 'elysia';
import { DcuError } from '../../base/errors.ts';
import type { Interval, RegisterReading } from '../../base/model.ts';
import { lastState } from '../../meters/state-readings.ts';
import { namedGaps } from '../../tasks/gaps.ts';
import { gapFacts } from '../gap-facts.ts';
import { periodOf, profileView } from '../profile-view.ts';
import { defineRoute, found, idParams } from '../route.ts';
import * as schema from '../schema.ts';
import type { CataloguePort } from '../services.ts';

const DAY_MS = 86_400_000;
/** Longest stretch of a profile in one answer: 15-minute rows of 93 days are some 9,000. */
const LONGEST_MS = 93 * DAY_MS;
const LONGEST_BILLING_MS = 10 * 366 * DAY_MS;

const range = {
  from: t.Optional(t.Number({ description: 'UTC epoch milliseconds, inclusive' })),
  to: t.Optional(t.Number({ description: 'UTC epoch milliseconds, exclusive' })),
};

export const readingRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/meters/:id/profile',
    right: 'readings.read',
    summary: 'Rows of a profile as columns, with the gaps marked',
    params: idParams,
    query: t.Object({ kind: schema.profileKind, ...range }),
    response: schema.profile,
    handler: async ({ services, params, query }) => {
      const { store, clock, device, catalogue } = services;
      const meter = found(await store.archive.get(params.id), 'meter', params.id);
      const { kind } = query;
      const longest = kind === 'billing' ? LONGEST_BILLING_MS : LONGEST_MS;
      const interval = intervalOf(query, clock.now(), kind === 'billing' ? 403 * DAY_MS : DAY_MS, longest);
      const rows = await store.readings.profile(params.id, kind, interval);
      const sources = { ...services, nowMs: clock.now(), zone: device.zone() };
      const periodMs = periodOf(kind, rows);
      const gaps = namedGaps(await gapFacts(sources, { meter, kind, interval, rows, periodMs }));
      return profileView(kind, rows, interval, gaps, device.zone(), catalogue);
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/meters/:id/clock',
    right: 'readings.read',
    summary: 'The last check of the clock and its corrections, newest first',
    params: idParams,
    query: t.Object({ limit: t.Optional(t.Integer({ minimum: 1, maximum: 500 })) }),
    response: schema.meterClock,
    handler: async ({ services: { store }, params, query }) => {
      found(await store.archive.get(params.id), 'meter', params.id);
      const { check, corrections } = await store.readings.clock(params.id, query.limit ?? 20);
      return {
        check:
          check === undefined ? null : { time: check.time, driftMs: check.driftMs, action: check.action },
        corrections: corrections.map(({ time, driftMs, action, leftMs = null }) => ({
          time,
          driftMs,
          action,
          leftMs,
        })),
      };
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/meters/:id/coverage',
    right: 'readings.read',
    summary: 'What has been asked for and answered, per kind',
    params: idParams,
    query: t.Object({ kind: t.Union([schema.profileKind, schema.eventLog]) }),
    response: t.Object({ intervals: t.Array(schema.interval) }),
    handler: async ({ services: { store }, params, query }) => {
      found(await store.archive.get(params.id), 'meter', params.id);
      const intervals = await store.readings.coverage(params.id, query.kind);
      return { intervals: intervals.map(({ fromMs, toMs }) => ({ fromMs, toMs })) };
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/meters/:id/registers',
    right: 'readings.read',
    summary: 'Last reading of every register; clock and relay are in /api/reading',
    params: idParams,
    response: schema.list(schema.register),
    handler: async ({ services: { store, catalogue }, params }) => {
      found(await store.archive.get(params.id), 'meter', params.id);
      const last = lastState(await store.readings.registers(params.id));
      return { rows: (last?.registers ?? []).map((row) => registerView(row, catalogue)) };
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/meters/:id/events',
    right: 'readings.read',
    summary: 'Event log of a meter, newest first',
    params: idParams,
    query: t.Object({
      log: t.Optional(schema.eventLog),
      ...range,
      offset: t.Optional(t.Integer({ minimum: 0 })),
      limit: t.Optional(t.Integer({ minimum: 1, maximum: 500 })),
    }),
    response: schema.page(schema.meterEvent),
    handler: async ({ services: { store, catalogue }, params, query }) => {
      const meter = found(await store.archive.get(params.id), 'meter', params.id);
      const { log, from, to, offset = 0, limit = 50 } = query;
      const { rows, total } = await store.readings.events(params.id, {
        ...(log === undefined ? {} : { log }),
        ...(from === undefined && to === undefined
          ? {}
          : { interval: { fromMs: from ?? 0, toMs: to ?? Number.MAX_SAFE_INTEGER } }),
        offset,
        limit,
      });
      return {
        total,
        rows: rows.map((row) => ({
          meterId: row.meterId,
          log: row.log,
          time: row.time,
          code: row.code,
          text: catalogue.eventText(meter.profile, row.log, row.code),
          clockStatus: row.clockStatus,
          extra: { ...row.extra },
        })),
      };
    },
  }),
] as const;

export function registerView(
  reading: RegisterReading,
  catalogue: CataloguePort,
): typeof schema.register.static {
  return {
    classId: reading.classId,
    obis: reading.obis,
    attribute: reading.attribute,
    name: catalogue.objectName(reading.obis),
    time: reading.time,
    type: reading.type,
    value: reading.value,
    scaler: reading.scaler,
    unit: reading.unit === null ? null : catalogue.unitSymbol(reading.unit),
  };
}

function intervalOf(
  query: { readonly from?: number; readonly to?: number },
  nowMs: number,
  usualMs: number,
  longestMs: number,
): Interval {
  const toMs = query.to ?? nowMs;
  const fromMs = query.from ?? toMs - usualMs;
  if (fromMs >= toMs) throw new DcuError('invalid-field', 'from must be before to.', { field: 'from' });
  if (toMs - fromMs > longestMs) {
    throw new DcuError('invalid-field', `from must be at most ${longestMs / DAY_MS} days before to.`, {
      field: 'from',
    });
  }
  return { fromMs, toMs };
}
