import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Meter, TaskType } from '../../src/base/model.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { ByteChannel, ChannelOpener } from '../../src/channels/channel.ts';
import { memoryPair } from '../../src/channels/memory.ts';
import { tcpOpener } from '../../src/channels/tcp.ts';
import type { LineAccess } from '../../src/meters/line-channels.ts';
import {
  type Neighbourhood,
  type ServedMeter,
  startNeighbourhood,
} from '../../src/simulator/neighbourhood.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';
import { type Collector, createCollector } from '../../src/tasks/collector.ts';
import { meter } from '../tasks/fake-meter.ts';
import { MemoryStore } from '../tasks/memory-store.ts';

export interface Street {
  readonly neighbourhood: Neighbourhood;
  readonly store: MemoryStore;
  readonly collector: Collector;
  /** TCP connections that were opened. */
  readonly opened: number;
  /** The concentrator starts again with what is in the store. */
  restart(): Promise<void>;
  served(id: number): ServedMeter;
  item(type: TaskType, priority?: number): void;
  stop(): Promise<void>;
}

/** Simulated meters on TCP and on RS-485 lines in memory, read by a real collector over real machines. */
export async function startStreet(options: {
  readonly meters: number;
  readonly rs485Lines?: number;
  readonly metersPerLine?: number;
  readonly attributes?: Readonly<Record<string, string>>;
}): Promise<Street> {
  const { meters, rs485Lines = 0, metersPerLine = 3 } = options;
  let opened = 0;
  const wires = new Map<number, ByteChannel>();
  const openers = new Map<string, ChannelOpener>();
  const neighbourhood = await startNeighbourhood({
    seed: 7,
    clock: systemClock,
    log: silentLog,
    meters: planNeighbourhood({
      seed: 7,
      meters,
      tcpBase: 0,
      framing: 'mixed',
      auth: 'mixed',
      rs485Lines,
      metersPerLine,
    }),
    openLine: async (index) => {
      const [ours, theirs] = memoryPair({ name: `rs485-${index + 1}` });
      wires.set(index, ours);
      return { channel: theirs, path: `memory ${index}` };
    },
  });
  const store = new MemoryStore();
  store.groups = [{ id: 1, name: 'single_phase', enabled: true }];
  store.attributes = {
    dlms_down: {
      'max.bytes': '256',
      'send.timeout': '2',
      'send.retry': '2',
      'send.silent': '0',
      ...options.attributes,
    },
  };
  for (const [index, one] of neighbourhood.meters.entries()) {
    const id = index + 1;
    store.meterList.push(archived(id, one));
    store.secretsOf.set(id, {
      ...(one.password === undefined ? {} : { password: new TextEncoder().encode(one.password) }),
      ...(one.encryptionKey === undefined ? {} : { encryptionKey: one.encryptionKey }),
      ...(one.authenticationKey === undefined ? {} : { authenticationKey: one.authenticationKey }),
    });
  }
  const served = (id: number): ServedMeter => {
    const one = neighbourhood.meters[id - 1];
    if (one === undefined) throw new Error(`no meter ${id}`);
    return one;
  };
  const start = (): Collector =>
    createCollector({
      store,
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      zone: () => 'Europe/Riga',
      systemTitle: Uint8Array.of(0x44, 0x43, 0x55, 0, 0, 0, 0, 1),
      openLine: ({ id }): LineAccess => {
        const one = served(id);
        const { host, port, line } = one;
        if (host !== undefined && port !== undefined) {
          const tcp = tcpOpener({ host, port, connectTimeoutMs: 2_000 }, systemClock);
          const opener: ChannelOpener = {
            name: tcp.name,
            open: (signal) => {
              opened++;
              return tcp.open(signal);
            },
          };
          return { lineName: `${host}:${port}`, opener, protocol: 'dlms_down', shared: false };
        }
        const wire = wires.get(Number(line.slice('rs485-'.length)) - 1);
        if (wire === undefined) throw new Error(`no wire for ${line}`);
        // The wire is a fixture: closing a channel on it must not cut it.
        const channel: ByteChannel = {
          name: wire.name,
          write: (bytes) => wire.write(bytes),
          onBytes: (listener) => wire.onBytes(listener),
          onClosed: (listener) => wire.onClosed(listener),
          close: async () => wire.onBytes(() => {}),
        };
        const opener = openers.get(line) ?? { name: line, open: async () => channel };
        openers.set(line, opener);
        return { lineName: line, opener, protocol: 'dlms_down', shared: true };
      },
    });
  let collector = start();
  return {
    neighbourhood,
    store,
    get collector() {
      return collector;
    },
    get opened() {
      return opened;
    },
    restart: async () => {
      await collector.stop();
      collector = start();
    },
    served,
    item: (type, priority = 3) => {
      store.items.push({
        id: store.items.length + 1,
        name: type.toLowerCase(),
        task: 'single_phase',
        intervalS: 0,
        offsetS: 0,
        maxRecallS: type === 'Energy profile' || type === 'Demand profile' ? 20 * 86_400 : 403 * 86_400,
        enabled: true,
        priority,
        type,
        cron: '0 */4 * * *',
      });
    },
    stop: async () => {
      await collector.stop();
      await neighbourhood.stop();
    },
  };
}

function archived(id: number, one: ServedMeter): Meter {
  const { framing, client, server, physicalAddress, addressBytes, auth, systemTitle } = one;
  return meter(id, {
    meterNo: one.meterNo,
    address: {
      framing,
      clientAddress: client,
      serverAddress: server,
      ...(physicalAddress === undefined ? {} : { physicalAddress }),
      addressBytes,
    },
    security: {
      auth,
      policy: auth === 'hls-gmac' ? 'auth-enc' : 'none',
      systemTitle: systemTitle.toHex(),
    },
  });
}
