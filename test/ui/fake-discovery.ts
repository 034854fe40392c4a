import type { ApiServices } from '../../src/api/services.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { FoundDeviceView } from '../../src/meters/discovery/found-view.ts';
import { rankProfiles } from '../../src/meters/discovery/match.ts';
import type { DiscoveryRun } from '../../src/meters/discovery/run.ts';
import { obisCodesOf } from '../../src/meters/meter-profile.ts';
import { BUILT_IN_PROFILES } from '../../src/meters/profiles/index.ts';

const idis = BUILT_IN_PROFILES.get('idis');
const own = idis.hints.objects.filter(({ weight }) => weight > 0);
const objects = obisCodesOf({ ...idis, hints: { ...idis.hints, objects: own } }).map((obis) => ({
  classId: 1,
  obis,
}));
const logicalDeviceName = 'LGZ1030000123456';
const address = { framing: 'hdlc', serverAddress: 1, physicalAddress: 17, addressBytes: 2 } as const;

const proposed: FoundDeviceView = {
  address: '1/17',
  outcome: 'proposed',
  meterNo: '1030000123456',
  troubles: [],
  proposal: {
    meter: {
      meterNo: '1030000123456',
      channel: '485_1',
      profile: 'idis',
      phase: 3,
      address: { ...address, clientAddress: 1 },
      security: { auth: 'hls-gmac', policy: 'auth-enc' },
    },
    authenticated: false,
    profiles: rankProfiles({ objects, logicalDeviceName }, BUILT_IN_PROFILES.all()),
    facts: {
      referencing: 'ln',
      clientAddress: 16,
      logicalDeviceName,
      deviceIds: {},
      logicalDevices: [],
      associations: [],
      clockDriftMs: 1200,
      objects: objects.length,
      capturePeriods: { '1.0.99.1.0.255': 900 },
      refused: {},
      systemTitle: null,
    },
    troubles: [],
  },
};
const doubled: FoundDeviceView = {
  address: '1/21',
  outcome: 'doubled',
  meterNo: null,
  proposal: null,
  troubles: ['two answers to one question: two devices have this address'],
};

/** A search that finds two addresses at once and then goes on until it is ended. */
export function fakeDiscovery(now: () => number): ApiServices['discovery'] {
  const runs: DiscoveryRun[] = [];
  return {
    runs: () => runs,
    start: async ({ channel, addresses }) => {
      if (addresses === '9-1') {
        throw new DcuError('invalid-argument', 'addresses "9-1" is no address or range within 0-127', {
          field: 'addresses',
        });
      }
      const id = `discovery-${runs.length + 1}`;
      runs.unshift({
        id,
        channel,
        state: 'running',
        startedAt: now(),
        finishedAt: null,
        total: 111,
        asked: 24,
        found: [proposed, doubled],
        error: null,
      });
      return id;
    },
    cancel: (id) => {
      const at = runs.findIndex((run) => run.id === id && run.state === 'running');
      const run = runs[at];
      if (run !== undefined) runs[at] = { ...run, state: 'cancelled', finishedAt: now() };
      return run !== undefined;
    },
  };
}
