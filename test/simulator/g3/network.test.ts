import { describe, expect, test } from 'bun:test';
import { WEAK_LQI } from '../../../src/simulator/g3/links.ts';
import { G3Network } from '../../../src/simulator/g3/network.ts';
import type { G3Node } from '../../../src/simulator/g3/node.ts';

const HOUR_MS = 3_600_000;
const members = Array.from({ length: 40 }, (_, i) => ({
  meterNo: String(100_000_000_000 + i),
  feeder: i % 3,
  phases: i % 4 === 0 ? (3 as const) : (1 as const),
}));
const START_MS = Date.UTC(2026, 0, 5);

function lqiOf(network: G3Network, from: G3Node, to: G3Node, nowMs: number): number | undefined {
  return network.neighbours(from, nowMs).find(({ node }) => node.shortAddress === to.shortAddress)?.lqi;
}

describe('a simulated G3-PLC network', () => {
  test.each([1, 2, 3, 4, 5])(
    'seed %d: links are symmetrical and every node has a way at every hour',
    (seed) => {
      const network = new G3Network({ seed, members });
      for (let hour = 0; hour < 24; hour++) {
        const nowMs = START_MS + hour * HOUR_MS;
        for (const { meterNo } of members) expect(network.isJoined(meterNo, nowMs)).toBe(true);
        for (const a of network.nodes) {
          for (const { node: b, lqi } of network.neighbours(a, nowMs))
            expect(lqiOf(network, b, a, nowMs)).toBe(lqi);
        }
      }
    },
  );

  test.each([7, 8])(
    'seed %d: routes followed from node to node end at the coordinator, hop for hop',
    (seed) => {
      const network = new G3Network({ seed, members, away: 0.1, strangers: 2 });
      for (const hour of [0, 3, 12, 18]) {
        const nowMs = START_MS + hour * HOUR_MS;
        for (const { meterNo } of members) {
          const path = network.path(meterNo, nowMs);
          expect(path !== undefined).toBe(network.isJoined(meterNo, nowMs));
          if (path === undefined) continue;
          const nodes = path.map((address) => network.nodes[address]);
          for (const [i, node] of nodes.slice(0, -1).entries()) {
            if (node === undefined) throw new Error('a hop that is no node');
            const up = network.routes(node, nowMs).find(({ destination }) => destination === 0);
            expect(up?.nextHop).toBe(path[i + 1]);
            expect(up?.hops).toBe(path.length - 1 - i);
            const lqis = nodes.slice(i, -1).map((one, at) => {
              const next = nodes[i + at + 1];
              return one && next ? lqiOf(network, one, next, nowMs) : undefined;
            });
            expect(lqis).not.toContain(undefined);
            expect(up?.weakLinks).toBe(lqis.filter((lqi) => (lqi ?? 0) < WEAK_LQI).length);
          }
        }
      }
    },
  );

  test('a node that repeats has routes down to those behind it, by the same path', () => {
    const network = new G3Network({ seed: 9, members });
    const far = members
      .map(({ meterNo }) => network.path(meterNo, START_MS) ?? [])
      .find((path) => path.length > 3);
    if (far === undefined) throw new Error('no node is far enough');
    const [last, before, repeater] = far;
    const node = network.nodes[repeater ?? -1];
    if (node === undefined) throw new Error('no repeater');
    const down = network.routes(node, START_MS).find(({ destination }) => destination === last);
    expect(down).toMatchObject({ nextHop: before, hops: 2 });
  });

  test("nodes that are away are in nobody's table, and come back", () => {
    const network = new G3Network({ seed: 3, members, away: 0.3 });
    const meterNo = members[5]?.meterNo ?? '';
    const states = Array.from({ length: 48 }, (_, hour) =>
      network.isJoined(meterNo, START_MS + hour * HOUR_MS),
    );
    expect(states).toContain(true);
    expect(states).toContain(false);
    const empty = new G3Network({ seed: 3, members, away: 1 });
    for (const node of empty.nodes) expect(empty.neighbours(node, START_MS)).toEqual([]);
    expect(empty.isJoined(meterNo, START_MS)).toBe(false);
  });

  test('the same options give the same network', () => {
    const [a, b] = [new G3Network({ seed: 11, members }), new G3Network({ seed: 11, members })];
    for (const node of a.nodes) {
      expect(b.routes(node, START_MS)).toEqual([...a.routes(node, START_MS)]);
    }
  });
});
