import { t } from 'elysia';
import { EVENT_LOGS } from '../../base/model.ts';
import { DEFAULT_OUTBOX_RULES, OUTBOX_KINDS, OUTBOX_ROUTES } from '../../base/outbox.ts';
import { defineRoute, done, found, ok } from '../route.ts';
import { list } from '../schema.ts';
import { literals } from '../schema-parts.ts';

const destinationParams = t.Object({ destination: t.String({ minLength: 1, maxLength: 64 }) });
const ruleParams = t.Object({
  destination: t.String({ minLength: 1, maxLength: 64 }),
  class: t.String({ minLength: 1, maxLength: 64 }),
});
const ruleBody = t.Object({
  priority: t.Integer({ minimum: 1, maximum: 5 }),
  route: t.UnionEnum(OUTBOX_ROUTES),
  delayS: t.Integer({ minimum: 0, maximum: 86_400 }),
});

const uplink = t.Object({
  destination: t.String(),
  enabled: t.Boolean(),
  /** Null while nothing runs. */
  link: t.Nullable(
    t.Object({
      connected: t.Boolean(),
      since: t.Integer(),
      inFlight: t.Integer(),
      sent: t.Integer(),
      lastSent: t.Nullable(t.Integer()),
      lastError: t.Nullable(t.Object({ code: t.String(), message: t.String(), time: t.Integer() })),
    }),
  ),
  problem: t.Nullable(t.String()),
  waiting: t.Integer(),
  bytes: t.Integer(),
  oldest: t.Nullable(t.Integer()),
  acknowledged: t.Integer(),
  dropped: t.Integer(),
});

/** What is to leave the concentrator, and how far it has come. */
export const uplinkRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/uplinks',
    right: 'settings.read',
    summary: 'Each way to a head-end: connection, what waits, what was given up',
    response: list(uplink),
    handler: async ({ services }) => {
      const outbox = new Map(
        (await services.store.outbox.state()).map(({ destination, ...state }) => [destination, state]),
      );
      return {
        rows: services.uplinks.views().map(({ destination, enabled, link, problem }) => {
          const state = outbox.get(destination);
          return {
            destination,
            enabled,
            link:
              link === undefined
                ? null
                : {
                    connected: link.connected,
                    since: link.since,
                    inFlight: link.inFlight,
                    sent: link.sent,
                    lastSent: link.lastSent ?? null,
                    lastError: link.lastError ?? null,
                  },
            problem: problem ?? null,
            waiting: state?.waiting ?? 0,
            bytes: state?.bytes ?? 0,
            oldest: state?.oldest ?? null,
            acknowledged: state?.acknowledged ?? 0,
            dropped: state?.dropped ?? 0,
          };
        }),
      };
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/api/uplinks/:destination/outbox',
    right: 'settings.write',
    summary: 'Give up all that waits for a head-end',
    params: destinationParams,
    response: t.Object({ dropped: t.Integer() }),
    handler: async ({ services, params: { destination }, audit }) => {
      found(
        services.uplinks.views().find((view) => view.destination === destination),
        'uplink',
        destination,
      );
      const dropped = await services.uplinks.clear(destination);
      await audit('uplink.clear', destination, `${dropped} items`);
      return { dropped };
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/uplinks/rules',
    right: 'settings.read',
    summary: 'Priorities, routes and delays that differ from the usual ones',
    response: list(t.Object({ destination: t.String(), class: t.String(), ...ruleBody.properties })),
    handler: async ({ services }) => ({ rows: [...(await services.store.outbox.rules())] }),
  }),
  defineRoute({
    method: 'GET',
    path: '/api/uplinks/kinds',
    right: 'settings.read',
    summary: 'Every kind of what is sent, with its usual priority, route and delay',
    response: list(
      t.Object({
        class: literals(OUTBOX_KINDS),
        ...ruleBody.properties,
        /** Whether single event codes of it may have rules of their own. */
        hasCodes: t.Boolean(),
      }),
    ),
    handler: () => ({
      rows: OUTBOX_KINDS.map((kind) => ({
        class: kind,
        ...DEFAULT_OUTBOX_RULES[kind],
        hasCodes: EVENT_LOGS.some((log) => log === kind),
      })),
    }),
  }),
  defineRoute({
    method: 'PUT',
    path: '/api/uplinks/rules/:destination/:class',
    right: 'settings.write',
    summary: 'Give a kind, or one event code of a kind (`fraud:40`), a priority, route and delay',
    params: ruleParams,
    body: ruleBody,
    response: done,
    handler: async ({ services, params, body, audit }) => {
      await services.store.outbox.saveRule({ ...params, ...body });
      await audit('uplink.rule', `${params.destination} ${params.class}`, JSON.stringify(body));
      return ok;
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/api/uplinks/rules/:destination/:class',
    right: 'settings.write',
    summary: 'Let the usual priority hold again',
    params: ruleParams,
    response: done,
    handler: async ({ services, params, audit }) => {
      await services.store.outbox.removeRule(params.destination, params.class);
      await audit('uplink.rule', `${params.destination} ${params.class}`, 'usual');
      return ok;
    },
  }),
] as const;
