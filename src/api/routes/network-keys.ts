import type { Static } from 'elysia';
import { G3_COMM_TYPE } from '../../base/model.ts';
import type { KeyChange } from '../../store/types.ts';
import * as schema from '../g3-schema.ts';
import { defineRoute, done, idParams, ok } from '../route.ts';
import type { ApiServices } from '../services.ts';

const WHOLE_NETWORK = 0;

type Names = ReadonlyMap<number, string>;

async function namesOf({ store }: ApiServices): Promise<Names> {
  const { rows } = await store.archive.list({});
  return new Map(rows.map(({ id, meterNo }) => [id, meterNo]));
}

/** Field by field, so that nothing else can slip out. */
function changeView(change: KeyChange, names: Names): Static<typeof schema.keyChange> {
  const { id, channel, meterId, state, actor, startedAt, finishedAt, steps } = change;
  return {
    id,
    channel,
    meterId,
    meterNo: names.get(meterId) ?? null,
    state,
    actor,
    startedAt,
    finishedAt: finishedAt ?? null,
    steps: steps.map((step) => ({
      meterId: step.meterId,
      meterNo: names.get(step.meterId) ?? null,
      state: step.state,
      message: step.message ?? null,
      at: step.at ?? null,
    })),
  };
}

const subjectOf = ({ channel, meterId }: { readonly channel: string; readonly meterId?: number }): string =>
  meterId === undefined || meterId === WHOLE_NETWORK ? channel : `${channel} meter ${meterId}`;

/** Pre-shared keys of G3-PLC networks. */
export const networkKeyRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/network-keys',
    right: 'settings.read',
    summary: 'Which networks and meters have a pre-shared key, and changes of keys; keys are write-only',
    response: schema.networkKeys,
    handler: async ({ services }) => {
      const { store, networkKeys } = services;
      const [channels, keys, changes, names] = await Promise.all([
        store.configuration.channels(),
        networkKeys.list(),
        networkKeys.changes(),
        namesOf(services),
      ]);
      return {
        networks: channels
          .filter(({ commType }) => commType === G3_COMM_TYPE)
          .map(({ name: channel }) => {
            const own = keys.filter((key) => key.channel === channel);
            const network = own.find(({ meterId }) => meterId === WHOLE_NETWORK);
            return {
              channel,
              hasKey: network !== undefined,
              hasPrevious: network?.hasPrevious ?? false,
              changedAt: network?.changedAt ?? null,
              meters: own
                .filter((key) => key !== network)
                .map(({ meterId, hasPrevious, changedAt }) => ({
                  meterId,
                  meterNo: names.get(meterId) ?? null,
                  hasPrevious,
                  changedAt,
                })),
            };
          }),
        changes: changes.map((change) => changeView(change, names)),
      };
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/network-keys/set',
    right: 'settings.write',
    summary: 'Note the pre-shared key that a network or meter has already; nothing is sent',
    body: schema.newNetworkKey,
    response: done,
    handler: async ({ services, body, session, audit }) => {
      const { channel, meterId = WHOLE_NETWORK, key } = body;
      await services.networkKeys.set(channel, meterId, Uint8Array.fromHex(key), session().account.name);
      await audit('network-key.set', subjectOf(body), 'key replaced');
      return ok;
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/network-keys/changes',
    right: 'settings.write',
    summary: 'Plan a change of the pre-shared key of a network or meter; nothing is sent before it is run',
    body: schema.newNetworkKey,
    response: schema.keyPlan,
    handler: async ({ services, body, session, audit }) => {
      const { channel, meterId = WHOLE_NETWORK, key } = body;
      const plan = await services.networkKeys.plan(
        channel,
        meterId,
        Uint8Array.fromHex(key),
        session().account.name,
      );
      const { change, meters, toleratedFailures } = plan;
      await audit('network-key.plan', subjectOf(body), `change ${change.id}, ${change.steps.length} meters`);
      return {
        change: changeView(change, await namesOf(services)),
        toleratedFailures,
        meters: meters.map((meter) => ({ ...meter })),
      };
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/network-keys/changes/:id/run',
    right: 'settings.write',
    summary: 'Carry out a change of keys that was planned',
    params: idParams,
    response: done,
    handler: async ({ services, params, session, audit }) => {
      await services.networkKeys.run(params.id, session().account.name);
      await audit('network-key.run', `change ${params.id}`);
      return ok;
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/network-keys/changes/:id/rollback',
    right: 'settings.write',
    summary: 'Take a change of keys back, under way or done, as long as the keys before it are kept',
    params: idParams,
    response: done,
    handler: async ({ services, params, session, audit }) => {
      await services.networkKeys.rollBack(params.id, session().account.name);
      await audit('network-key.rollback', `change ${params.id}`);
      return ok;
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/network-keys/confirm',
    right: 'settings.write',
    summary: 'Forget the keys before the last change of a network',
    body: schema.ofChannel,
    response: done,
    handler: async ({ services, body, session, audit }) => {
      await services.networkKeys.confirm(body.channel, session().account.name);
      await audit('network-key.confirm', body.channel);
      return ok;
    },
  }),
] as const;
