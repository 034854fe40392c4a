import { VirtualClock } from '../../../src/base/clock.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { Channel, Meter } from '../../../src/base/model.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import type { ByteChannel, ChannelOpener } from '../../../src/channels/channel.ts';
import { openDlmsClient } from '../../../src/channels/dlms-client.ts';
import { type LineFault, memoryPair } from '../../../src/channels/memory.ts';
import { Discovery } from '../../../src/meters/discovery/discovery.ts';
import type { FoundDeviceView } from '../../../src/meters/discovery/found-view.ts';
import type { DiscoveryRun } from '../../../src/meters/discovery/run.ts';
import { BUILT_IN_PROFILES } from '../../../src/meters/profiles/index.ts';
import { type Neighbourhood, startNeighbourhood } from '../../../src/simulator/neighbourhood.ts';
import { type MeterPlan, planNeighbourhood } from '../../../src/simulator/plan.ts';
import { type Collector, createCollector } from '../../../src/tasks/collector.ts';
import { MemoryStore } from '../../tasks/memory-store.ts';

export const LINE = '485_channel_1';

export interface LineWorld {
  readonly clock: VirtualClock;
  readonly neighbourhood: Neighbourhood;
  readonly store: MemoryStore;
  readonly collector: Collector;
  readonly discovery: Discovery;
  readonly noted: { channel: string; address: string; proposal: unknown }[];
  readonly told: FoundDeviceView[];
  readonly blacklist: Set<string>;
  readonly refused: string[];
  /** Channels of the line that stand open. */
  open(): number;
  /** Lets time pass until the run has ended. */
  ended(id: string): Promise<DiscoveryRun>;
  stop(): Promise<void>;
}

/** A shared line in memory and virtual time, a collector that reads it, and the search for devices on it. */
export async function lineWorld(
  meters: number,
  change: (plan: MeterPlan, index: number) => MeterPlan = (plan) => plan,
  { echo = false, back }: { readonly echo?: boolean; readonly back?: LineFault } = {},
): Promise<LineWorld> {
  const clock = new VirtualClock(Date.parse('2026-06-10T12:00:00Z'));
  const [ours, theirs] = memoryPair({ clock, name: LINE, ...(back === undefined ? {} : { back }) });
  const plans = planNeighbourhood({
    seed: 5,
    meters,
    tcpBase: 'memory',
    framing: 'hdlc',
    auth: 'none',
    rs485Lines: 1,
    metersPerLine: meters,
  }).map(change);
  const neighbourhood = await startNeighbourhood({
    seed: 5,
    clock,
    log: silentLog,
    meters: plans,
    openLine: async () => ({ channel: theirs, path: 'memory' }),
  });
  const store = new MemoryStore();
  store.attributes = {
    '485_test_fis1': { 'max.bytes': '128', 'send.timeout': '3', 'send.retry': '1', 'send.silent': '0' },
  };
  let open = 0;
  const opener: ChannelOpener = {
    name: LINE,
    open: async () => {
      open++;
      return onWire(ours, echo, () => open--);
    },
  };
  const random = new SeededRandom(9);
  const collector = createCollector({
    store,
    clock,
    random,
    log: silentLog,
    zone: () => 'UTC',
    systemTitle: Uint8Array.of(0x44, 0x43, 0x55, 0, 0, 0, 0, 1),
    openLine: () => ({ lineName: LINE, opener, protocol: '485_test_fis1', shared: true }),
  });
  const noted: LineWorld['noted'] = [];
  const told: FoundDeviceView[] = [];
  const blacklist = new Set<string>();
  const refused: string[] = [];
  const discovery = new Discovery({
    clock,
    random,
    log: silentLog,
    connect: openDlmsClient,
    profiles: BUILT_IN_PROFILES,
    channels: async () => [channelOf(LINE, 4)],
    meters: () => store.meters(),
    visit: (...visit) => collector.visit(...visit),
    openTcp: () => {
      throw new Error('no network here');
    },
    strangers: async () => [],
    admit: async () => async () => {},
    refuses: (names) => {
      const bad = names.find((name) => blacklist.has(name));
      if (bad !== undefined) refused.push(bad);
      return bad !== undefined;
    },
    note: async ({ channel, address, proposal }) => {
      const isNews = !noted.some((one) => one.address === address);
      noted.push({ channel, address, proposal });
      return isNews;
    },
    told: async (_, device) => {
      told.push(device);
    },
  });
  return {
    clock,
    neighbourhood,
    store,
    collector,
    discovery,
    noted,
    told,
    blacklist,
    refused,
    open: () => open,
    ended: async (id) => {
      for (let turns = 0; turns < 4_000; turns++) {
        const run = discovery.runs().find((one) => one.id === id);
        if (run === undefined) throw new Error(`no run ${id}`);
        if (run.state !== 'running') return run;
        await clock.advance(100);
      }
      throw new Error(`${id} does not end`);
    },
    stop: async () => {
      const stopped = (async () => {
        await discovery.stop();
        await collector.stop();
        await neighbourhood.stop();
      })();
      for (let turns = 0; turns < 100; turns++) await clock.advance(100);
      await stopped;
    },
  };
}

export const channelOf = (name: string, commType: Channel['commType']): Channel => ({
  id: 1,
  name,
  protocol: '485_test_fis1',
  task: 'single_phase',
  enabled: true,
  readTimeoutS: 10,
  writeTimeoutS: 10,
  commType,
  description: '',
});

/** A meter of the archive on the line. */
export const archived = (id: number, meterNo: string, physicalAddress: number): Meter => ({
  id,
  meterNo,
  enabled: true,
  mac: -1,
  channel: LINE,
  meterType: 1,
  phase: 1,
  credit: 1,
  task: 'single_phase',
  prepaid: 255,
  wiring: 1,
  profile: 'generic',
  address: { framing: 'hdlc', clientAddress: 1, serverAddress: 1, physicalAddress, addressBytes: 2 },
  security: { auth: 'none', policy: 'none' },
  hasPassword: false,
  hasKeys: false,
  createdAt: 0,
});

/** The wire is a fixture: closing a channel on it does not cut it. `echo`: what is written comes back first. */
function onWire(wire: ByteChannel, echo: boolean, closed: () => void): ByteChannel {
  let listener: ((bytes: Uint8Array) => void) | undefined;
  return {
    name: wire.name,
    write: async (bytes) => {
      if (echo) listener?.(bytes.slice());
      await wire.write(bytes);
    },
    onBytes: (given) => {
      listener = given;
      wire.onBytes(given);
    },
    onClosed: (given) => wire.onClosed(given),
    close: async () => {
      closed();
      wire.onBytes(() => {});
    },
  };
}
