import type { Clock } from '../base/clock.ts';
import type { Executor } from './executor.ts';
import type { SealedNetworkKey } from './network-key-rows.ts';
import type { KnownNetworkKey, NetworkKeyStore, SecretSealer } from './types.ts';
import { invalid } from './validation.ts';

const KEY_BYTES = 16;

/** Ties a sealed key to its network, its meter and its use: moved elsewhere it does not open. */
const placeOf = (channel: string, meterId: number, which: 'key' | 'previous'): string =>
  `network-key/${channel}/${meterId}/${which}`;

const placeOfChange = (change: {
  readonly channel: string;
  readonly meterId: number;
  readonly startedAt: number;
}): string => `network-key-change/${change.channel}/${change.meterId}/${change.startedAt}`;

/** Pre-shared keys of G3-PLC networks, sealed at rest. */
export function createNetworkKeys(executor: Executor, sealer: SecretSealer, clock: Clock): NetworkKeyStore {
  const sealed = async (channel: string, known: KnownNetworkKey): Promise<SealedNetworkKey> => {
    const { meterId, key, previous, changedAt } = known;
    requireLength(key);
    return {
      channel,
      meterId,
      sealedKey: await sealer.seal(key, placeOf(channel, meterId, 'key')),
      sealedPrevious:
        previous === undefined ? null : await sealer.seal(previous, placeOf(channel, meterId, 'previous')),
      changedAt,
    };
  };
  const allSealed = (channel: string, keys: readonly KnownNetworkKey[]): Promise<SealedNetworkKey[]> =>
    Promise.all(keys.map((known) => sealed(channel, known)));
  return {
    list: async () =>
      (await executor.read('listNetworkKeys')).map(({ channel, meterId, sealedPrevious, changedAt }) => ({
        channel,
        meterId,
        hasPrevious: sealedPrevious !== null,
        changedAt,
      })),
    keys: async (channel) => {
      const rows = (await executor.read('listNetworkKeys')).filter((row) => row.channel === channel);
      return Promise.all(
        rows.map(async ({ meterId, sealedKey, sealedPrevious, changedAt }): Promise<KnownNetworkKey> => {
          const key = await sealer.open(sealedKey, placeOf(channel, meterId, 'key'));
          const previous =
            sealedPrevious === null
              ? {}
              : { previous: await sealer.open(sealedPrevious, placeOf(channel, meterId, 'previous')) };
          return { meterId, key, ...previous, changedAt };
        }),
      );
    },
    save: async (channel, meterId, key) =>
      executor.write('saveNetworkKey', await sealed(channel, { meterId, key, changedAt: clock.now() })),
    replace: async (channel, keys) =>
      executor.write('replaceNetworkKeys', channel, await allSealed(channel, keys)),
    plan: async ({ channel, meterId, key, actor, meterIds }) => {
      requireLength(key);
      const change = { channel, meterId, startedAt: clock.now() };
      const sealedKey = await sealer.seal(key, placeOfChange(change));
      return executor.write('planKeyChange', { ...change, sealedKey, actor, meterIds });
    },
    changes: () => executor.read('listKeyChanges'),
    change: (id) => executor.read('getKeyChange', id),
    changeKey: async (id) => {
      const [change, text] = await Promise.all([
        executor.read('getKeyChange', id),
        executor.read('sealedChangeKey', id),
      ]);
      return text === '' ? undefined : sealer.open(text, placeOfChange(change));
    },
    step: (id, meterId, state, message) =>
      executor.write('saveKeyStep', id, {
        meterId,
        state,
        at: clock.now(),
        ...(message === undefined ? {} : { message }),
      }),
    move: (id, from, to) => executor.write('moveKeyChange', id, from, to),
    settle: async (id, { from, state, key, keys }) => {
      const change = await executor.read('getKeyChange', id);
      const ended = key === undefined;
      return executor.write('settleKeyChange', id, {
        from,
        state,
        // Ended, its key is either in use or worth nothing.
        sealedKey: ended ? '' : await sealer.seal(key, placeOfChange(change)),
        finishedAt: ended ? clock.now() : null,
        keys: await allSealed(change.channel, keys),
      });
    },
  };
}

function requireLength(key: Uint8Array): void {
  if (key.length !== KEY_BYTES) throw invalid('key', `must have ${KEY_BYTES} bytes`);
}
