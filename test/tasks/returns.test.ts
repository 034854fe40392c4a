import { expect, test } from 'bun:test';
import { meter } from './fake-meter.ts';
import { START, World } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The day's only tick. */
const NINE_MS = Date.parse('2026-06-10T09:00:00Z') - START;

/** Read at nine, checked every ten minutes. */
function daily(count = 1) {
  const world = new World();
  world.store.settings = { 'meter.check.interval': '600' };
  const fakes = Array.from({ length: count }, (_, index) => world.add(meter(index + 1)));
  world.item('Energy profile', { cron: '0 9 * * *', priority: 3, maxRecallS: 86_400 });
  world.item('Demand profile', { cron: '0 9 * * *', priority: 1, maxRecallS: 86_400 });
  const started: { readonly type: string; readonly atMs: number; readonly meterId: number }[] = [];
  world.collector.bus.on('job-started', ({ type, meterId }) => {
    if (type.endsWith('profile')) started.push({ type, meterId, atMs: world.clock.now() - START });
  });
  return { world, fakes, started };
}

test('a meter that was silent at its tick is read soon after it answers again, by priority, and once', async () => {
  const { world, fakes, started } = daily();
  const [fake] = fakes;
  if (fake === undefined) throw new Error('a meter');
  await world.collector.start();
  await world.clock.advance(NINE_MS - 30 * MINUTE_MS);
  fake.dead = true;
  await world.clock.advance(2 * HOUR_MS);
  const before = world.store.times(1, 'energy').length;
  started.length = 0;
  fake.dead = false;
  const backMs = world.clock.now() - START;
  await world.clock.advance(2 * HOUR_MS);
  expect(started.map(({ type }) => type)).toEqual(['Demand profile', 'Energy profile']);
  // Within an interval of checks, which the breaker of a dead meter may double, and half a minute.
  expect((started[0]?.atMs ?? 0) - backMs).toBeLessThan(HOUR_MS);
  expect(world.store.times(1, 'energy').length).toBeGreaterThan(before + 4);
  await world.until(world.collector.stop());
  expect(world.store.duplicates).toBe(0);
});

test('nothing is read of a meter that was away for a moment, or that missed no tick', async () => {
  const { world, fakes, started } = daily();
  const [fake] = fakes;
  if (fake === undefined) throw new Error('a meter');
  await world.collector.start();
  await world.clock.advance(HOUR_MS);
  started.length = 0;
  fake.dead = true;
  await world.clock.advance(HOUR_MS);
  fake.dead = false;
  await world.clock.advance(2 * HOUR_MS);
  expect((await world.store.contacts()).find(({ meterId }) => meterId === 1)?.state).toBe('online');
  // Whoever missed a tick and was away for a moment only waits for the next one.
  world.collector.returned([1], MINUTE_MS);
  await world.clock.advance(HOUR_MS);
  expect(started).toEqual([]);
  await world.until(world.collector.stop());
});

test('a whole network that is back is let in by and by', async () => {
  const { world, fakes, started } = daily(100);
  world.store.settings = { 'meter.check.interval': '0' };
  await world.collector.start();
  await world.clock.advance(NINE_MS - HOUR_MS);
  for (const fake of fakes) fake.dead = true;
  await world.clock.advance(2 * HOUR_MS);
  for (const fake of fakes) fake.dead = false;
  started.length = 0;
  const backMs = world.clock.now() - START;
  world.collector.returned(
    fakes.map((_, index) => index + 1),
    HOUR_MS,
  );
  await world.clock.advance(HOUR_MS);
  expect(new Set(started.map(({ meterId }) => meterId)).size).toBe(100);
  const firstMs = started[0]?.atMs ?? 0;
  expect(firstMs - backMs).toBeGreaterThanOrEqual(10_000);
  expect(firstMs - backMs).toBeLessThanOrEqual(31_000);
  expect(
    new Set(started.filter(({ atMs }) => atMs === firstMs).map(({ meterId }) => meterId)).size,
  ).toBeLessThanOrEqual(64);
  await world.until(world.collector.stop());
}, 60_000);
