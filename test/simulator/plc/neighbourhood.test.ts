import { afterEach, describe, expect, test } from 'bun:test';
import { lstatSync } from 'node:fs';
import { systemClock, VirtualClock } from '../../../src/base/clock.ts';
import { openSerial } from '../../../src/channels/serial.ts';
import { openTcp } from '../../../src/channels/tcp.ts';
import { openUdp } from '../../../src/channels/udp.ts';
import { g3Host } from '../../../src/cli/g3-host.ts';
import { EVENT } from '../../../src/simulator/event-codes.ts';
import type { Neighbourhood, ServedMeter, StartOptions } from '../../../src/simulator/neighbourhood.ts';
import type { NeighbourhoodOptions } from '../../../src/simulator/plan.ts';
import { NO_DELAY } from '../../../src/simulator/plc/live-module.ts';
import { type MemoryPort, memoryPort } from '../memory-port.ts';
import { associate, at, bytesOf, elementsOf, failure, get, numberOf, small } from '../reading.ts';
import { START_MS } from '../sample.ts';
import { ModuleReader } from './live.ts';

const DEVICE_ID = at(1, '0.0.96.1.0.255');
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop();
});

async function behindModule(
  plan: Partial<NeighbourhoodOptions>,
  start: Partial<StartOptions>,
): Promise<Neighbourhood> {
  const started = await small({ auth: 'mixed', framing: 'mixed', ...plan }, start);
  open.push(started);
  return started;
}

/** Does something with one meter over the module. */
async function withNode<Result>(
  reader: ModuleReader,
  meter: ServedMeter,
  clock: StartOptions['clock'],
  work: (client: Awaited<ReturnType<typeof associate>>) => Promise<Result>,
): Promise<Result> {
  const channel = reader.channelTo(meter);
  const client = await associate(meter, channel, { clock, responseTimeoutMs: 120_000, retries: 3 });
  const result = await work(client);
  await client.release();
  await channel.close();
  return result;
}

describe('on a pseudo-terminal, without delays', () => {
  test('every meter answers through the module, whatever it speaks and asks for', async () => {
    const { meters, modules, strangers } = await behindModule(
      { meters: 10, plc: { meters: 10 } },
      { plc: NO_DELAY },
    );
    expect(strangers).toEqual([]);
    const [module] = modules;
    if (module === undefined) throw new Error('no module');
    expect(new Set(meters.map(({ modulePath }) => modulePath))).toEqual(new Set([module.path]));
    expect(lstatSync(module.path).isCharacterDevice()).toBe(true);
    expect(new Set(meters.map(({ framing }) => framing))).toEqual(new Set(['hdlc', 'wrapper']));
    expect(new Set(meters.map(({ auth }) => auth))).toEqual(new Set(['none', 'lls', 'hls-gmac']));
    const port = { path: module.path, baudRate: 9600, dataBits: 8, parity: 'even', stopBits: 1 } as const;
    const reader = new ModuleReader(
      await openSerial(port),
      systemClock,
      meters.map(({ node = '' }) => node),
    );
    open.push({ stop: () => reader.close() });
    await reader.until(() => reader.of('archive').length > 0);
    const ids = await Promise.all(
      meters.map((meter) =>
        withNode(reader, meter, systemClock, async (client) => text(bytesOf(await get(client, DEVICE_ID)))),
      ),
    );
    expect(ids).toEqual(meters.map(({ meterNo }) => meterNo));
  });
});

/** A neighbourhood whose module is on a port in memory, in virtual time, with a concentrator's machine on it. */
async function virtual(
  meterCount: number,
  start: Partial<StartOptions> = {},
  plan: Partial<NeighbourhoodOptions> = {},
) {
  const clock = new VirtualClock(START_MS);
  const port: MemoryPort = memoryPort('memory', clock);
  const neighbourhood = await behindModule(
    { meters: meterCount, plc: { meters: meterCount }, ...plan },
    { clock, openModule: async () => port, ...start },
  );
  const [module] = neighbourhood.modules;
  if (module === undefined) throw new Error('no module');
  const nodes = neighbourhood.meters.map(({ node = '' }) => node);
  const reader = new ModuleReader(port.open({ baudRate: 9600 }), clock, nodes, { baudRate: 115_200 });
  open.push({ stop: () => reader.close() });
  /** Lets time pass until the work is done. */
  const within = async <Result>(work: Promise<Result>): Promise<Result> => {
    const progress = { done: false };
    const ended = work.finally(() => {
      progress.done = true;
    });
    while (!progress.done) await clock.advance(20);
    return await ended;
  };
  await within(reader.until(() => reader.of('archive').length > 0));
  await clock.advance(5 * 60_000);
  const codes = (meter: ServedMeter): Promise<number[]> =>
    within(
      withNode(reader, meter, clock, async (client) =>
        elementsOf(await get(client, at(7, '0.0.99.98.0.255'))).map((row) => numberOf(elementsOf(row)[1])),
      ),
    );
  const identify = (meter: ServedMeter): Promise<string> =>
    within(withNode(reader, meter, clock, async (client) => text(bytesOf(await get(client, DEVICE_ID)))));
  return { ...neighbourhood, clock, port, module, reader, codes, identify };
}

describe('in memory and virtual time', () => {
  test('a street without power: reported, silent, logged, back again', async () => {
    const world = await virtual(60);
    const [first] = world.meters;
    if (first === undefined) throw new Error('no meters');
    const before = await world.codes(first);
    const { feeder } = first.device.plan;
    const street = world.module.cutStreet(feeder, 600);
    expect(street).toHaveLength(40);
    await world.clock.advance(20_000);
    expect(world.reader.of('power').flatMap(({ on, addresses }) => (on ? [] : addresses))).toEqual([
      ...street,
    ]);
    expect(world.module.network.node(first.node ?? '')?.powered).toBe(false);
    expect(first.device.isDown()).toBe(true);
    const elsewhere = world.meters.find(({ device }) => device.plan.feeder !== feeder);
    if (elsewhere === undefined) throw new Error('one street only');
    expect(await world.identify(elsewhere)).toBe(elsewhere.meterNo);
    await world.clock.advance(700_000);
    expect(world.reader.of('power').flatMap(({ on, addresses }) => (on ? addresses : []))).toEqual([
      ...street,
    ]);
    await world.clock.advance(300_000);
    expect((await world.codes(first)).slice(before.length)).toEqual([EVENT.powerDown, EVENT.powerUp]);
    expect(first.device.point.outages(world.clock.now()).at(-1)).toMatchObject({ kind: 'outage' });
    expect(await world.codes(elsewhere)).not.toContain(undefined);
  });

  test('outages that the meters have of themselves are those of the network', async () => {
    const world = await virtual(60, { liveOutages: true });
    await world.clock.advance(30 * 86_400_000);
    const reports = world.reader.of('power');
    const expected = world.meters
      .map(({ device, node }) => {
        const since = device.point
          .outages(world.clock.now())
          .filter(({ startMs }) => startMs > START_MS + 600_000);
        return [node, since.length] as const;
      })
      .filter(([, outages]) => outages > 0);
    expect(expected.length).toBeGreaterThan(10);
    for (const [node, outages] of expected) {
      const told = reports.filter(({ on, addresses }) => !on && addresses.includes(node ?? ''));
      expect([node, told.length]).toEqual([node, outages]);
    }
  });

  test('a reset and a swap in between are got over', async () => {
    const world = await virtual(8);
    world.module.reset();
    await world.clock.advance(10 * 60_000);
    expect(world.reader.of('restarted')).toHaveLength(1);
    for (const meter of world.meters) expect(await world.identify(meter)).toBe(meter.meterNo);
    world.module.swap();
    await world.clock.advance(10 * 60_000);
    expect(world.reader.of('ready').at(-1)).toMatchObject({ swapped: true, baudRate: 115_200 });
    expect([...world.module.module.memory.archive.keys()]).toEqual(world.meters.map(({ node = '' }) => node));
  });

  test('nodes come and go, and are read while they are there', async () => {
    const world = await virtual(10, { plc: { away: 0.3 } });
    const heard = (): string[] =>
      world.meters.flatMap(({ node = '' }) =>
        world.module.network.isJoined(node, world.clock.monotonicMs()) ? [node] : [],
      );
    const seen = new Set<string>();
    const missed = new Set<string>();
    for (let slot = 0; slot < 12; slot++) {
      const here = heard();
      const [first] = world.meters.filter(({ node = '' }) => here.includes(node));
      if (first !== undefined) expect(await world.identify(first)).toBe(first.meterNo);
      for (const { node = '' } of world.meters) (here.includes(node) ? seen : missed).add(node);
      await world.clock.advance(600_000 - (world.clock.monotonicMs() % 600_000) + 5000);
    }
    expect([seen.size, missed.size]).toEqual([10, 10]);
  });

  test('strangers are found by a search, and can be read once they are entered', async () => {
    const world = await virtual(12, {}, { plc: { meters: 12, strangers: 3 } });
    expect(world.meters).toHaveLength(12);
    expect(world.strangers.map(({ device }) => device.plan.unlisted)).toEqual([true, true, true]);
    world.reader.command({ type: 'discover', id: 'd', minutes: 2 });
    await world.clock.advance(300_000);
    const found = world.reader.of('nodes-found').flatMap(({ nodes }) => nodes.map(({ address }) => address));
    expect(found).toEqual(world.strangers.map(({ node = '' }) => node));
    const all = [...world.meters, ...world.strangers];
    world.reader.command({ type: 'set-archive', nodes: all.map(({ node = '' }) => node) });
    await world.clock.advance(60_000);
    for (const meter of world.strangers) expect(await world.identify(meter)).toBe(meter.meterNo);
  });

  test('a UART with a rate: the change to a faster one is followed, at a wrong one there is noise', async () => {
    const world = await virtual(5, { plc: { pacedUart: true } });
    expect(world.reader.of('ready')[0]).toMatchObject({ baudRate: 115_200 });
    expect(world.port.baudRate).toBe(115_200);
    const [meter] = world.meters;
    if (meter === undefined) throw new Error('no meter');
    expect(await world.identify(meter)).toBe(meter.meterNo);
    // The module starts at 9600, the concentrator is still at the other rate and has to look for it.
    world.module.reset();
    await world.clock.advance(10 * 60_000);
    expect(world.reader.of('ready').length).toBeGreaterThan(1);
    expect(await world.identify(meter)).toBe(meter.meterNo);
  });

  test('what is wrong with a meter shows through the module', async () => {
    const world = await virtual(3);
    const [silent, slow, other] = world.meters;
    if (silent === undefined || slow === undefined || other === undefined) throw new Error('no meters');
    silent.device.turnOn({ kind: 'silence' });
    slow.device.turnOn({ kind: 'delay', delayMs: 9000 });
    world.reader.command({
      type: 'forward',
      id: 's',
      address: silent.node ?? '',
      bytes: Uint8Array.of(0x7e),
    });
    await world.clock.advance(60_000);
    expect(world.reader.of('failed')).toMatchObject([{ id: 's', reason: 'meter-silent' }]);
    const startMs = world.clock.monotonicMs();
    expect(await world.identify(other)).toBe(other.meterNo);
    const otherMs = world.clock.monotonicMs() - startMs;
    expect(await world.identify(slow)).toBe(slow.meterNo);
    expect(world.clock.monotonicMs() - startMs - otherMs).toBeGreaterThan(otherMs + 9000);
    silent.device.turnOff('silence');
    expect(await world.identify(silent)).toBe(silent.meterNo);
  });

  test('the same seed gives the same conversation', async () => {
    const told = async (): Promise<string> => {
      const world = await virtual(20, { plc: { loss: 0.05 } }, { auth: 'lls' });
      for (const meter of world.meters.slice(0, 3)) await world.identify(meter);
      return JSON.stringify([world.reader.events, world.clock.monotonicMs()]);
    };
    expect(await told()).toBe(await told());
  });
});

describe('meters of a G3 network', () => {
  test('answer on ::1, by TCP and by UDP', async () => {
    const own = await g3Host(() => {});
    const { meters } = await behindModule({ meters: 4, g3: { meters: 4, host: own } }, {});
    expect(meters.map(({ transport }) => transport)).toEqual(['tcp', 'udp', 'tcp', 'udp']);
    for (const meter of meters) {
      expect([meter.host, meter.line, meter.framing]).toEqual([own, 'g3', 'wrapper']);
      const { host = '', port = 0, transport } = meter;
      const channel = await (transport === 'udp'
        ? openUdp({ host, port })
        : openTcp({ host, port, connectTimeoutMs: 2000 }));
      const client = await associate(meter, channel);
      expect(text(bytesOf(await get(client, DEVICE_ID)))).toBe(meter.meterNo);
      await client.release();
      await channel.close();
    }
  });

  test('know their neighbours, and are not heard while they are not in the network', async () => {
    const world = await behindModule({ meters: 8, tcpBase: 'memory', g3: { meters: 8, base: 'memory' } }, {});
    const [meter] = world.meters;
    if (meter?.connect === undefined || world.g3 === undefined) throw new Error('no meter');
    const neighbours = async (): Promise<number> => {
      const channel = meter.connect?.();
      if (channel === undefined) throw new Error('no channel');
      const client = await associate(meter, channel, { responseTimeoutMs: 300 });
      return elementsOf(await get(client, at(91, '0.0.29.1.0.255', 11))).length;
    };
    expect(await neighbours()).toBeGreaterThan(0);
    await world.stop();
    const away = await behindModule(
      { meters: 8, tcpBase: 'memory', g3: { meters: 8, base: 'memory' } },
      { g3: { away: 1 } },
    );
    const [gone] = away.meters;
    if (gone?.connect === undefined) throw new Error('no meter');
    const refused = associate(gone, gone.connect(), { responseTimeoutMs: 300 });
    expect(await failure(refused)).toMatchObject({ code: 'link-timeout' });
  });

  test('in memory they are told apart from meters on TCP', async () => {
    const { meters } = await behindModule(
      { meters: 3, tcpBase: 'memory', g3: { meters: 2, base: 'memory' } },
      {},
    );
    expect(meters.map(({ line, transport }) => [line, transport])).toEqual([
      ['memory', undefined],
      ['g3', 'tcp'],
      ['g3', 'udp'],
    ]);
    expect(meters.every(({ connect }) => connect !== undefined)).toBe(true);
  });
});
