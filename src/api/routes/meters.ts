import { t } from 'elysia';
import { DcuError } from '../../base/errors.ts';
import type { MeterQuery } from '../../store/types.ts';
import { replacement, replacementBody } from '../archive-schema.ts';
import { csvResponse } from '../csv.ts';
import { METER_EXPORT } from '../meter-columns.ts';
import {
  addressFrom,
  changeSummary,
  meterFrom,
  meterView,
  realChange,
  secretsFrom,
  securityFrom,
} from '../meter-input.ts';
import { defineRawRoute, defineRoute, done, found, idParams, ok } from '../route.ts';
import * as schema from '../schema.ts';

/** Query without the keys that are undefined or empty: an empty field of a filter form filters nothing. */
function queryOf(query: typeof schema.meterQuery.static): MeterQuery {
  const { offlineSince, ...rest } = query;
  const all = { ...rest, offlineSinceMs: offlineSince };
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined && value !== ''),
  ) as MeterQuery;
}

/** More than a concentrator may hold (2,040), so an export is never cut. */
const EXPORT_LIMIT = 10_000;

export const meterRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/meters',
    right: 'meters.read',
    summary: 'The archive: search, filter, sort, page',
    query: schema.meterQuery,
    response: schema.page(schema.meter),
    handler: async ({ services, query }) => {
      const { rows, total } = await services.store.archive.list({ limit: 50, ...queryOf(query) });
      return { rows: rows.map((row) => meterView(row, services)), total };
    },
  }),
  defineRawRoute({
    method: 'GET',
    path: '/api/meters.csv',
    right: 'meters.read',
    summary: 'The archive as CSV, with the filters of the list',
    query: schema.meterQuery,
    handler: async ({ services, query }) => {
      const { rows } = await services.store.archive.list({
        ...queryOf(query),
        offset: 0,
        limit: EXPORT_LIMIT,
      });
      return csvResponse('meters.csv', METER_EXPORT, rows);
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/meters/choices',
    right: 'meters.read',
    summary: 'What the fields of a meter can refer to',
    response: t.Object({
      channels: t.Array(t.Object({ name: t.String(), commType: t.Integer() })),
      tasks: t.Array(t.String()),
      profiles: t.Array(t.Object({ name: t.String(), title: t.String() })),
      balances: t.Array(t.String(), { description: 'MeterNo of each balance meter' }),
    }),
    handler: async ({ services: { store, catalogue } }) => {
      const [channels, groups, balances] = await Promise.all([
        store.configuration.channels(),
        store.configuration.taskGroups(),
        store.archive.list({ balance: true, sort: 'meterNo' }),
      ]);
      return {
        channels: channels.map(({ name, commType }) => ({ name, commType })),
        tasks: groups.map((group) => group.name),
        profiles: catalogue.meterProfiles().map(({ name, title }) => ({ name, title })),
        balances: balances.rows.map(({ meterNo }) => meterNo),
      };
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/meters',
    right: 'meters.write',
    summary: 'Add a meter',
    body: schema.newMeter,
    response: schema.meter,
    handler: async ({ services, body, audit }) => {
      const { meter, secrets } = meterFrom(body);
      const row = await services.store.archive.create(meter, secrets);
      await audit('meter.create', row.meterNo, changeSummary(meter, secrets));
      return meterView(row, services);
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/meters/enable',
    right: 'meters.write',
    summary: 'Enable or disable meters',
    body: t.Object({
      ids: t.Array(t.Integer({ minimum: 1 }), { minItems: 1, maxItems: 2040 }),
      enabled: t.Boolean(),
    }),
    response: t.Object({ changed: t.Integer() }),
    handler: async ({ services, body, audit }) => {
      let changed = 0;
      for (const id of body.ids) {
        const row = await services.store.archive.get(id);
        if (row === undefined || row.enabled === body.enabled) continue;
        await services.store.archive.update(id, { enabled: body.enabled });
        await audit(body.enabled ? 'meter.enable' : 'meter.disable', row.meterNo);
        changed += 1;
      }
      return { changed };
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/meters/:id',
    right: 'meters.read',
    summary: 'One meter',
    params: idParams,
    response: schema.meter,
    handler: async ({ services, params }) =>
      meterView(found(await services.store.archive.get(params.id), 'meter', params.id), services),
  }),
  defineRoute({
    method: 'PATCH',
    path: '/api/meters/:id',
    right: 'meters.write',
    summary: 'Change a meter; secrets that are absent stay as they are',
    params: idParams,
    body: schema.meterPatch,
    response: schema.meter,
    handler: async ({ services, params, body, audit }) => {
      const { secrets: given, address, security, ...rest } = body;
      const before = found(await services.store.archive.get(params.id), 'meter', params.id);
      const change = realChange(before, {
        ...rest,
        ...(address === undefined ? {} : { address: addressFrom(address) }),
        ...(security === undefined ? {} : { security: securityFrom(security) }),
      });
      const secrets = secretsFrom(given);
      if (Object.keys(change).length + Object.keys(secrets).length === 0) return meterView(before, services);
      const row = await services.store.archive.update(params.id, change, secrets);
      await audit('meter.update', row.meterNo, changeSummary(change, secrets));
      return meterView(row, services);
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/meters/:id/replace',
    right: 'meters.write',
    summary: 'Put a new meter into the place of one, whose readings stay under it',
    params: idParams,
    body: replacementBody,
    response: replacement,
    handler: async ({ services, params, body, audit }) => {
      const { archive, logbook } = services.store;
      const { secrets: given, address, security, meterNo, installedAt } = body;
      const by = {
        meterNo,
        ...(address === undefined ? {} : { address: addressFrom(address) }),
        ...(security === undefined ? {} : { security: securityFrom(security) }),
        ...(installedAt === undefined ? {} : { installedAt }),
      };
      const secrets = secretsFrom(given);
      const made = await archive.replace(params.id, by, secrets);
      const old = found(await archive.get(params.id), 'meter', params.id);
      await audit('meter.replace', old.meterNo, changeSummary(by, secrets));
      await logbook.record({
        time: services.clock.now(),
        type: 'meter-replaced',
        detail: `${old.meterNo} by ${made.meterNo} on ${made.channel}`,
      });
      return { old: meterView(old, services), new: meterView(made, services) };
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/api/meters/:id',
    right: 'meters.write',
    summary:
      'Delete a meter and all that was read of it; of a balance meter also its balances, which its MeterNo confirms',
    params: idParams,
    query: t.Object({ confirm: t.Optional(t.String({ description: 'MeterNo of a balance meter' })) }),
    response: done,
    handler: async ({ services, params, query, audit }) => {
      const row = found(await services.store.archive.get(params.id), 'meter', params.id);
      if (row.balance === true && query.confirm !== row.meterNo) {
        throw new DcuError(
          'conflict',
          `Meter ${row.meterNo} is a balance meter: its balances go with it. Confirm that with its MeterNo.`,
          { field: 'confirm' },
        );
      }
      await services.store.archive.remove(params.id);
      await audit('meter.delete', row.meterNo);
      return ok;
    },
  }),
] as const;
