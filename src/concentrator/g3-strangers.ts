import type { CollectionStore } from '../base/collection.ts';
import { hostAndPort } from '../base/device-address.ts';
import { toDcuError } from '../base/errors.ts';
import { type G3Finding, type G3Stranger, g3Name } from '../base/g3.ts';
import type { Log } from '../base/log.ts';
import type { Meter } from '../base/model.ts';
import type { BlacklistGuard } from '../device/blacklist-guard.ts';
import type { DeviceLogbook } from '../device/logbook.ts';
import { g3Sibling } from '../meters/g3-path.ts';
import type { FoundDevices } from '../store/types.ts';

export interface StrangerDependencies {
  readonly found: Pick<FoundDevices, 'note'>;
  readonly blacklist: Pick<BlacklistGuard, 'refuses'>;
  readonly logbook: Pick<DeviceLogbook, 'record'>;
  readonly log: Log;
}

/**
 * The same store; nodes of a G3-PLC network that no meter claims to be are noted as found devices, with the meter that
 * each would be where addresses of the network are made of PAN and short address. Those of the blacklist are an attempt
 * of theirs instead.
 */
export function withG3Strangers(collection: CollectionStore, deps: StrangerDependencies): CollectionStore {
  return {
    ...collection,
    saveG3Finding: async (finding) => {
      const strangers = await collection.saveG3Finding(finding);
      if (strangers.length === 0) return strangers;
      try {
        const meter = (await collection.meters()).find(({ id }) => id === finding.meterId);
        for (const stranger of strangers) await note(stranger, finding, meter, deps);
      } catch (thrown) {
        // What the meter told is on disk; whom it named is told again at its next finding.
        deps.log.error('nodes that are no meters could not be noted', { ...toDcuError(thrown).toJSON() });
      }
      return strangers;
    },
  };
}

async function note(
  { channel, panId, shortAddress }: G3Stranger,
  { time, view }: G3Finding,
  by: Meter | undefined,
  { found, blacklist, logbook }: StrangerDependencies,
): Promise<void> {
  const address = g3Name(panId, shortAddress);
  const { host, port } = by?.address ?? {};
  const sibling = host === undefined ? undefined : g3Sibling(host, view.shortAddress, shortAddress);
  const names = [
    ...(sibling === undefined ? [] : [port === undefined ? sibling : hostAndPort(sibling, port)]),
    address,
  ];
  if (blacklist.refuses(names, 'a place in the network')) return;
  const news = await found.note({
    channel,
    address,
    via: 'report',
    seenAt: time,
    proposal: {
      panId,
      shortAddress,
      heardBy: by?.meterNo ?? null,
      ...(sibling === undefined ? {} : { host: sibling, ...(port === undefined ? {} : { port }) }),
    },
  });
  if (news) await logbook.record('device-found', `${address} on ${channel}, heard by ${by?.meterNo ?? ''}`);
}
