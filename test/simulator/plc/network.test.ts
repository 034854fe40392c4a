import { describe, expect, test } from 'bun:test';
import { SeededRandom } from '../../../src/base/random.ts';
import { type NetworkOptions, PlcNetwork } from '../../../src/simulator/plc/network.ts';
import { addresses } from './world.ts';

const HOUR_MS = 3_600_000;

function network(options: Partial<NetworkOptions> = {}, count = 200): PlcNetwork {
  return new PlcNetwork({
    seed: 5,
    startMs: Date.UTC(2026, 0, 1),
    random: new SeededRandom(5),
    meters: addresses(count).map((address, i) => ({
      address,
      feeder: Math.floor(i / 40),
      phases: i % 4 === 0 ? 3 : 1,
    })),
    ...options,
  });
}

const shape = ({ nodes }: PlcNetwork): unknown =>
  nodes.map(({ address, level, proxy, phaseBits }) => [address, level, proxy?.address, phaseBits]);

describe('the routes', () => {
  test('come from the seed', () => {
    expect(shape(network())).toEqual(shape(network()));
    expect(shape(network())).not.toEqual(shape(network({ seed: 6 })));
  });

  test('every node has one, level by level, over repeaters of its own street', () => {
    const { nodes } = network();
    for (const { level, proxy, feeder } of nodes) {
      expect(level).toBe((proxy?.level ?? 0) + 1);
      expect(level).toBeLessThanOrEqual(15);
      if (proxy !== undefined) expect(proxy.feeder).toBe(feeder);
    }
    expect(new Set(nodes.map(({ level }) => level)).size).toBeGreaterThan(2);
    expect(new Set(nodes.map(({ phaseBits }) => phaseBits))).toEqual(new Set([1, 2, 4, 7]));
  });

  test('a repeater without power is gone around; its nodes join again', () => {
    const net = network();
    const child = net.nodes.find(({ proxy }) => proxy !== undefined);
    if (child?.proxy === undefined) throw new Error('nobody repeats');
    const repeater = child.proxy.address;
    net.setPower([repeater], false, 1000);
    expect(child.proxy?.address).not.toBe(repeater);
    expect([net.isJoined(repeater, 1000), net.isJoined(child.address, 1000)]).toEqual([false, false]);
    expect([net.isJoined(repeater, HOUR_MS), net.isJoined(child.address, HOUR_MS)]).toEqual([false, true]);
    net.setPower([repeater], true, HOUR_MS);
    expect(net.isJoined(repeater, 2 * HOUR_MS)).toBe(true);
    expect(child.proxy?.address).toBe(repeater);
  });

  test('nodes come and go, each for its ten minutes', () => {
    const net = network({ away: 0.1 });
    const direct = net.nodes.filter(({ level }) => level === 1);
    let away = 0;
    for (let slot = 0; slot < 100; slot++) {
      const gone = (offsetMs: number) =>
        direct.map(({ address }) => !net.isJoined(address, slot * 600_000 + offsetMs));
      expect(gone(0)).toEqual(gone(599_000));
      away += gone(0).filter(Boolean).length;
    }
    expect(away / (100 * direct.length)).toBeCloseTo(0.1, 1);
  });

  test('a street has the meters of its feeder', () => {
    expect(network().street(1)).toEqual(addresses(40, 41));
  });
});

describe('the way of a frame', () => {
  test('takes longer over more hops and with more bytes, and waits for the medium', () => {
    const net = network({ noisy: false });
    const near = net.nodes.find(({ level }) => level === 1);
    const far = net.nodes.find(({ level }) => level === 4);
    if (near === undefined || far === undefined) throw new Error('no such nodes');
    const one = net.transit(near.address, 100, 0).atMs;
    const four = net.transit(far.address, 100, HOUR_MS).atMs - HOUR_MS;
    expect(four).toBeCloseTo(4 * one, 5);
    expect(net.transit(near.address, 1000, 2 * HOUR_MS).atMs - 2 * HOUR_MS).toBeGreaterThan(one);
    // Two at the same time: the second one waits until the first is over.
    const first = net.transit(near.address, 100, 3 * HOUR_MS).atMs;
    expect(net.transit(near.address, 100, 3 * HOUR_MS).atMs).toBeGreaterThan(first);
  });

  test('without delay it takes no time', () => {
    const net = network({ noisy: false, hopLatencyMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY });
    for (const { address } of net.nodes)
      expect(net.transit(address, 500, 7)).toEqual({ atMs: 7, arrived: true });
  });

  test('loses more with noise, which depends on the time of day', () => {
    const lost = (hour: number, options: Partial<NetworkOptions> = {}): number => {
      const net = network(options);
      let count = 0;
      for (let round = 0; round < 50; round++) {
        for (const { address } of net.nodes) {
          if (!net.transit(address, 10, hour * HOUR_MS).arrived) count++;
        }
      }
      return count;
    };
    expect(lost(3, { noisy: false })).toBe(0);
    expect(lost(3, { noisy: false, loss: 0.5 })).toBeGreaterThan(1000);
    expect(lost(19, { loss: 0.1 })).toBeGreaterThan(1.3 * lost(3, { loss: 0.1 }));
  });

  test('quality says the same', () => {
    const quality = (hour: number): number => {
      const net = network();
      return net.nodes.reduce((sum, node) => sum + net.quality(node, hour * HOUR_MS), 0);
    };
    expect(quality(3)).toBeGreaterThan(quality(19));
  });

  test('ends nowhere for a stranger, and for who has no power', () => {
    const net = network({ noisy: false });
    expect(net.transit('000000000000', 10, 0).arrived).toBe(false);
    const [first = ''] = addresses(1);
    net.setPower([first], false, 0);
    expect(net.transit(first, 10, HOUR_MS).arrived).toBe(false);
  });
});
