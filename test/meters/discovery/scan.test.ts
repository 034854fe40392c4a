import { afterEach, describe, expect, test } from 'bun:test';
import { LINE, type LineWorld, lineWorld } from './line.ts';

let world: LineWorld | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

const at = (address: number) => (plan: Parameters<NonNullable<Parameters<typeof lineWorld>[1]>>[0]) => ({
  ...plan,
  server: 1,
  physicalAddress: address,
  addressBytes: 2 as const,
});
const ADDRESSES = [17, 21, 30];
const spread = (plan: Parameters<ReturnType<typeof at>>[0], index: number) =>
  at(ADDRESSES[index] ?? 40)(plan);

describe('a search on a shared line', () => {
  test('finds the meters between gaps, proposes what they would be and leaves the line free', async () => {
    world = await lineWorld(3, spread);
    const { discovery, neighbourhood } = world;
    const id = await discovery.start({ channel: LINE, addresses: '15-32' });
    const run = await world.ended(id);
    expect(run).toMatchObject({ state: 'done', total: 18, asked: 18, error: null });
    expect(run.found.map(({ address, outcome, meterNo }) => [address, outcome, meterNo])).toEqual(
      ADDRESSES.map((address, i) => [`1/${address}`, 'proposed', neighbourhood.meters[i]?.meterNo ?? '']),
    );
    const [first] = run.found;
    expect(first?.proposal?.meter).toMatchObject({
      channel: LINE,
      address: { framing: 'hdlc', serverAddress: 1, physicalAddress: 17, addressBytes: 2 },
    });
    expect(first?.proposal?.facts.clockDriftMs).not.toBeNull();
    expect(world.noted.map(({ address }) => address)).toEqual(['1/17', '1/21', '1/30']);
    expect(world.told).toHaveLength(3);
    expect(world.collector.snapshot().jobs).toEqual([]);
    const again = await world.ended(await discovery.start({ channel: LINE, addresses: '17' }));
    expect(again.found).toHaveLength(1);
    expect(world.told).toHaveLength(3);
  });

  test('an echo does not matter', async () => {
    world = await lineWorld(3, spread, { echo: true });
    const run = await world.ended(await world.discovery.start({ channel: LINE, addresses: '16-22' }));
    expect(run.found.map(({ address, outcome }) => [address, outcome])).toEqual([
      ['1/17', 'proposed'],
      ['1/21', 'proposed'],
    ]);
  });
});
