import { t } from 'elysia';
import { EVENT_LOGS } from '../../base/model.ts';
import { dayInterval, isoInZone, monthInterval } from '../../base/zone.ts';
import { defineRoute } from '../route.ts';
import * as schema from '../schema.ts';

const count = t.Integer({ minimum: 0 });

export const homeRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/device',
    right: 'account.self',
    summary: 'Serial number, version, time and time zone of the concentrator',
    response: t.Object({
      serialNumber: t.String(),
      version: t.String(),
      zone: t.String(),
      now: t.Number(),
      /** ISO 8601 with the zone's offset. */
      localTime: t.String(),
    }),
    handler: ({ services: { device, clock } }) => {
      const now = clock.now();
      const zone = device.zone();
      return {
        serialNumber: device.serialNumber,
        version: device.version,
        zone,
        now,
        localTime: isoInZone(now, zone),
      };
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/home',
    right: 'readings.read',
    summary: 'The counts of the home page: billing of this month, the rest of today',
    response: t.Object({
      zone: t.String(),
      now: t.Number(),
      /** Local date, `YYYY-MM-DD`. */
      day: t.String(),
      /** Local month, `YYYY-MM`. */
      month: t.String(),
      meters: count,
      metersEnabled: count,
      states: t.Object({ online: count, offline: count, reading: count, unknown: count }),
      billing: count,
      demand: count,
      energy: count,
      events: t.Object({
        fraud: count,
        relay: count,
        standard: count,
        'power-failure': count,
        'phase-interruption': count,
        'power-quality': count,
      }),
      storage: t.Object({ bytes: t.Number(), freeBytes: t.Number() }),
      totals: t.Object({ profileRows: count, billingRows: count, eventRows: count }),
      collector: schema.collectorSnapshot,
    }),
    handler: async ({ services: { store, device, clock, collector } }) => {
      const now = clock.now();
      const zone = device.zone();
      const day = isoInZone(now, zone).slice(0, 10);
      const [counts, storage, totals, online, offline, reading, unknown] = await Promise.all([
        store.readings.counts(dayInterval(now, zone), monthInterval(now, zone)),
        store.usage(),
        store.readings.totals(),
        ...(['online', 'offline', 'reading', 'unknown'] as const).map(
          async (state) => (await store.archive.list({ state, limit: 1 })).total,
        ),
      ]);
      const events = Object.fromEntries(EVENT_LOGS.map((log) => [log, counts.events[log]])) as Record<
        (typeof EVENT_LOGS)[number],
        number
      >;
      return {
        zone,
        now,
        day,
        month: day.slice(0, 7),
        meters: counts.meters,
        metersEnabled: counts.metersEnabled,
        states: { online: online ?? 0, offline: offline ?? 0, reading: reading ?? 0, unknown: unknown ?? 0 },
        billing: counts.billing,
        demand: counts.demand,
        energy: counts.energy,
        events,
        storage: { ...storage },
        totals: { ...totals },
        collector: snapshotView(collector.snapshot()),
      };
    },
  }),
] as const;

/** A copy that only holds what the schema names. */
export function snapshotView(
  snapshot: import('../services.ts').CollectorSnapshot,
): typeof schema.collectorSnapshot.static {
  return {
    jobs: snapshot.jobs.map((job) => ({ ...job })),
    lines: snapshot.lines.map((line) => ({ ...line })),
    overall: { ...snapshot.overall },
  };
}
