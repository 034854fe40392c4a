import { afterEach, describe, expect, test } from 'bun:test';
import { archived, LINE, type LineWorld, lineWorld } from './line.ts';

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

describe('whom a search meets', () => {
  test('a meter that lets nobody in without a password is seen, and read with it', async () => {
    world = await lineWorld(2, (plan, index) => ({
      ...spread(plan, index),
      auth: 'lls',
      password: 'lls-12345678',
    }));
    const { discovery, neighbourhood } = world;
    const credentials = {
      clientAddress: neighbourhood.meters[0]?.client ?? 1,
      auth: 'lls',
      policy: 'none',
      suite: 0,
    } as const;
    const run = await world.ended(
      await discovery.start({
        channel: LINE,
        addresses: '17-21',
        credentials: { ...credentials, password: new TextEncoder().encode('lls-12345678') },
      }),
    );
    expect(run.found.map(({ meterNo }) => meterNo)).toEqual(neighbourhood.meters.map((one) => one.meterNo));
    const [first] = run.found;
    expect(first?.proposal).toMatchObject({
      authenticated: true,
      meter: {
        security: { auth: 'lls', policy: 'none' },
        phase: neighbourhood.meters[0]?.device.plan.phases,
      },
    });
    expect(first?.proposal?.facts.objects).toBeGreaterThan(30);
    expect(first?.proposal?.facts.capturePeriods).toMatchObject({ '1.0.99.1.0.255': 900 });
    expect(JSON.stringify([run, world.noted])).not.toContain('lls-12345678');
    const wrong = await world.ended(
      await discovery.start({
        channel: LINE,
        addresses: '17',
        credentials: { ...credentials, password: new TextEncoder().encode('wrong') },
      }),
    );
    expect(wrong.found[0]).toMatchObject({ outcome: 'proposed', proposal: { authenticated: false } });
    expect(wrong.found[0]?.troubles[0]).toContain(`client ${credentials.clientAddress}`);
  });

  test('a meter with short names', async () => {
    world = await lineWorld(1, (plan, index) => ({ ...spread(plan, index), referencing: 'sn' }));
    const run = await world.ended(await world.discovery.start({ channel: LINE, addresses: '17' }));
    expect(run.found).toHaveLength(1);
    expect(run.found[0]?.proposal).toMatchObject({
      meter: { meterNo: world.neighbourhood.meters[0]?.meterNo, address: { referencing: 'sn' } },
      facts: { referencing: 'sn' },
    });
  });

  test('two meters with one address are told, and not taken for one', async () => {
    world = await lineWorld(3, (plan, index) => at(index === 2 ? 21 : 17)(plan));
    const run = await world.ended(await world.discovery.start({ channel: LINE, addresses: '16-22' }));
    expect(run.found.map(({ address, outcome, proposal }) => [address, outcome, proposal === null])).toEqual([
      ['1/17', 'doubled', true],
      ['1/21', 'proposed', false],
    ]);
    expect(run.found[0]?.troubles[0]).toContain('two devices');
  });

  test('answers that nobody can read are told', async () => {
    world = await lineWorld(2, spread, {
      back: (bytes) => {
        const damaged = bytes.slice();
        const at = damaged.length >> 1;
        damaged[at] = (damaged[at] ?? 0) ^ 0x55;
        return [{ bytes: damaged }];
      },
    });
    const run = await world.ended(await world.discovery.start({ channel: LINE, addresses: '16-18' }));
    expect(run.found).toMatchObject([{ address: '1/17', outcome: 'garbled', proposal: null }]);
  });

  test('a meter of the archive is not asked, one that has moved is recognised', async () => {
    world = await lineWorld(3, spread);
    const [first, second] = world.neighbourhood.meters;
    world.store.meterList.push(archived(1, first?.meterNo ?? '', 17), archived(2, second?.meterNo ?? '', 99));
    const run = await world.ended(await world.discovery.start({ channel: LINE, addresses: '16-30' }));
    expect(run.found.map(({ address, outcome }) => [address, outcome])).toEqual([
      ['1/17', 'known'],
      ['1/21', 'known'],
      ['1/30', 'proposed'],
    ]);
    expect(first?.device.plan.meterNo).toBe(run.found[0]?.meterNo ?? '');
    expect(run.found[1]?.troubles[0]).toContain('another address');
    expect(world.noted.map(({ address }) => address)).toEqual(['1/30']);
  });

  test('a device on the blacklist is told of, and proposed to nobody', async () => {
    world = await lineWorld(2, spread);
    const bad = world.neighbourhood.meters[0]?.meterNo ?? '';
    world.blacklist.add(bad);
    const run = await world.ended(await world.discovery.start({ channel: LINE, addresses: '16-22' }));
    expect(run.found.map(({ outcome }) => outcome)).toEqual(['blacklisted', 'proposed']);
    expect(world.refused).toEqual([bad]);
    expect(world.noted.map(({ address }) => address)).toEqual(['1/21']);
  });
});

describe('other work on the line', () => {
  test('goes first, and a search that is ended in the middle leaves the line free', async () => {
    world = await lineWorld(3, spread);
    const { discovery, collector, store, clock, neighbourhood } = world;
    store.meterList.push(archived(1, neighbourhood.meters[2]?.meterNo ?? '', 30));
    const id = await discovery.start({ channel: LINE, addresses: '40-120' });
    await clock.advance(3_000);
    const during = discovery.runs()[0]?.asked ?? 0;
    expect(during).toBeGreaterThan(2);
    const reading = collector.readNow(1, new AbortController().signal);
    for (let turns = 0; turns < 50; turns++) await clock.advance(100);
    expect((await reading).meterTime).not.toBeNull();
    // It waited for one address and no more, and the search went on behind it.
    expect(discovery.runs()[0]).toMatchObject({ state: 'running' });
    await clock.advance(2_000);
    expect(discovery.runs()[0]?.asked).toBeGreaterThan(during);
    await expect(discovery.start({ channel: LINE })).rejects.toMatchObject({ code: 'conflict' });
    expect(discovery.cancel(id)).toBe(true);
    const run = await world.ended(id);
    expect(run).toMatchObject({ state: 'cancelled', error: { code: 'cancelled' } });
    expect(run.asked).toBeLessThan(81);
    expect(collector.snapshot().jobs).toEqual([]);
    expect(discovery.cancel(id)).toBe(false);
    const again = collector.readNow(1, new AbortController().signal);
    for (let turns = 0; turns < 30; turns++) await clock.advance(100);
    expect((await again).meterTime).not.toBeNull();
    const next = await world.ended(await discovery.start({ channel: LINE, addresses: '21' }));
    expect(next.found).toHaveLength(1);
  });

  test('what cannot be looked for is refused with the field', async () => {
    world = await lineWorld(1, spread);
    const { discovery } = world;
    await expect(discovery.start({ channel: 'nobody' })).rejects.toMatchObject({ field: 'channel' });
    await expect(discovery.start({ channel: LINE, addresses: '9-1' })).rejects.toMatchObject({
      code: 'invalid-argument',
      field: 'addresses',
    });
    expect(discovery.runs()).toEqual([]);
  });
});
