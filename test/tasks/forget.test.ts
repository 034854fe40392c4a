import { expect, test } from 'bun:test';
import { sleep } from '../../src/base/clock.ts';
import { meter } from './fake-meter.ts';
import { World } from './world.ts';

test('of a meter that is gone nothing is kept, and of the others everything', async () => {
  const world = new World();
  world.add(meter(1));
  world.add(meter(2));
  world.item('Energy profile');
  await world.until(world.collector.round());
  const metersKept = (): number[] =>
    world.collector
      .accounting()
      .flatMap(({ meters }) => [...meters.keys()])
      .toSorted((a, b) => a - b);
  const lines = world.collector.accounting().length;
  expect(metersKept()).toEqual([1, 2]);
  world.collector.forget(new Set([1]));
  expect(metersKept()).toEqual([2]);
  expect(world.collector.accounting().length).toBeLessThanOrEqual(lines);
  expect(world.collector.accounting().every(({ meters }) => meters.size > 0)).toBe(true);
});

test('work at a meter that is gone is ended, and what it says last is dropped as well', async () => {
  const world = new World();
  world.add(meter(1));
  world.item('Energy profile');
  world.item('Standard Event');
  world.collector.bus.on('job-started', ({ meterId }) => world.collector.forget(new Set([meterId])));
  const summary = await world.until(world.collector.round());
  expect(summary).toMatchObject({ failed: 1 });
  expect(summary.failures.map(({ code }) => code)).toContain('cancelled');
  await world.until(sleep(world.clock, 61_000));
  expect(world.collector.accounting()).toEqual([]);
});
