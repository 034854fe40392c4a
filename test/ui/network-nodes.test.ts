import { describe, expect, test } from 'bun:test';
import {
  distribution,
  matching,
  type NetworkNode,
  pathOf,
  sorted,
  topologyOf,
  treeRows,
} from '../../ui/pages/networks/nodes.ts';
import { fakeNetwork } from './fake-modules.ts';

const node = (address: string, parent: string | null, change: Partial<NetworkNode> = {}): NetworkNode => ({
  address,
  meterId: 1,
  meterNo: address,
  shortAddress: null,
  parent,
  level: 1,
  role: 'station',
  quality: 12,
  phases: 1,
  gone: false,
  seenAt: 1000,
  detail: {},
  ...change,
});
const coordinator = node('C', null, {
  level: 0,
  role: 'coordinator',
  meterId: null,
  meterNo: null,
  phases: null,
});
const NOTHING = { search: '', show: null, phase: null } as const;
const addresses = (nodes: readonly NetworkNode[]): string[] => nodes.map(({ address }) => address);
const tree = (nodes: readonly NetworkNode[], closed: string[] = []): string[] =>
  treeRows(topologyOf(nodes), new Set(closed)).map((row) => `${' '.repeat(row.depth)}${row.node.address}`);

describe('the tree of a network', () => {
  test('has nodes below their proxies, and those without below the coordinator', () => {
    const nodes = [coordinator, node('B', 'A', { level: 2 }), node('A', null), node('D', 'C')];
    expect(tree(nodes)).toEqual(['C', ' A', '  B', ' D']);
    expect(tree(nodes, ['A'])).toEqual(['C', ' A', ' D']);
    expect(addresses(pathOf(topologyOf(nodes), 'B'))).toEqual(['B', 'A', 'C']);
  });

  test('shows circles, own parents and lost parents once each, as orphans', () => {
    const nodes = [
      coordinator,
      node('A', 'B', { level: 2 }),
      node('B', 'A', { level: 3 }),
      node('S', 'S'),
      node('L', 'nobody'),
      node('X', null, { level: null }),
    ];
    const topology = topologyOf(nodes);
    expect(tree(nodes).toSorted()).toEqual([' B', 'A', 'C', 'L', 'S', 'X']);
    expect([...topology.orphans].toSorted()).toEqual(['A', 'B', 'L', 'S', 'X']);
    expect(addresses(pathOf(topology, 'A'))).toEqual(['A', 'B']);
    expect(addresses(matching(topology, { ...NOTHING, show: 'orphans' }))).toEqual(['A', 'B', 'S', 'L', 'X']);
  });

  test('of a module that knows levels only has no orphans but those without a level', () => {
    const topology = topologyOf([node('A', null), node('B', null, { level: null })]);
    expect([...topology.orphans]).toEqual(['B']);
  });

  test('shows what fits a filter with the way to it, whatever is closed', () => {
    const nodes = [coordinator, node('A', null), node('B', 'A', { quality: 3, phases: 6 }), node('D', null)];
    const topology = topologyOf(nodes);
    const weak = matching(topology, { ...NOTHING, show: 'weak' });
    const rows = treeRows(topology, new Set(['C', 'A']), weak);
    expect(rows.map((row) => [row.node.address, row.onTheWay])).toEqual([
      ['C', true],
      ['A', true],
      ['B', false],
    ]);
    expect(addresses(matching(topology, { ...NOTHING, phase: 3 }))).toEqual(['B']);
    expect(addresses(matching(topology, { ...NOTHING, search: 'd' }))).toEqual(['D']);
  });

  test('of 2,041 nodes has each of them once, on its level', () => {
    const seen = fakeNetwork(2041).map((one) => node(one.address, one.parent, one));
    const rows = treeRows(topologyOf(seen), new Set());
    expect(new Set(rows.map((row) => row.node.address)).size).toBe(2041);
    expect(rows.every((row) => row.depth === row.node.level)).toBe(true);
  });
});

test('levels and phases are counted without the coordinator', () => {
  const nodes = [
    coordinator,
    node('A', null),
    node('B', 'A', { level: 2, phases: 7 }),
    node('D', null, { level: null, phases: null }),
  ];
  expect(distribution(nodes)).toEqual({
    levels: [
      [1, 1],
      [2, 1],
      [null, 1],
    ],
    phases: [
      ['', 1],
      ['L1', 1],
      ['L1 L2 L3', 1],
    ],
  });
});

test('what is not known is sorted below all, in both directions', () => {
  const nodes = [
    node('A', null, { quality: null }),
    node('B', null, { quality: 3 }),
    node('D', null, { quality: 9 }),
  ];
  expect(addresses(sorted(nodes, 'quality', false))).toEqual(['B', 'D', 'A']);
  expect(addresses(sorted(nodes, 'quality', true))).toEqual(['D', 'B', 'A']);
});
