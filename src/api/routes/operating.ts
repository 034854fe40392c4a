import { t } from 'elysia';
import { DcuError } from '../../base/errors.ts';
import { lastState } from '../../meters/state-readings.ts';
import { defineRoute, done, found, idParams, ok } from '../route.ts';
import * as schema from '../schema.ts';
import { snapshotView } from './home.ts';
import { registerView } from './readings.ts';

export const operatingRoutes = [
  defineRoute({
    method: 'POST',
    path: '/api/reading/:id',
    right: 'readings.execute',
    summary: 'Read clock, relay and registers of a meter now',
    params: idParams,
    response: schema.readNow,
    handler: async ({ services, params, request }) => {
      found(await services.store.archive.get(params.id), 'meter', params.id);
      const result = await services.collector.readNow(params.id, request.signal);
      return {
        time: result.time,
        meterTime: result.meterTime,
        relay: result.relay,
        relayTime: result.relayTime,
        registers: result.registers.map((row) => registerView(row, services.catalogue)),
      };
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/reading',
    right: 'readings.read',
    summary: 'What was read last of clock, relay and registers, for each meter that was read at all',
    query: t.Object({
      ids: t.String({
        pattern: '^[1-9][0-9]{0,9}(,[1-9][0-9]{0,9}){0,499}$',
        description: 'Ids of meters, separated by commas; at most 500',
      }),
    }),
    response: schema.list(schema.lastReading),
    handler: async ({ services: { store, catalogue }, query }) => {
      const rows = await Promise.all(
        query.ids.split(',').map(async (text) => {
          const meterId = Number(text);
          const last = lastState(await store.readings.registers(meterId));
          if (last === undefined) return [];
          return [{ meterId, ...last, registers: last.registers.map((row) => registerView(row, catalogue)) }];
        }),
      );
      return { rows: rows.flat() };
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/meters/:id/relay',
    right: 'relay.operate',
    summary: 'Switch the relay of a meter off or on; MeterNo has to be typed in again',
    params: idParams,
    body: t.Object({
      state: t.Union([t.Literal('off'), t.Literal('on')]),
      confirmation: t.String({ maxLength: 64, description: 'MeterNo of the meter' }),
    }),
    response: t.Object({
      relay: schema.readNow.properties.relay,
      relayTime: schema.readNow.properties.relayTime,
    }),
    handler: async ({ services, params, body, request, audit }) => {
      const meter = found(await services.store.archive.get(params.id), 'meter', params.id);
      if (body.confirmation !== meter.meterNo) {
        throw new DcuError('invalid-field', 'confirmation must be the MeterNo of this meter.', {
          field: 'confirmation',
        });
      }
      // Recorded before the order goes out: an order whose answer is lost may still have been carried out.
      await audit(`relay.${body.state}`, meter.meterNo, 'ordered');
      const result = await services.collector.relay(params.id, body.state, request.signal);
      await audit(`relay.${body.state}`, meter.meterNo, `done, relay reports ${result.relay ?? 'nothing'}`);
      return { relay: result.relay, relayTime: result.relayTime };
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/meters/:id/accept-identity',
    right: 'meters.write',
    summary:
      'Take the other meter that answers at the address of a meter for the right one; to replace it is the other way',
    params: idParams,
    response: done,
    handler: async ({ services, params, audit }) => {
      const meter = found(await services.store.archive.get(params.id), 'meter', params.id);
      await services.collector.acceptIdentity(params.id);
      await audit('meter.accept-identity', meter.meterNo);
      return ok;
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/jobs',
    right: 'readings.read',
    summary: 'What runs and waits on the lines',
    response: schema.collectorSnapshot,
    handler: ({ services }) => snapshotView(services.collector.snapshot()),
  }),
  defineRoute({
    method: 'POST',
    path: '/api/jobs/run',
    right: 'readings.execute',
    summary: 'Collect what is missing now, of one meter or of all',
    body: t.Object({ meterId: t.Optional(t.Integer({ minimum: 1 })) }),
    response: t.Object({ queued: t.Integer() }),
    handler: async ({ services, body, audit }) => {
      const meter =
        body.meterId === undefined
          ? undefined
          : found(await services.store.archive.get(body.meterId), 'meter', body.meterId);
      const { queued } = await services.collector.runNow(body.meterId);
      await audit('collection.run', meter?.meterNo ?? 'all meters', `${queued} queued`);
      return { queued };
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/api/jobs/:id',
    right: 'readings.execute',
    summary: 'Cancel a read that waits or runs',
    params: t.Object({ id: t.String({ minLength: 1, maxLength: 64 }) }),
    response: done,
    handler: async ({ services, params, audit }) => {
      if (!services.collector.cancel(params.id))
        throw new DcuError('not-found', 'This read has ended already.');
      await audit('collection.cancel', params.id);
      return ok;
    },
  }),
] as const;
