import { t } from 'elysia';
import type { HeadendChannelView } from '../headend-port.ts';
import { defineRoute } from '../route.ts';
import { list } from '../schema.ts';

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
      associations: t.Array(t.Object({ client: t.Integer(), sap: t.Integer() })),
    }),
  ),
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

/** Who is connected to the head-end's channels, and how far the dialling is. */
export const headendRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/headend',
    right: 'settings.read',
    summary: 'Each channel towards head-ends: where it listens or whom it dials, and its connections',
    response: list(channel),
    handler: ({ services }) => ({
      rows: services.headend.views().map(({ listening, dial: state, problem, connections, ...given }) => ({
        ...given,
        listening: listening ?? null,
        dial: state === undefined ? null : dialView(state),
        problem: problem ?? null,
        connections: connections.map(({ associations, ...connection }) => ({
          ...connection,
          associations: [...associations],
        })),
      })),
    }),
  }),
] as const;
