import { afterEach, describe, expect, test } from 'bun:test';
import { g3Name } from '../../src/base/g3.ts';
import { qualityOf } from '../../src/meters/g3-path.ts';
import { G3World, type G3WorldOptions } from './world.ts';

let world: G3World | undefined;

async function open(options: G3WorldOptions): Promise<G3World> {
  world = new G3World(options);
  await world.open();
  return world;
}

afterEach(async () => {
  await world?.close();
  world = undefined;
});

const discover = (of: G3World) => of.core.collector.round({ types: ['G3 Path Discovery'] });

describe('G3 path discovery', () => {
  test('finds the way of every meter, hop by hop, with the quality of each link', async () => {
    const of = await open({ seed: 4, meters: 14 });
    const meters = await of.addAll();
    const summary = await discover(of);
    expect(summary.failed).toBe(0);
    expect(await of.core.store.found.list({ limit: 10, offset: 0 })).toMatchObject({ total: 0 });
    let repeated = 0;
    for (const meter of meters) {
      const found = await of.core.store.g3.path(meter.id);
      if (found === undefined) throw new Error(`no path of ${meter.meterNo}`);
      const path = of.network.path(meter.meterNo, found.seenAt) ?? [];
      expect(found.complete).toBe(true);
      expect(found.hops.map(({ shortAddress }) => shortAddress)).toEqual([...path]);
      expect(found.hops.at(0)).toMatchObject({ address: meter.meterNo, meterId: meter.id });
      expect(found.hops.at(-1)).toMatchObject({ role: 'coordinator', address: g3Name(0x781d, 0) });
      for (const [i, hop] of found.hops.slice(0, -1).entries()) {
        const node = of.network.nodes[hop.shortAddress ?? -1];
        if (node === undefined) throw new Error('a hop that is no node');
        const link = of.network
          .neighbours(node, found.seenAt)
          .find((neighbour) => neighbour.node.shortAddress === path[i + 1]);
        expect(hop.quality).toBe(qualityOf(link?.lqi ?? -1));
        expect(hop.address).toBe(node.meterNo ?? '');
      }
      repeated += found.hops.length > 2 ? 1 : 0;
      const own = of.network.node(meter.meterNo);
      if (own === undefined) throw new Error('no node');
      expect(found.detail.neighbours.map(({ shortAddress, lqi }) => [shortAddress, lqi])).toEqual(
        of.network.neighbours(own, found.seenAt).map(({ node, lqi }) => [node.shortAddress, lqi]),
      );
      expect(found.detail.counters.txData).toBeGreaterThan(0);
      expect(found.detail.toneMask).toBe('ffffffffff');
    }
    expect(repeated).toBeGreaterThan(0);
  });

  test('a node that no meter claims is noted once all meters have told theirs, and is a meter once it is one', async () => {
    const of = await open({ seed: 5, meters: 6 });
    const [missing, ...others] = of.street.meters;
    if (missing === undefined) throw new Error('no meters');
    for (const served of others) await of.add(served);
    await discover(of);
    const short = of.network.node(missing.meterNo)?.shortAddress ?? -1;
    const { rows } = await of.core.store.found.list({ limit: 10, offset: 0 });
    expect(rows.map(({ address, state, channel }) => ({ address, state, channel }))).toEqual([
      { address: g3Name(0x781d, short), state: 'new', channel: 'g3_meters' },
    ]);
    expect(await of.logbook('device-found')).toHaveLength(1);
    await of.add(missing);
    await discover(of);
    expect((await of.core.store.found.list({ limit: 10, offset: 0 })).rows).toMatchObject([
      { state: 'accepted' },
    ]);
    expect(await of.logbook('device-found')).toHaveLength(1);
  });

  test('one of the blacklist is an attempt instead', async () => {
    const of = await open({ seed: 5, meters: 6, network: { strangers: 1 } });
    await of.core.store.blacklist.add(g3Name(0x781d, 7), 'stolen');
    await of.addAll();
    await discover(of);
    expect((await of.core.store.found.list({ limit: 10, offset: 0 })).rows).toEqual([]);
    expect((await of.logbook('device-blacklisted')).join()).toContain('781D:0007');
  });

  test('a meter without the objects is told of as refused, and nothing of it is kept', async () => {
    const of = await open({ seed: 6, meters: 2 });
    const [meter] = await of.addAll();
    if (meter === undefined) throw new Error('no meter');
    const [served] = of.street.meters;
    if (served === undefined) throw new Error('no meter');
    // The public client may read neither.
    await of.core.store.archive.update(meter.id, {
      address: { ...meter.address, clientAddress: 16 },
      security: { auth: 'none', policy: 'none' },
    });
    const summary = await discover(of);
    expect(summary.failed).toBe(1);
    expect(await of.core.store.g3.path(meter.id)).toBeUndefined();
    expect((await of.core.store.archive.get(meter.id))?.lastError?.code).toBe('not-granted');
  });
});
