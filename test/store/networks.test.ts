import { afterEach, beforeEach, expect, test } from 'bun:test';
import type { NetworkNode, Store } from '../../src/store/types.ts';
import { createMeter, openTestStore, removeDirectory, temporaryDirectory } from './fixture.ts';

let directory: string;
let store: Store;

beforeEach(async () => {
  directory = temporaryDirectory();
  store = await openTestStore(directory);
});
afterEach(async () => {
  await store.close();
  removeDirectory(directory);
});

const node = (address: string, change: Partial<NetworkNode> = {}): Omit<NetworkNode, 'seenAt'> => ({
  address,
  shortAddress: null,
  parent: null,
  level: 1,
  role: 'station',
  quality: null,
  phases: null,
  detail: {},
  ...change,
});

test('a node is kept as it was seen last, with the time of that', async () => {
  const { networks } = store;
  const first = node('000000000001', { quality: 7, detail: { anomaly: true } });
  await networks.saveNodes('plc', [node('000000000002', { level: 2, parent: '000000000001' }), first], 1000);
  await networks.saveNodes('other', [node('000000000002')], 1500);
  await networks.saveNodes('plc', [node('000000000001', { quality: 9 })], 2000);
  expect(await networks.nodes('plc')).toEqual([
    { ...node('000000000001', { quality: 9 }), seenAt: 2000 },
    { ...node('000000000002', { level: 2, parent: '000000000001' }), seenAt: 1000 },
  ]);
  expect((await networks.nodes('other')).length).toBe(1);
  expect(await networks.nodes('nowhere')).toEqual([]);
});

test('a network that grows without end loses whom it has not seen for longest', async () => {
  const many = (count: number, first: number) =>
    Array.from({ length: count }, (_, i) => node(String(first + i).padStart(12, '0')));
  await store.networks.saveNodes('plc', many(4096, 0), 1000);
  await store.networks.saveNodes('plc', many(10, 10_000), 2000);
  const nodes = await store.networks.nodes('plc');
  expect(nodes.length).toBe(4096);
  expect(nodes.filter(({ seenAt }) => seenAt === 2000).length).toBe(10);
});

test('a meter behind a PLC module has a place in its network, but has told no way through it', async () => {
  const meter = await createMeter(store, '000011539465', { channel: 'reading_module' });
  await store.networks.saveNodes(
    'reading_module',
    [node(meter.meterNo, { detail: { threePhase: true } })],
    1000,
  );
  expect(await store.g3.path(meter.id)).toBeUndefined();
});
