import { describe, expect, test } from 'bun:test';
import type { CollectorEvents } from '../../src/tasks/events.ts';
import { meter } from './fake-meter.ts';
import { START, World } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const FRAUD = '0.0.99.98.1.255';
const STANDARD = '0.0.99.98.0.255';

describe('the reachability check', () => {
  test('asks meters that were not heard, evenly over the interval, and tells changes only', async () => {
    const world = new World();
    world.store.settings = { 'meter.check.interval': '3600' };
    const fakes = Array.from({ length: 120 }, (_, index) => world.add(meter(index + 1)));
    const changes: CollectorEvents['meter-reachability'][] = [];
    world.collector.bus.on('meter-reachability', (event) => changes.push(event));
    await world.collector.start();
    await world.clock.advance(65 * MINUTE_MS);
    const asked = fakes.flatMap(({ requests }) => requests.slice(0, 1).map(({ atMs }) => atMs - START));
    expect(asked).toHaveLength(120);
    for (let minute = 0; minute < 65; minute++) {
      const inMinute = asked.filter((atMs) => Math.floor(atMs / MINUTE_MS) === minute);
      expect(inMinute.length).toBeLessThanOrEqual(4);
    }
    expect(fakes.every(({ openNow }) => openNow === 0)).toBe(true);
    // The first to be asked are due again after an hour.
    expect(fakes.reduce((sum, { associations }) => sum + associations, 0)).toBeLessThanOrEqual(
      120 + 5 * 2 + 1,
    );
    expect(changes).toEqual([]);

    const [silent, other] = fakes;
    if (silent === undefined || other === undefined) throw new Error('two meters');
    silent.dead = true;
    await world.clock.advance(3 * HOUR_MS);
    const silentSince = changes[0]?.since;
    expect(changes).toEqual([
      { meterId: 1, meterNo: '100001', channel: 'tcp_meters', state: 'offline', since: silentSince ?? 0 },
    ]);
    expect((await world.store.contacts()).find(({ meterId }) => meterId === 1)).toMatchObject({
      state: 'offline',
      offlineSince: silentSince,
    });
    silent.dead = false;
    await world.clock.advance(3 * HOUR_MS);
    await world.until(world.collector.stop());
    expect(changes.slice(1)).toMatchObject([{ meterId: 1, state: 'online', since: silentSince }]);
    // Once an hour, no more.
    expect(other.associations).toBeGreaterThanOrEqual(5);
    expect(other.associations).toBeLessThanOrEqual(8);
  });

  test('leaves those alone that reading hears, and all when the interval is 0; the setting may change', async () => {
    const world = new World();
    world.store.settings = { 'meter.check.interval': '0' };
    const read = world.add(meter(1));
    const unread = world.add(meter(2, { task: 'three_phase' }));
    world.item('Energy profile', { cron: '*/20 * * * *' });
    await world.collector.start();
    await world.clock.advance(4 * HOUR_MS);
    expect([unread.associations, read.associations]).toEqual([0, 13]);
    world.store.settings = { 'meter.check.interval': '1800' };
    await world.clock.advance(3 * HOUR_MS);
    await world.until(world.collector.stop());
    expect(unread.associations).toBeGreaterThanOrEqual(4);
    expect(unread.associations).toBeLessThanOrEqual(7);
    expect(read.associations).toBe(13 + 9);
  });

  test('disabled meters are not asked; what was known before a start is not told again', async () => {
    const world = new World();
    world.store.settings = { 'meter.check.interval': '600' };
    const disabled = world.add(meter(1, { enabled: false }));
    world.add(meter(2)).dead = true;
    await world.store.saveMeterState(2, 'offline', START - HOUR_MS);
    const changes: unknown[] = [];
    world.collector.bus.on('meter-reachability', (event) => changes.push(event));
    await world.collector.start();
    await world.clock.advance(2 * HOUR_MS);
    await world.until(world.collector.stop());
    expect(disabled.attempts).toBe(0);
    expect(world.store.states.filter(({ state }) => state === 'offline').length).toBeGreaterThan(1);
    expect(changes).toEqual([]);
  });
});

describe('new events', () => {
  function logged(room: number) {
    const world = new World();
    world.store.settings = { 'meter.check.interval': '600' };
    const fake = world.add(meter(1));
    const fraud = { entries: [START - HOUR_MS], room };
    const standard = { entries: [START - 2 * HOUR_MS, START - HOUR_MS], room };
    fake.logs.set(FRAUD, fraud).set(STANDARD, standard);
    world.item('Standard Event', { cron: '0 10 * * *', priority: 3, maxRecallS: 172_800, intervalS: 300 });
    world.item('Fraud Event', { cron: '0 10 * * *', priority: 3, maxRecallS: 172_800, intervalS: 300 });
    const order: string[] = [];
    world.collector.bus.on('job-started', ({ type }) => {
      if (type.endsWith('Event')) order.push(type);
    });
    /** How often a log has been read since. */
    const reads = (obis: string): number =>
      fake.requests.filter(({ what }) => what === `get ${obis}:2`).length;
    return { world, fake, fraud, standard, order, reads };
  }

  test('are noticed by a check and fetched at once, the pressing ones first; what did not change is not read', async () => {
    const { world, fraud, standard, order, reads } = logged(100);
    await world.collector.start();
    await world.clock.advance(HOUR_MS);
    expect([world.store.times(1, 'fraud').length, world.store.times(1, 'standard').length]).toEqual([1, 2]);
    const before = [reads(FRAUD), reads(STANDARD)];
    expect(before).toEqual([1, 1]);
    fraud.entries.push(world.clock.now());
    order.length = 0;
    await world.clock.advance(20 * MINUTE_MS);
    expect(order).toEqual(['Fraud Event']);
    expect(world.store.times(1, 'fraud')).toHaveLength(2);
    expect(reads(STANDARD)).toBe(1);
    fraud.entries.push(world.clock.now());
    standard.entries.push(world.clock.now());
    await world.clock.advance(20 * MINUTE_MS);
    expect(order.slice(1)).toEqual(['Fraud Event', 'Standard Event']);
    expect([reads(FRAUD), reads(STANDARD)]).toEqual([3, 2]);
    await world.until(world.collector.stop());
  });

  test('a tick with nothing new reads no log, and settles the time that has passed', async () => {
    const { world, reads } = logged(100);
    await world.collector.start();
    await world.clock.advance(10 * HOUR_MS);
    // Once with all there was, and once up to behind the look that had counted it.
    expect([reads(FRAUD), reads(STANDARD)]).toEqual([2, 2]);
    await world.clock.advance(24 * HOUR_MS);
    await world.until(world.collector.stop());
    expect([reads(FRAUD), reads(STANDARD)]).toEqual([2, 2]);
    for (const log of ['fraud', 'standard'] as const) {
      const coverage = await world.store.coverage(1, log);
      expect(coverage).toHaveLength(1);
      // Settled by the tick of ten.
      expect((coverage[0]?.toMs ?? 0) % 86_400_000).toBeGreaterThan(10 * HOUR_MS - MINUTE_MS);
    }
    // Two ticks of two items.
    expect(world.store.attempts.filter(({ finishedAt }) => finishedAt >= START + 9 * HOUR_MS)).toHaveLength(
      4,
    );
  });

  test('an entry that a look has counted and the range had not reached is read the next time', async () => {
    const { world, fake, standard, order } = logged(100);
    // Ahead by less than what is taken out of clocks.
    fake.driftMs = 1_500;
    await world.collector.start();
    await world.clock.advance(HOUR_MS);
    let checks = 0;
    world.collector.bus.on('job-started', ({ type }) => {
      // In the moment before the look.
      if (!type.endsWith('Event') && ++checks === 1) standard.entries.push(world.clock.now() + fake.driftMs);
    });
    order.length = 0;
    await world.clock.advance(HOUR_MS);
    expect(order).toContain('Standard Event');
    await world.clock.advance(24 * HOUR_MS);
    await world.until(world.collector.stop());
    expect(world.store.times(1, 'standard')).toHaveLength(3);
  });

  test('a full log that drops its oldest entry shows news by its last one', async () => {
    const { world, standard, reads } = logged(2);
    await world.collector.start();
    await world.clock.advance(HOUR_MS);
    expect(world.store.times(1, 'standard')).toHaveLength(2);
    // Read once; looked at since, by its last entry.
    await world.clock.advance(HOUR_MS);
    const quiet = world.store.times(1, 'standard').length;
    expect(quiet).toBe(2);
    const looked = reads(STANDARD);
    standard.entries.push(world.clock.now());
    await world.clock.advance(20 * MINUTE_MS);
    await world.until(world.collector.stop());
    expect(world.store.times(1, 'standard')).toHaveLength(3);
    expect(reads(STANDARD)).toBeGreaterThan(looked);
  });

  test('a log that was emptied and filled again is read', async () => {
    const { world, standard } = logged(100);
    await world.collector.start();
    await world.clock.advance(HOUR_MS);
    standard.entries.splice(0, 2, world.clock.now());
    await world.clock.advance(20 * MINUTE_MS);
    await world.until(world.collector.stop());
    expect(world.store.times(1, 'standard')).toHaveLength(3);
  });
});
