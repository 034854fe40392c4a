import { describe, expect, test } from 'bun:test';
import { SeededRandom } from '../../../src/base/random.ts';
import { addresses, MASTER, PlcWorld } from './world.ts';

const MINUTE_MS = 60_000;

function forwardAll(world: PlcWorld, prefix = 'r', attempts = 1): void {
  for (const address of world.addresses) {
    world.command({
      type: 'forward',
      id: `${prefix}${address}`,
      address,
      bytes: Uint8Array.of(1, 2),
      attempts,
    });
  }
}

const finished = (world: PlcWorld, count: number): boolean =>
  world.run(60 * MINUTE_MS, () => world.count('answer') + world.count('failed') >= count);

describe('start-up and archive', () => {
  test.each(['376.2', '10376.2'] as const)('edition %s', (edition) => {
    const world = new PlcWorld({ meters: 70, module: { edition } }).begin();
    expect(world.until('archive')).toBe(true);
    expect(world.of('ready')[0]).toMatchObject({ edition, baudRate: 9600 });
    expect(world.of('archive')[0]).toEqual({ type: 'archive', added: 70, deleted: 0, refused: [] });
    expect([...world.module.memory.archive.keys()]).toEqual([...world.addresses]);
    expect(world.module.memory.masterAddress).toBe(MASTER);
    world.run(MINUTE_MS);
    forwardAll(world);
    expect(finished(world, 70)).toBe(true);
    expect(world.of('answer').length).toBe(70);
    expect(world.of('answer')[0]?.bytes.toHex()).toBe('ee0102');
  });

  test('the archive changes by what differs, and the router is left to itself afterwards', () => {
    const world = new PlcWorld({ meters: 40 }).begin();
    world.until('archive');
    world.command({ type: 'set-archive', nodes: [...addresses(35), ...addresses(10, 100)] });
    world.until('archive', 2);
    expect(world.of('archive')[1]).toMatchObject({ added: 10, deleted: 5, refused: [] });
    expect(world.module.memory.archive.size).toBe(45);
    expect(world.module.memory.paused).toBe(true);
    world.run(MINUTE_MS);
    expect(world.module.memory.paused).toBe(false);
  });

  test('a module with less room: the surplus is refused, the rest is read', () => {
    const world = new PlcWorld({ meters: 40, module: { maxNodes: 30, maxBatch: 7 } }).begin();
    world.until('archive');
    expect(world.of('archive')[0]).toMatchObject({ added: 30, refused: addresses(10, 31) });
  });

  test('a swap of the module: the new one is set up like the old one', () => {
    const world = new PlcWorld({ meters: 20 }).begin();
    world.until('archive');
    const version = { vendor: 'NE', chip: 'WW', date: '270101', version: '0200' };
    world.toModule({ type: 'swap', version });
    world.until('archive', 2);
    expect(world.of('ready')[1]).toMatchObject({ swapped: true, version });
    expect(world.module.memory).toMatchObject({ masterAddress: MASTER });
    expect(world.module.memory.archive.size).toBe(20);
  });

  test('started before the module has power, it waits', () => {
    const world = new PlcWorld({ meters: 3 });
    world.command({ type: 'set-archive', nodes: world.addresses });
    world.command({ type: 'start' });
    world.run(10 * MINUTE_MS);
    expect(world.of('silent').length).toBeGreaterThan(1);
    world.toModule({ type: 'power-on' });
    expect(world.until('archive', 1, 5 * MINUTE_MS)).toBe(true);
  });
});

describe('the line', () => {
  test('goes to the wished rate, and back to it after a reset at which the module begins at 9600', () => {
    const world = new PlcWorld({ meters: 5, config: { baudRate: 115_200 } }).begin();
    world.until('archive');
    expect(world.of('ready')[0]).toMatchObject({ baudRate: 115_200 });
    world.toModule({ type: 'reset' });
    world.command({ type: 'topology', id: 't' });
    expect(world.until('topology', 1, 10 * MINUTE_MS)).toBe(true);
    expect(world.of('ready').at(-1)).toMatchObject({ baudRate: 115_200 });
  });

  test('lost and damaged frames on the UART are asked for again', () => {
    const random = new SeededRandom(11);
    const world = new PlcWorld({
      meters: 60,
      line: (bytes) => {
        const chance = random.next();
        if (chance < 0.05) return [];
        if (chance < 0.1) return [bytes.with(bytes.length >> 1, (bytes[bytes.length >> 1] ?? 0) ^ 4)];
        return chance < 0.15 ? [bytes, bytes] : [bytes.subarray(0, 5), bytes.subarray(5)];
      },
    }).begin();
    expect(world.until('archive', 1, 20 * MINUTE_MS)).toBe(true);
    world.run(MINUTE_MS);
    forwardAll(world, 'r', 6);
    expect(finished(world, 60)).toBe(true);
    expect(world.of('answer').length).toBe(60);
    expect(world.machine.line.corrupt).toBeGreaterThan(0);
    expect(world.machine.counters.stale).toBeGreaterThan(0);
  });
});

describe('forwarding', () => {
  test('as many at once as the module allows', () => {
    const world = new PlcWorld({ meters: 60, module: { maxConcurrent: 5 } }).begin();
    world.until('archive');
    world.run(MINUTE_MS);
    forwardAll(world);
    expect(finished(world, 60)).toBe(true);
    expect(world.of('answer').length).toBe(60);
    expect(world.machine.traffic.concurrency).toBeLessThan(20);
  });

  test('by 13F1 where F1F1 is not known', () => {
    const world = new PlcWorld({ meters: 10, module: { without: ['F1F1'] } }).begin();
    world.until('archive');
    world.run(MINUTE_MS);
    forwardAll(world);
    expect(finished(world, 10)).toBe(true);
    expect(world.of('answer').length).toBe(10);
    expect(world.machine.traffic.way).toBe('single');
  });

  test('an answer that no frame takes is as good as none', () => {
    const world = new PlcWorld({
      meters: 2,
      module: {
        station: (address) => ({ receive: () => new Uint8Array(address.endsWith('1') ? 2048 - 32 : 2048) }),
      },
    }).begin();
    world.until('archive');
    world.run(MINUTE_MS);
    forwardAll(world);
    expect(finished(world, 2)).toBe(true);
    expect(world.of('answer').map(({ bytes }) => bytes.length)).toEqual([2016]);
    expect(world.of('failed')).toMatchObject([{ reason: 'meter-silent' }]);
  });

  test('a meter that says nothing fails, and costs the others nothing', () => {
    const dead = addresses(2)[1];
    const world = new PlcWorld({
      meters: 10,
      module: {
        station: (address) =>
          address === dead ? undefined : { receive: (bytes) => bytes.map((byte) => byte + 1) },
      },
    }).begin();
    world.until('archive');
    world.run(MINUTE_MS);
    const startMs = world.nowMs;
    forwardAll(world);
    world.run(60 * MINUTE_MS, () => world.of('answer').length === 9);
    expect(world.nowMs - startMs).toBeLessThan(10_000);
    expect(finished(world, 10)).toBe(true);
    expect(world.of('failed')).toMatchObject([{ address: dead, reason: 'meter-silent' }]);
  });
});

describe('what the network does', () => {
  test('a street without power is reported, read around, and found again', () => {
    const world = new PlcWorld({ meters: 80 }).begin();
    world.until('archive');
    world.run(MINUTE_MS);
    const street = world.network.street(1);
    world.toModule({ type: 'power', addresses: street, on: false });
    world.until('power', 2);
    expect(world.of('power').flatMap(({ addresses: all, on }) => (on ? [] : all))).toEqual(street);
    world.command({ type: 'topology', id: 'dark' });
    world.until('topology');
    expect(world.of('topology')[0]?.nodes.length).toBe(1 + 80 - street.length);
    forwardAll(world);
    expect(finished(world, 80)).toBe(true);
    expect(new Set(world.of('failed').map(({ address }) => address))).toEqual(new Set(street));
    expect(world.of('failed')[0]?.reason).toBe('not-in-network');
    world.toModule({ type: 'power', addresses: street, on: true });
    world.run(5 * MINUTE_MS);
    expect(world.of('power').filter(({ on }) => on).length).toBe(2);
    world.command({ type: 'topology', id: 'light' });
    world.until('topology', 2);
    expect(world.of('topology')[1]?.nodes.length).toBe(81);
  });

  test('topology and phases agree with the network', () => {
    const world = new PlcWorld({ meters: 90 }).begin();
    world.until('archive');
    world.run(MINUTE_MS);
    world.command({ type: 'topology', id: 't' });
    world.command({ type: 'phases', id: 'p' });
    world.command({ type: 'nodes', id: 'n' });
    world.until('nodes');
    const topology = world.of('topology')[0]?.nodes ?? [];
    expect(topology[0]).toEqual({ address: MASTER, tei: 1, proxyTei: 0, level: 0, role: 'coordinator' });
    const byTei = new Map(topology.map((node) => [node.tei, node]));
    for (const { tei, proxyTei, level, role } of topology.slice(1)) {
      expect(byTei.get(proxyTei)?.level).toBe(level - 1);
      const repeats = topology.some((other) => other.proxyTei === tei);
      expect(role).toBe(repeats ? 'proxy' : 'station');
    }
    const phases = world.of('phases')[0]?.nodes ?? [];
    expect(phases.map(({ address, phases: bits }) => [address, bits])).toEqual(
      world.network.nodes.map(({ address, phaseBits }) => [address, phaseBits]),
    );
    const details = world.of('nodes')[0]?.nodes ?? [];
    expect(details.map(({ address, detail }) => [address, detail.relayLevel, detail.phases])).toEqual(
      world.network.nodes.map(({ address, level, phaseBits }) => [address, level - 1, phaseBits]),
    );
    for (const { detail } of details) expect(detail.quality).toBe(15);
  });

  test('a search finds who is in no archive', () => {
    const world = new PlcWorld({ meters: 50 }).begin(addresses(40));
    world.until('archive');
    world.run(MINUTE_MS);
    world.command({ type: 'discover', id: 'd', minutes: 2 });
    world.run(5 * MINUTE_MS);
    expect(world.of('discovery').map(({ state }) => state)).toEqual(['begun', 'ended']);
    const found = world.of('nodes-found').flatMap(({ nodes }) => nodes);
    expect(found.map(({ address }) => address)).toEqual(addresses(10, 41));
    expect(found.every(({ known }) => !known)).toBe(true);
    expect(world.of('work-finished')).toEqual([{ type: 'work-finished', work: 'search' }]);
  });

  test('the first edition reports nodes that it finds, also those that come later', () => {
    const world = new PlcWorld({ meters: 50, module: { edition: '376.2' } }).begin(addresses(40));
    world.until('archive');
    world.run(MINUTE_MS);
    const late = world.addresses.slice(45);
    world.toModule({ type: 'power', addresses: late, on: false });
    world.command({ type: 'discover', id: 'd', minutes: 5 });
    world.run(MINUTE_MS);
    const found = () => world.of('nodes-found').flatMap(({ nodes }) => nodes.map(({ address }) => address));
    expect(found()).toEqual(addresses(5, 41));
    world.toModule({ type: 'power', addresses: late, on: true });
    world.run(3 * MINUTE_MS);
    expect(found().toSorted()).toEqual(addresses(10, 41));
  });

  test('who is in no archive is rejected, and told from time to time', () => {
    const world = new PlcWorld({ meters: 50, module: { tellsRejected: true } }).begin(addresses(15));
    world.until('archive');
    world.run(10 * MINUTE_MS);
    const rejected = () => world.of('nodes-rejected').flatMap(({ addresses: all }) => all);
    expect(world.of('nodes-rejected').map(({ addresses: all }) => all.length)).toEqual([30, 5]);
    expect(rejected()).toEqual(addresses(35, 16));
    world.command({ type: 'set-archive', nodes: addresses(49) });
    world.run(7 * 60 * MINUTE_MS);
    expect(rejected().slice(35)).toEqual(addresses(1, 50));
  });

  test('another band: the network forms anew, then everything can be read', () => {
    const world = new PlcWorld({ meters: 10 }).begin();
    world.until('archive');
    world.command({ type: 'set-band', id: 'b', band: 2 });
    forwardAll(world, 'r', 8);
    expect(finished(world, 10)).toBe(true);
    expect(world.of('band')).toEqual([{ type: 'band', id: 'b', band: 2 }]);
    expect(world.of('answer').length).toBe(10);
  });

  test('an upgrade with a reset in the middle arrives whole, once', () => {
    const image = new SeededRandom(2).bytes(5000);
    const world = new PlcWorld({ meters: 3 }).begin();
    world.until('archive');
    world.command({ type: 'upgrade', id: 'u', image, target: 'module' });
    world.until('upgrade-progress', 5);
    world.toModule({ type: 'reset' });
    expect(world.until('upgraded')).toBe(true);
    world.run(MINUTE_MS);
    const upgrades = world.moduleEvents.filter(({ type }) => type === 'upgraded');
    expect(upgrades).toEqual([{ type: 'upgraded', image }]);
    // It has restarted into the new image.
    expect(world.of('restarted').length).toBe(2);
    expect(world.machine.state).toBe('running');
  });
});
