import type { Static } from 'elysia';
import { namesOfMeter } from '../../base/device-address.ts';
import { DcuError } from '../../base/errors.ts';
import type { Meter } from '../../base/model.ts';
import type { FoundDevice, FoundQuery } from '../../store/types.ts';
import * as schema from '../archive-schema.ts';
import { changeSummary, meterFrom, meterView } from '../meter-input.ts';
import { defineRoute, done, found, idParams, ok } from '../route.ts';
import { list, meter, newMeter, page } from '../schema.ts';
import type { ApiServices } from '../services.ts';

function foundView(device: FoundDevice, { blacklist }: ApiServices): Static<typeof schema.foundDevice> {
  const { proposal } = device;
  const told = typeof proposal === 'object' && proposal !== null && Object.keys(proposal).length > 0;
  const names = namesOfFound(device);
  const entry = blacklist.match(names);
  return {
    id: device.id,
    channel: device.channel,
    address: device.address,
    via: device.via,
    state: device.state,
    foundAt: device.foundAt,
    seenAt: device.seenAt,
    proposal: told ? { ...proposal } : null,
    names: [...names],
    blacklisted: entry === undefined ? null : { id: entry.id, reason: entry.reason },
  };
}

/** What it goes by wherever it is: addresses that mean something on one line only (`1/17`) are none of it. */
function namesOfFound({ address, proposal }: FoundDevice): readonly string[] {
  const { meter: proposed } = proposal as { readonly meter?: Partial<Pick<Meter, 'meterNo' | 'security'>> };
  const names = [address.includes('/') ? null : address, proposed?.security?.systemTitle, proposed?.meterNo];
  return names.filter((name) => typeof name === 'string');
}

/** Devices that may not communicate, and devices that were found; neither are meters of the archive. */
export const deviceRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/blacklist',
    right: 'meters.read',
    summary: 'Devices that may not communicate',
    response: list(schema.blacklistEntry),
    handler: async ({ services }) => {
      const { store, blacklist } = services;
      const [entries, meters] = await Promise.all([store.blacklist.list(), store.archive.list({})]);
      const silent = Map.groupBy(meters.rows, (row) => blacklist.match(namesOfMeter(row))?.id);
      return {
        rows: entries.map((entry) => ({
          ...entry,
          meters: (silent.get(entry.id) ?? []).map(({ id, meterNo }) => ({ id, meterNo })),
        })),
      };
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/blacklist',
    right: 'meters.write',
    summary: 'Keep a device from communicating',
    body: schema.blacklistBody,
    response: done,
    handler: async ({ services, body, audit }) => {
      await services.store.blacklist.add(body.address, body.reason);
      await audit('blacklist.add', body.address, body.reason);
      return ok;
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/api/blacklist/:id',
    right: 'meters.write',
    summary: 'Let a device communicate again',
    params: idParams,
    response: done,
    handler: async ({ services, params, audit }) => {
      const { address } = await services.store.blacklist.remove(params.id);
      await audit('blacklist.remove', address);
      return ok;
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/found',
    right: 'meters.read',
    summary: 'Devices that were found and are no meters of the archive',
    query: schema.foundQuery,
    response: page(schema.foundDevice),
    handler: async ({ services, query }) => {
      const set = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
      const { rows, total } = await services.store.found.list({
        limit: 50,
        offset: 0,
        ...(Object.fromEntries(set) as Partial<FoundQuery>),
      });
      return { rows: rows.map((row) => foundView(row, services)), total };
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/found/:id/accept',
    right: 'meters.write',
    summary: 'Enter a found device into the archive, as the meter that is given',
    params: idParams,
    body: newMeter,
    response: meter,
    handler: async ({ services, params, body, audit }) => {
      const { store } = services;
      const device = found(await store.found.get(params.id), 'found device', params.id);
      if (device.state === 'accepted') {
        throw new DcuError('conflict', `${device.address} has been accepted already.`);
      }
      const { meter: entered, secrets } = meterFrom(body);
      const row = await store.archive.create(entered, secrets);
      await store.found.setState(params.id, 'accepted');
      await audit(
        'found.accept',
        row.meterNo,
        `${device.channel} ${device.address}: ${changeSummary(entered, secrets)}`,
      );
      return meterView(row, services);
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/found/:id/ignore',
    right: 'meters.write',
    summary: 'Leave a found device aside',
    params: idParams,
    response: schema.foundDevice,
    handler: async ({ services, params, audit }) => {
      const device = await services.store.found.setState(params.id, 'ignored');
      await audit('found.ignore', device.address, device.channel);
      return foundView(device, services);
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/found/:id/restore',
    right: 'meters.write',
    summary: 'Show a device again that was left aside',
    params: idParams,
    response: schema.foundDevice,
    handler: async ({ services, params, audit }) => {
      const device = await services.store.found.setState(params.id, 'new');
      await audit('found.restore', device.address, device.channel);
      return foundView(device, services);
    },
  }),
] as const;
