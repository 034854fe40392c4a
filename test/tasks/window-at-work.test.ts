import { expect, test } from 'bun:test';
import type { CollectorEvents } from '../../src/tasks/events.ts';
import { meter } from './fake-meter.ts';
import { World } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** From 00:07 on, with one meter and everything that ended. */
function started(latencyMs: number) {
  const world = new World();
  const fake = world.add(meter(1));
  fake.latencyMs = latencyMs;
  const ended: CollectorEvents['job-finished'][] = [];
  world.collector.bus.on('job-finished', (event) => ended.push(event));
  return { world, fake, ended };
}

test('a tick outside the window waits for it, also one that was missed before the start', async () => {
  const { world, fake } = started(50);
  world.item('Energy profile', { cron: '0 */1 * * *', window: '02:30-03:30' });
  await world.collector.start();
  await world.clock.advance(2 * HOUR_MS);
  expect(fake.attempts).toBe(0);
  await world.clock.advance(25 * MINUTE_MS);
  expect(fake.attempts).toBe(1);
  expect(
    world.store.attempts.map(({ startedAt }) => new Date(startedAt).toISOString().slice(11, 16)),
  ).toEqual(['02:30']);
  // The tick of 03:00 lies inside, that of 04:00 waits a day.
  await world.clock.advance(20 * HOUR_MS);
  expect(fake.attempts).toBe(2);
  await world.clock.advance(5 * HOUR_MS);
  await world.until(world.collector.stop());
  expect(fake.attempts).toBe(4);
});

test('what is under way when the window closes goes on in the next one, and nothing is fetched twice', async () => {
  const { world, fake, ended } = started(40_000);
  // Four chunks of five days and what surrounds them: some six minutes.
  world.item('Energy profile', { cron: '0 12 * * *', window: '01:00-01:03', maxRecallS: 20 * 86_400 });
  await world.collector.start();
  await world.clock.advance(HOUR_MS);
  const [first] = ended;
  expect(first).toMatchObject({ outcome: 'skipped', reason: expect.stringContaining('window') });
  const rows = world.store.times(1, 'energy').length;
  expect(rows).toBeGreaterThan(0);
  expect(rows).toBeLessThan(20 * 96 - 10);
  expect(world.store.attempts).toEqual([]);
  await world.clock.advance(48 * HOUR_MS);
  await world.until(world.collector.stop());
  expect(world.store.duplicates).toBe(0);
  const times = world.store.times(1, 'energy');
  expect(times.length).toBe(((times.at(-1) ?? 0) - (times[0] ?? 0)) / 900_000 + 1);
  expect(times.length).toBeGreaterThan(20 * 96);
  expect(world.store.attempts.every(({ error }) => error === undefined)).toBe(true);
  // Nothing was asked outside the windows but what was under way.
  for (const { atMs } of fake.requests) {
    const minute = Math.floor((atMs % 86_400_000) / MINUTE_MS);
    expect(minute).toBeGreaterThanOrEqual(60);
    expect(minute).toBeLessThanOrEqual(64);
  }
});

test('an operator does not wait for the window, and an item whose window is taken away is due at once', async () => {
  const { world, fake } = started(50);
  const item = world.item('Energy profile', { cron: '30 0 * * *', window: '05:00-06:00' });
  await world.collector.start();
  expect(await world.until(world.collector.runNow())).toEqual({ queued: 1 });
  await world.clock.advance(10_000);
  expect(fake.attempts).toBe(1);
  await world.clock.advance(HOUR_MS);
  expect(fake.attempts).toBe(1);
  const { window: _, ...always } = item;
  world.store.items = [always];
  await world.clock.advance(2 * MINUTE_MS);
  await world.until(world.collector.stop());
  expect(fake.attempts).toBe(2);
});
