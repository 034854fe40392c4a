import { t } from 'elysia';
import { AUTH_MECHANISMS } from '../../base/model.ts';
import { meterIdOf } from '../../headend/meter-saps.ts';
import type { HeadendChannelView, MeterPortView } from '../headend-port.ts';
import { defineRoute, found } from '../route.ts';
import { list } from '../schema.ts';
import { literals, nullable, page, text } from '../schema-parts.ts';
import type { ApiServices } from '../services.ts';

const dial = t.Object({
  state: t.UnionEnum(['resting', 'dialling', 'connected', 'probing', 'pausing']),
  since: t.Integer(),
  /** Who the concentrator is on the connection that it has dialled. */
  mode: t.UnionEnum(['server', 'client']),
  peer: t.Nullable(t.String()),
  nextTryAt: t.Nullable(t.Integer()),
  /** Rounds through all addresses without anything useful. */
  attempts: t.Integer(),
  lastError: t.Nullable(t.Object({ code: t.String(), message: t.String(), time: t.Integer() })),
  heartbeats: t.Nullable(
    t.Object({
      sent: t.Integer(),
      answered: t.Integer(),
      /** Since the last one that was answered. */
      missed: t.Integer(),
    }),
  ),
});

const channel = t.Object({
  channel: t.String(),
  /** `client` dials; on the others a head-end, the local software, or who reads balance meters dials in. */
  kind: t.UnionEnum(['server', 'local', 'balance', 'client']),
  enabled: t.Boolean(),
  /** Null while it does not listen. */
  listening: t.Nullable(t.Object({ host: t.String(), port: t.Integer() })),
  /** Null while it is to dial nobody. */
  dial: t.Nullable(dial),
  problem: t.Nullable(t.String()),
  connections: t.Array(
    t.Object({
      peer: t.String(),
      since: t.Integer(),
      associations: t.Array(
        t.Object({
          client: t.Integer(),
          /** Address of the logical device. */
          sap: t.Integer(),
          /** How the client has proved who it is; `none` for the public client. */
          auth: literals(AUTH_MECHANISMS),
          /** It asks meters themselves instead of the store. */
          live: t.Boolean(),
          /** The meter that the logical device stands for; null for the concentrator itself. */
          meter: nullable(t.Object({ id: t.Integer(), meterNo: t.String() })),
        }),
      ),
    }),
  ),
  /** Null where single meters have no ports. */
  meterPorts: nullable(
    t.Object({ all: t.Integer(), failed: t.Integer(), connections: t.Integer({ minimum: 0 }) }),
  ),
});

const meterPort = t.Object({
  meterId: t.Integer(),
  meterNo: t.String(),
  port: t.Integer(),
  connections: t.Integer(),
  /** Why nobody can connect; null while it is open. */
  error: nullable(t.String()),
});

const dialView = ({
  peer,
  nextTryAt,
  lastError,
  heartbeats,
  ...given
}: NonNullable<HeadendChannelView['dial']>) => ({
  ...given,
  peer: peer ?? null,
  nextTryAt: nextTryAt ?? null,
  lastError: lastError ?? null,
  heartbeats: heartbeats ?? null,
});

function portsView(ports: readonly MeterPortView[]): (typeof channel.static)['meterPorts'] {
  if (ports.length === 0) return null;
  return {
    all: ports.length,
    failed: ports.filter(({ error }) => error !== null).length,
    connections: ports.reduce((sum, { connections }) => sum + connections, 0),
  };
}

/** A meter that has gone from the archive keeps its number. */
async function meterAt(
  sap: number,
  { store }: Pick<ApiServices, 'store'>,
): Promise<{ id: number; meterNo: string } | null> {
  const id = meterIdOf(sap);
  if (id === undefined) return null;
  const row = await store.archive.get(id);
  return { id, meterNo: row?.meterNo ?? `meter ${id}` };
}

async function channelView(
  { listening, dial: state, problem, connections, meterPorts = [], ...given }: HeadendChannelView,
  services: ApiServices,
): Promise<typeof channel.static> {
  return {
    ...given,
    listening: listening ?? null,
    dial: state === undefined ? null : dialView(state),
    problem: problem ?? null,
    connections: await Promise.all(
      connections.map(async ({ associations, ...connection }) => ({
        ...connection,
        associations: await Promise.all(
          associations.map(async (one) => ({ ...one, meter: await meterAt(one.sap, services) })),
        ),
      })),
    ),
    meterPorts: portsView(meterPorts),
  };
}

/** Who is connected to the head-end's channels, and how far the dialling is. */
export const headendRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/headend',
    right: 'settings.read',
    summary: 'Each channel towards head-ends: where it listens or whom it dials, and its connections',
    response: list(channel),
    handler: async ({ services }) => ({
      rows: await Promise.all(services.headend.views().map((view) => channelView(view, services))),
    }),
  }),
  defineRoute({
    method: 'GET',
    path: '/api/headend/:channel/meter-ports',
    right: 'settings.read',
    summary: 'TCP ports of single meters on a channel, a page at a time',
    params: t.Object({ channel: t.String({ minLength: 1, maxLength: 64 }) }),
    query: t.Object({
      /** Part of a MeterNo, or a port. */
      search: t.Optional(text(64)),
      offset: t.Optional(t.Integer({ minimum: 0 })),
      limit: t.Optional(t.Integer({ minimum: 1, maximum: 500 })),
    }),
    response: page(meterPort),
    handler: ({ services, params, query: { search = '', offset = 0, limit = 25 } }) => {
      const { meterPorts = [] } = found(
        services.headend.views().find((view) => view.channel === params.channel),
        'channel towards head-ends',
        params.channel,
      );
      const wanted = search.trim().toLowerCase();
      const rows = meterPorts.filter(
        ({ meterNo, port }) => meterNo.toLowerCase().includes(wanted) || String(port) === wanted,
      );
      return { rows: rows.slice(offset, offset + limit).map((row) => ({ ...row })), total: rows.length };
    },
  }),
] as const;
