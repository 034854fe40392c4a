import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { systemClock, VirtualClock } from '../../src/base/clock.ts';
import type { DcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { openDlmsClient } from '../../src/channels/dlms-client.ts';
import { PlcModule, type PlcModuleEvent } from '../../src/channels/plc-module.ts';
import { type Pump, pump } from '../../src/channels/pump.ts';
import { serialOpener } from '../../src/channels/serial.ts';
import type { ModuleConfig } from '../../src/plc/module-types.ts';
import { startNeighbourhood } from '../../src/simulator/neighbourhood.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';
import { SimulatedModule, type SimulatedModuleCommand } from '../../src/simulator/plc/module.ts';
import type { SimulatedModuleOptions } from '../../src/simulator/plc/module-side.ts';
import { PlcNetwork } from '../../src/simulator/plc/network.ts';
import type { Station } from '../../src/simulator/plc/station.ts';
import { ModuleUart } from '../../src/simulator/plc/uart.ts';
import { PlugLine } from './plug.ts';

const MASTER = '000000000099';
const ADDRESSES = Array.from({ length: 8 }, (_, i) => String(261_100_000_001 + i));
const [A = '', B = '', C = ''] = ADDRESSES;
const ECHO: Station = { receive: (bytes) => Uint8Array.of(0xee, ...bytes) };
const MUTE: Station = { receive: () => new Uint8Array() };

/** A module in virtual time, its port, and what was heard of both. */
class Bench {
  readonly clock = new VirtualClock(Date.UTC(2026, 5, 10));
  readonly line = new PlugLine('uart');
  readonly events: PlcModuleEvent[] = [];
  /** Addresses that a message has reached, in order. */
  readonly delivered: string[] = [];
  readonly stations = new Map<string, Station>();
  readonly simulated: SimulatedModule;
  readonly module: PlcModule;
  readonly #far: Pump<SimulatedModuleCommand>;

  constructor(
    config: Partial<ModuleConfig> = {},
    behaviour: Partial<SimulatedModuleOptions> = {},
    power = true,
  ) {
    const network = new PlcNetwork({
      seed: 1,
      meters: ADDRESSES.map((address) => ({ address, feeder: 0, phases: 3 as const })),
      startMs: 0,
      random: new SeededRandom(1),
      noisy: false,
      joinMs: 0,
    });
    this.simulated = new SimulatedModule({
      network,
      station: (address) => this.stations.get(address) ?? ECHO,
      ...behaviour,
    });
    const uart = new ModuleUart(this.line.device, { clock: this.clock, paced: false });
    this.#far = pump(this.simulated, uart, this.clock, (event) => {
      if (event.type === 'delivered') this.delivered.push(event.address);
    });
    if (power) this.power();
    this.module = new PlcModule({
      name: 'plc',
      opener: this.line.opener,
      config: { masterAddress: MASTER, ...config },
      clock: this.clock,
      log: silentLog,
    });
    this.module.setArchive(ADDRESSES);
    this.module.events.on('event', (event) => this.events.push(event));
  }

  power(): void {
    this.far({ type: 'power-on' });
  }

  far(command: SimulatedModuleCommand): void {
    this.#far.command(command);
  }

  async until(holds: () => boolean, limitMs = 600_000): Promise<void> {
    const endMs = this.clock.monotonicMs() + limitMs;
    while (!holds()) {
      if (this.clock.monotonicMs() > endMs) throw new Error('it never holds');
      await this.clock.advance(100);
    }
  }

  running(): Promise<void> {
    return this.until(() => this.module.view.state === 'running');
  }

  async settle<T>(promise: Promise<T>): Promise<T> {
    const state = { open: true };
    const done = promise.finally(() => {
      state.open = false;
    });
    done.catch(() => undefined);
    await this.until(() => !state.open);
    return done;
  }

  async slot(address: string, framing: 'hdlc' | 'wrapper' = 'hdlc') {
    const channel = await this.settle(this.module.slot({ address, framing }).open());
    const heard: string[] = [];
    const closed: (DcuError | undefined)[] = [];
    const silences: number[] = [];
    channel.onBytes((bytes) => heard.push(bytes.toHex()));
    channel.onClosed((reason) => closed.push(reason));
    channel.onSilent?.(() => silences.push(this.clock.monotonicMs()));
    return { channel, heard, closed, silences };
  }

  types(): string[] {
    return this.events.map(({ type }) => type);
  }

  async close(): Promise<void> {
    await this.settle(this.module.close());
    await this.#far.close();
  }
}

let bench: Bench;
afterEach(() => bench.close());

describe('a slot', () => {
  beforeEach(async () => {
    bench = new Bench();
    await bench.running();
  });

  test('is a channel to one meter: a write ends with its answer', async () => {
    const [a, b] = [await bench.slot(A), await bench.slot(B)];
    await bench.settle(Promise.all([a.channel.write(Uint8Array.of(1)), b.channel.write(Uint8Array.of(2))]));
    await bench.settle(a.channel.write(Uint8Array.of(3)));
    expect([a.heard, b.heard]).toEqual([['ee01', 'ee03'], ['ee02']]);
    expect(a.channel.name).toBe(`plc:${A}`);
    await a.channel.close();
    expect(a.closed).toEqual([undefined]);
    await expect(a.channel.write(Uint8Array.of(4))).rejects.toMatchObject({ code: 'link-closed' });
  });

  test('says that its meter is silent as soon as the module does', async () => {
    bench.stations.set(A, MUTE);
    const a = await bench.slot(A, 'wrapper');
    const fromMs = bench.clock.monotonicMs();
    await bench.settle(a.channel.write(Uint8Array.of(1)));
    expect([a.heard, a.closed, a.silences.length]).toEqual([[], [], 1]);
    // The module waits for 20 s, the machine for 60.
    expect((a.silences[0] ?? 0) - fromMs).toBeWithin(20_000, 22_000);
    expect(bench.delivered).toEqual([A]);
  });

  test('sends a message again only where frames have numbers and the meter was there', async () => {
    const deliveredTo = async (framing: 'hdlc' | 'wrapper', heardBefore: boolean): Promise<number> => {
      bench.stations.delete(A);
      const a = await bench.slot(A, framing);
      if (heardBefore) await bench.settle(a.channel.write(Uint8Array.of(1)));
      bench.delivered.length = 0;
      bench.stations.set(A, MUTE);
      await bench.settle(a.channel.write(Uint8Array.of(2)));
      expect(a.silences.length).toBe(1);
      await a.channel.close();
      return bench.delivered.length;
    };
    expect(await deliveredTo('wrapper', true)).toBe(1);
    expect(await deliveredTo('hdlc', false)).toBe(1);
    expect(await deliveredTo('hdlc', true)).toBe(2);
  });

  test('closed in the middle, takes back what is on its way', async () => {
    bench.stations.set(A, MUTE);
    const a = await bench.slot(A);
    const written = a.channel.write(Uint8Array.of(1));
    await bench.until(() => bench.module.view.traffic.flying === 1);
    await a.channel.close();
    await bench.settle(written);
    expect(bench.module.view.traffic).toMatchObject({ flying: 0, waiting: 0 });
    expect(a.silences).toEqual([]);
  });

  test('of a meter that the module does not have, or cannot have, ends with the reason', async () => {
    const stranger = await bench.slot('000000000777');
    await bench.settle(stranger.channel.write(Uint8Array.of(1)));
    expect(stranger.closed).toMatchObject([{ code: 'link-refused', facts: { reason: 'unknown-address' } }]);
    const long = await bench.slot(A);
    await bench.settle(long.channel.write(new Uint8Array(bench.module.messageRoom + 1)));
    expect(long.closed).toMatchObject([{ code: 'apdu-too-long' }]);
  });

  test('numbered frames outlive a reset of the module, others end with it', async () => {
    // So late that it is no repetition of its first start.
    await bench.clock.advance(20_000);
    const [a, b] = [await bench.slot(A, 'hdlc'), await bench.slot(B, 'wrapper')];
    for (const meter of [A, B]) bench.stations.set(meter, MUTE);
    const written = Promise.all([a.channel.write(Uint8Array.of(1)), b.channel.write(Uint8Array.of(2))]);
    await bench.until(() => bench.module.view.traffic.flying === 2);
    bench.far({ type: 'reset' });
    for (const meter of [A, B]) bench.stations.set(meter, ECHO);
    await bench.settle(written);
    expect([a.heard, a.closed]).toEqual([['ee01'], []]);
    expect([b.heard, b.closed]).toMatchObject([[], [{ code: 'module-lost', retryable: true }]]);
    expect(bench.types()).toContain('restarted');
  });
});

test('what is on demand goes before what waits', async () => {
  bench = new Bench({ maxConcurrent: 1 });
  await bench.running();
  const slots = [await bench.slot(A), await bench.slot(B), await bench.slot(C)];
  bench.module.prioritise(B, 5);
  bench.module.prioritise(C, 0);
  const writes = [0, 1, 2, 0].map((i) => slots[i]?.channel.write(Uint8Array.of(i)));
  await bench.settle(Promise.all(writes));
  expect(bench.delivered).toEqual([A, C, A, B]);
});

test('a link behind the module ends as fast as the module knows, not after its own time-out', async () => {
  bench = new Bench();
  await bench.running();
  bench.stations.set(A, MUTE);
  const { channel } = await bench.slot(A);
  const fromMs = bench.clock.monotonicMs();
  const opening = openDlmsClient(
    channel,
    {
      link: {
        framing: 'hdlc',
        clientAddress: 1,
        serverAddress: 1,
        addressBytes: 1,
        maxInfoTransmit: 128,
        maxInfoReceive: 128,
        windowTransmit: 1,
        windowReceive: 1,
        interOctetTimeoutMs: 200,
        responseTimeoutMs: 500_000,
        retries: 1,
      },
      association: { auth: 'none', policy: 'none', maxPduSize: 1024 },
      randomBytes: (length) => new Uint8Array(length),
    },
    bench.clock,
  );
  await expect(bench.settle(opening)).rejects.toMatchObject({ code: 'link-timeout' });
  expect(bench.clock.monotonicMs() - fromMs).toBeLessThan(50_000);
});

describe('the port', () => {
  test('unplugged ends slots and jobs with an error that says so, once, and is opened again', async () => {
    bench = new Bench();
    await bench.running();
    bench.stations.set(A, MUTE);
    const a = await bench.slot(A);
    const written = a.channel.write(Uint8Array.of(1));
    bench.line.unplug();
    await bench.settle(written);
    expect(a.closed).toMatchObject([{ code: 'module-lost' }]);
    expect(bench.module.view).toMatchObject({ state: 'unplugged', trouble: { code: 'module-lost' } });
    await expect(bench.module.topology()).rejects.toMatchObject({ code: 'module-lost' });
    await expect(bench.module.slot({ address: A, framing: 'hdlc' }).open()).rejects.toMatchObject({
      code: 'module-lost',
    });
    await bench.clock.advance(3_600_000);
    expect(bench.types().filter((type) => type === 'lost').length).toBe(1);
    bench.line.plug();
    await bench.until(() => bench.module.view.trouble === undefined);
    await bench.running();
    expect(bench.line.openings).toBe(2);
    bench.stations.clear();
    const again = await bench.slot(A);
    await bench.settle(again.channel.write(Uint8Array.of(1)));
    expect(again.heard).toEqual(['ee01']);
  });

  test('with nobody behind it is told once; whoever waits is told too', async () => {
    bench = new Bench({}, {}, false);
    const waiting = bench.module.ready();
    await expect(bench.settle(waiting)).rejects.toMatchObject({ code: 'module-lost' });
    await bench.clock.advance(600_000);
    expect(bench.types()).toEqual(['lost']);
    bench.power();
    await bench.running();
    expect(bench.types().slice(0, 2)).toEqual(['lost', 'ready']);
  });

  test('a wait for the module can be given up, and ends when all is closed', async () => {
    bench = new Bench({}, {}, false);
    const abort = new AbortController();
    const waiting = bench.module.ready(abort.signal);
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    const open = bench.module.slot({ address: A, framing: 'hdlc' }).open();
    const refused = open.catch((error: unknown) => error);
    await bench.settle(bench.module.close());
    expect(await refused).toMatchObject({ code: 'module-lost' });
    expect(bench.types()).toEqual([]);
  });
});

describe('jobs', () => {
  test('are promises, each with its own answer', async () => {
    bench = new Bench();
    await bench.running();
    const [topology, phases, nodes] = await bench.settle(
      Promise.all([bench.module.topology(), bench.module.phases(), bench.module.nodes()]),
    );
    expect(topology.map(({ address }) => address)).toEqual([MASTER, ...ADDRESSES]);
    expect(phases.length).toBe(ADDRESSES.length);
    expect(nodes.map(({ address }) => address)).toEqual(ADDRESSES);
    await bench.settle(bench.module.setBand(1));
    expect(bench.simulated.memory.band).toBe(1);
  });

  test('that are refused, cancelled or cut off say so', async () => {
    bench = new Bench({}, { without: ['10F31'] });
    await bench.running();
    await expect(bench.settle(bench.module.phases())).rejects.toMatchObject({ code: 'link-refused' });
    const abort = new AbortController();
    const first = bench.module.topology({ signal: abort.signal });
    abort.abort();
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
    await expect(bench.module.topology({ signal: abort.signal })).rejects.toMatchObject({
      code: 'cancelled',
    });
    const cut = bench.module.topology();
    bench.line.unplug();
    await expect(bench.settle(cut)).rejects.toMatchObject({ code: 'module-lost' });
  });

  test('a search ends when it is asked to', async () => {
    bench = new Bench();
    await bench.running();
    await bench.settle(bench.module.discover(30));
    expect(bench.simulated.memory.registering).toBe(true);
    bench.module.endDiscovery();
    await bench.until(() => !bench.simulated.memory.registering);
    expect(bench.types().filter((type) => type === 'discovery').length).toBe(2);
    bench.module.endDiscovery();
  });
});

test('more nodes than the module holds: the surplus is told, the rest is read', async () => {
  bench = new Bench({}, { maxNodes: 5 });
  await bench.running();
  const archive = bench.events.find((event) => event.type === 'archive');
  expect(archive).toMatchObject({ refused: ADDRESSES.slice(5) });
  const a = await bench.slot(A);
  await bench.settle(a.channel.write(Uint8Array.of(1)));
  expect(a.heard).toEqual(['ee01']);
});

test('over a pseudo-terminal, a meter is read through the module', async () => {
  bench = new Bench();
  const street = await startNeighbourhood({
    seed: 5,
    clock: systemClock,
    log: silentLog,
    meters: planNeighbourhood({
      seed: 5,
      meters: 3,
      tcpBase: 'memory',
      framing: 'hdlc',
      auth: 'none',
      plc: { meters: 3 },
    }),
    plc: { noisy: false, joinMs: 0, bootMs: 50, hopLatencyMs: 1 },
  });
  const path = street.modules[0]?.path ?? '';
  const settings = { path, baudRate: 9600, dataBits: 8, parity: 'even', stopBits: 1 } as const;
  const module = new PlcModule({
    name: 'pty',
    opener: serialOpener({ ...settings, openTimeoutMs: 5000 }, systemClock),
    config: { masterAddress: MASTER, uartTimeoutMs: 500, baudRate: 115_200 },
    clock: systemClock,
    log: silentLog,
  });
  try {
    module.setArchive(street.meters.map(({ node = '' }) => node));
    const [served] = street.meters;
    if (served?.node === undefined) throw new Error('there is no meter');
    const channel = await module.slot({ address: served.node, framing: served.framing }).open();
    const { client: clientAddress, server: serverAddress, addressBytes, physicalAddress } = served;
    const client = await openDlmsClient(
      channel,
      {
        link: {
          framing: 'hdlc',
          clientAddress,
          serverAddress,
          addressBytes,
          ...(physicalAddress === undefined ? {} : { physicalAddress }),
          maxInfoTransmit: 1024,
          maxInfoReceive: 1024,
          windowTransmit: 1,
          windowReceive: 1,
          interOctetTimeoutMs: 200,
          responseTimeoutMs: 60_000,
          retries: 3,
        },
        association: { auth: 'none', policy: 'none', maxPduSize: 1024 },
        randomBytes: (length) => new Uint8Array(length),
      },
      systemClock,
    );
    const name = await client.get({ classId: 1, obis: '0.0.42.0.0.255', attribute: 2 });
    expect(name).toMatchObject({ ok: true });
    await client.release();
    await channel.close();
    expect(module.view).toMatchObject({ ready: { edition: '10376.2', baudRate: 115_200 } });
    expect((await module.topology()).length).toBe(4);
  } finally {
    await module.close();
    await street.stop();
  }
});
