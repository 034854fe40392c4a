import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { CollectorEvents } from '../../src/tasks/events.ts';
import { meter } from './fake-meter.ts';
import { START, World } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** One meter with an item that keeps its clock once a day, at 10:00. */
function clocked(driftMs: number, cron = '0 10 * * *') {
  const world = new World();
  const fake = world.add(meter(1));
  fake.driftMs = driftMs;
  world.item('Meter Clock', { cron });
  const told: CollectorEvents['meter-clock'][] = [];
  world.collector.bus.on('meter-clock', (event) => told.push(event));
  return { world, fake, told };
}

describe('a correction', () => {
  test('waits for the capture that its tick falls on, looks again afterwards and is told', async () => {
    const { world, fake, told } = clocked(30_000);
    await world.collector.start();
    await world.clock.advance(10 * HOUR_MS - 7 * MINUTE_MS + MINUTE_MS);
    await world.until(world.collector.stop());
    // Missed before the start: caught up at 00:07, between two captures.
    expect(world.store.corrections).toHaveLength(1);
    const [correction] = world.store.corrections;
    expect(correction).toMatchObject({ meterId: 1, action: 'shifted' });
    expect(Math.abs((correction?.driftMs ?? 0) - 30_000)).toBeLessThan(600);
    expect(Math.abs(correction?.leftMs ?? 9_999)).toBeLessThan(1_000);
    expect(told).toEqual([{ ...(correction as NonNullable<typeof correction>), meterNo: '100001' }]);
    expect(Math.abs(fake.driftMs)).toBeLessThan(1_000);
  });

  test('due at ten sharp is made when the capture of ten is past', async () => {
    const { world, fake } = clocked(0);
    await world.collector.start();
    await world.clock.advance(9 * HOUR_MS);
    fake.driftMs = -40_000;
    await world.clock.advance(HOUR_MS - 7 * MINUTE_MS + 30_000);
    expect(world.store.corrections).toEqual([]);
    expect(fake.driftMs).toBe(-40_000);
    await world.clock.advance(3 * MINUTE_MS);
    await world.until(world.collector.stop());
    expect(world.store.corrections).toHaveLength(1);
    const at = (world.store.corrections[0]?.time ?? 0) % DAY_MS;
    // 10:00 of the meter plus a minute and a half.
    expect(at - 10 * HOUR_MS).toBeGreaterThanOrEqual(130_000);
    expect(at - 10 * HOUR_MS).toBeLessThan(160_000);
  });

  test('goes by the settings as they are then', async () => {
    const { world, fake } = clocked(5_000, '7 */1 * * *');
    world.store.settings = { 'clock.threshold': '10', 'clock.shift.limit': '20' };
    await world.collector.start();
    await world.clock.advance(MINUTE_MS);
    expect(world.store.corrections).toEqual([]);
    world.store.settings = { 'clock.threshold': '3', 'clock.shift.limit': '20' };
    await world.clock.advance(HOUR_MS);
    expect(world.store.corrections.map(({ action }) => action)).toEqual(['shifted']);
    fake.driftMs = 25_000;
    await world.clock.advance(HOUR_MS);
    await world.until(world.collector.stop());
    expect(world.store.corrections.map(({ action }) => action)).toEqual(['shifted', 'set']);
  });

  test('a small drift behind a slow network is left alone, a large one is not', async () => {
    const { world, fake } = clocked(1_000);
    fake.latencyMs = 7_000;
    await world.collector.start();
    await world.clock.advance(3 * MINUTE_MS);
    expect(world.store.corrections).toEqual([]);
    expect(world.store.clockChecks.map(({ action }) => action)).toEqual(['none']);
    fake.driftMs = 20_000;
    await world.collector.runNow();
    await world.clock.advance(5 * MINUTE_MS);
    await world.until(world.collector.stop());
    expect(world.store.corrections).toHaveLength(1);
    expect(Math.abs(fake.driftMs)).toBeLessThan(7_000);
  });

  test('a meter that lets nothing be changed is on record as refusing', async () => {
    const { world, fake } = clocked(30_000);
    fake.refusesChanges = true;
    await world.collector.start();
    await world.clock.advance(MINUTE_MS);
    await world.until(world.collector.stop());
    expect(world.store.corrections.map(({ action }) => action)).toEqual(['refused']);
    expect(world.store.attempts.at(-1)).toMatchObject({ error: 'not-granted' });
    // A shift that is refused is tried as a setting.
    expect(fake.requests.map(({ what }) => what).filter((what) => /set|action/.test(what))).toHaveLength(2);
  });

  test('that came late is made again until the clock is right, each on record with what it left', async () => {
    const { world, fake } = clocked(3 * HOUR_MS);
    world.store.settings = { 'clock.shift.limit': '1' };
    fake.changeDelaysMs.push(4_000, 3_500);
    await world.collector.start();
    await world.clock.advance(5 * MINUTE_MS);
    await world.until(world.collector.stop());
    const left = world.store.corrections.map(({ leftMs }) => Math.round((leftMs ?? 0) / 500) * 500);
    expect(left).toEqual([-4_000, -3_500, -0]);
    expect(Math.abs(fake.driftMs)).toBeLessThan(1_000);
  });

  test('that is always late is given up after three, and is no success', async () => {
    const { world, fake } = clocked(3 * HOUR_MS, '0 10 1 * *');
    world.store.settings = { 'clock.shift.limit': '1' };
    fake.changeDelaysMs.push(...Array.from({ length: 9 }, () => 4_500));
    await world.collector.start();
    await world.clock.advance(5 * MINUTE_MS);
    await world.until(world.collector.stop());
    expect(world.store.corrections).toHaveLength(3);
    expect(world.store.attempts).toEqual([]);
  });

  test('that is not answered is called back, and made anew with the time as it is then', async () => {
    const { world, fake } = clocked(3 * HOUR_MS);
    fake.changeDelaysMs.push(60_000);
    await world.collector.start();
    await world.clock.advance(5 * MINUTE_MS);
    await world.until(world.collector.stop());
    const sets = fake.requests.filter(({ what }) => what === 'set').map(({ atMs }) => atMs);
    expect(sets).toHaveLength(2);
    expect((sets[1] ?? 0) - (sets[0] ?? 0)).toBeLessThan(30_000);
    expect(world.store.corrections).toHaveLength(1);
    expect(Math.abs(fake.driftMs)).toBeLessThan(1_000);
    expect(world.store.attempts.at(-1)?.error).toBeUndefined();
  });

  test('of 2099 is set right and told with all of its drift', async () => {
    const { world, fake, told } = clocked(Date.UTC(2099, 0, 1) - START);
    await world.collector.start();
    await world.clock.advance(5 * MINUTE_MS);
    await world.until(world.collector.stop());
    expect(told.map(({ action }) => action)).toEqual(['set']);
    expect(told[0]?.driftMs).toBeGreaterThan(70 * 365 * DAY_MS);
    expect(Math.abs(fake.driftMs)).toBeLessThan(1_000);
  });
});

test('what a meter has logged while it was ahead is read, though its log has not grown since it was set back', async () => {
  const { world, fake } = clocked(2 * HOUR_MS);
  const loggedMs = START + 110 * MINUTE_MS;
  fake.logs.set('0.0.99.98.0.255', { entries: [loggedMs], room: 100 });
  for (const item of world.store.items) Object.assign(item, { priority: 1 });
  world.item('Standard Event', { cron: '0 * * * *', priority: 5 });
  await world.collector.start();
  await world.clock.advance(5 * HOUR_MS);
  await world.until(world.collector.stop());
  expect(world.store.corrections).toHaveLength(1);
  expect([...(world.store.rows.get('1:standard')?.keys() ?? [])].map(Math.floor)).toEqual([loggedMs]);
});

test('whatever the drift and the time of day: a day later the clock is within its threshold, no row lost or doubled', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: -50_000, max: 50_000 }),
      fc.integer({ min: 0, max: 59 }),
      fc.integer({ min: 50, max: 1_500 }),
      async (driftMs, minute, latencyMs) => {
        const { world, fake } = clocked(0, `${minute} */3 * * *`);
        world.item('Energy profile', { maxRecallS: 86_400, cron: '20 */2 * * *' });
        fake.latencyMs = latencyMs;
        await world.collector.start();
        await world.clock.advance(3 * HOUR_MS);
        fake.driftMs = driftMs;
        fake.noteCaptures();
        await world.clock.advance(DAY_MS);
        await world.until(world.collector.stop());
        expect(Math.abs(fake.driftMs)).toBeLessThanOrEqual(2_000 + 500);
        expect(world.store.duplicates).toBe(0);
        const captured = fake.captured;
        expect(new Set(captured).size).toBe(captured.length);
        for (let at = captured[0] ?? 0; at <= (captured.at(-1) ?? 0); at += 900_000)
          expect(captured).toContain(at);
        expect(captured.length).toBeGreaterThan(90);
      },
    ),
    { numRuns: 12 },
  );
});
