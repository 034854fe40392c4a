import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { openDlmsClient } from '../channels/dlms-client.ts';
import type { BlacklistGuard } from '../device/blacklist-guard.ts';
import type { DeviceLogbook } from '../device/logbook.ts';
import { Discovery } from '../meters/discovery/discovery.ts';
import type { FoundDeviceView } from '../meters/discovery/found-view.ts';
import type { ProfileBook } from '../meters/profiles/index.ts';
import type { Store } from '../store/types.ts';
import type { Collector } from '../tasks/collector.ts';
import type { PlcModules } from './modules.ts';
import type { Transports } from './transports.ts';

/** As many nodes as a PLC module has. */
const MOST_STRANGERS = 2_040;

export interface DiscoveryParts {
  readonly store: Pick<Store, 'configuration' | 'collection' | 'found'>;
  readonly collector: Pick<Collector, 'visit'>;
  readonly transports: Pick<Transports, 'tcp'>;
  readonly modules: Pick<PlcModules, 'admit'>;
  readonly profiles: ProfileBook;
  readonly blacklist: BlacklistGuard;
  readonly logbook: Pick<DeviceLogbook, 'record'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The search for devices on what the concentrator has. */
export function createDiscovery({
  store,
  collector,
  transports,
  modules,
  blacklist,
  logbook,
  ...rest
}: DiscoveryParts): Discovery {
  return new Discovery({
    ...rest,
    connect: openDlmsClient,
    channels: () => store.configuration.channels(),
    meters: () => store.collection.meters(),
    visit: (...visit) => collector.visit(...visit),
    openTcp: (endpoint) => transports.tcp(endpoint),
    admit: (channel, nodes) => modules.admit(channel, nodes),
    strangers: async (channel) => {
      const { rows } = await store.found.list({ channel, state: 'new', limit: MOST_STRANGERS, offset: 0 });
      return rows.map(({ address }) => address);
    },
    refuses: (names) => blacklist.refuses(names, 'discovery'),
    note: (device) => store.found.note(device),
    told: (channel, device) =>
      logbook
        .record('device-found', detailOf(channel, device))
        .catch((error: unknown) =>
          rest.log.error('a logbook entry was lost', { ...toDcuError(error).toJSON() }),
        ),
  });
}

function detailOf(channel: string, { address, meterNo, outcome, proposal }: FoundDeviceView): string {
  const what = proposal === null ? outcome : (proposal.profiles[0]?.title ?? outcome);
  return `${channel} ${address}: ${meterNo ?? 'without a number'}, ${what}`;
}
