import { describe, expect, test } from 'bun:test';
import { Estimates, overall } from '../../src/tasks/estimate.ts';
import type { CollectorSnapshot } from '../../src/tasks/events.ts';
import { meter } from './fake-meter.ts';
import { World } from './world.ts';

describe('how long the work of a line will take', () => {
  test('is not known before anything of its kind has ended', () => {
    const estimates = new Estimates();
    estimates.queued('485_1', true, 'Energy profile');
    expect(estimates.leftMs('485_1', undefined, 0)).toBeNull();
    expect(estimates.leftMs('485_2', undefined, 0)).toBe(0);
  });

  test('is the usual time of each kind that waits, the newest weighing most', () => {
    const estimates = new Estimates();
    for (const type of ['Energy profile', 'Energy profile', 'Fraud Event'])
      estimates.queued('a', false, type);
    for (const tookMs of [10_000, 10_000, 20_000]) {
      estimates.queued('b', false, 'Energy profile');
      estimates.ended('b', 'Energy profile', tookMs);
    }
    expect(estimates.leftMs('a', undefined, 0)).toBeNull();
    estimates.queued('b', false, 'Fraud Event');
    estimates.ended('b', 'Fraud Event', 1_000);
    expect(estimates.leftMs('a', undefined, 0)).toBe(2 * 12_000 + 1_000);
    // What is cancelled tells nothing.
    estimates.ended('a', 'Fraud Event', undefined);
    expect(estimates.leftMs('a', undefined, 0)).toBe(24_000);
  });

  test('goes by the chunks of the running job, and on a shared line by that line', () => {
    const estimates = new Estimates();
    for (const [line, tookMs] of [
      ['485_1', 60_000],
      ['485_2', 2_000],
    ] as const) {
      estimates.queued(line, true, 'Energy profile');
      estimates.ended(line, 'Energy profile', tookMs);
    }
    for (const line of ['485_1', '485_2']) {
      for (let i = 0; i < 2; i++) estimates.queued(line, true, 'Energy profile');
    }
    expect(estimates.leftMs('485_2', undefined, 0)).toBe(4_000);
    const running = { type: 'Energy profile', startedAt: 10_000, chunksDone: 1, chunksPlanned: 4 };
    expect(estimates.leftMs('485_1', running, 15_000)).toBe(60_000 + 3 * 5_000);
    expect(estimates.leftMs('485_1', { ...running, chunksDone: 0 }, 30_000)).toBe(60_000 + 40_000);
  });

  test('of all lines is that of the longest, or their share of those that may work at once', () => {
    const line = {
      line: 'l',
      shared: false,
      total: 2,
      done: 1,
      failed: 0,
      queued: 0,
      running: 1,
      current: null,
      chunksLeft: null,
    };
    const lines = [10_000, 20_000, 30_000].map((etaMs) => ({ ...line, etaMs }));
    expect(overall(lines, 8)).toEqual({ total: 6, done: 3, failed: 0, queued: 0, running: 3, etaMs: 30_000 });
    expect(overall(lines, 1).etaMs).toBe(60_000);
    expect(overall([...lines, { ...line, etaMs: null }], 8).etaMs).toBeNull();
    expect(overall([{ ...line, running: 0, etaMs: null }], 8).etaMs).toBe(0);
  });
});

test('a round of many meters tells an estimate that turns out right', async () => {
  const world = new World({ maxBusyLines: 4 });
  for (let id = 1; id <= 40; id++) world.add(meter(id)).latencyMs = 1_000;
  world.item('Energy profile', { maxRecallS: 86_400 });
  const startMs = world.clock.now();
  const told: { readonly atMs: number; readonly snapshot: CollectorSnapshot }[] = [];
  world.collector.bus.on('progress', (snapshot) => told.push({ atMs: world.clock.now(), snapshot }));
  await world.until(world.collector.round(), 3_600_000, 100);
  const tookMs = world.clock.now() - startMs;
  expect(told[0]?.snapshot.overall.etaMs).toBeNull();
  const half = told.find(({ atMs }) => atMs - startMs > tookMs / 2);
  const leftMs = tookMs - ((half?.atMs ?? 0) - startMs);
  expect(half?.snapshot.overall.etaMs ?? 0).toBeGreaterThan(leftMs * 0.55);
  expect(half?.snapshot.overall.etaMs ?? 0).toBeLessThan(leftMs * 1.5);
  await world.clock.advance(1_000);
  expect(told.at(-1)?.snapshot.overall).toEqual({
    total: 40,
    done: 40,
    failed: 0,
    queued: 0,
    running: 0,
    etaMs: 0,
  });
  await world.until(world.collector.stop());
});

test('nothing is told to nobody', async () => {
  const world = new World();
  world.add(meter(1));
  world.item('Energy profile');
  await world.until(world.collector.round());
  const told: unknown[] = [];
  const release = world.collector.bus.on('progress', (snapshot) => told.push(snapshot));
  release();
  await world.until(world.collector.round());
  await world.clock.advance(10_000);
  expect(told).toEqual([]);
  await world.until(world.collector.stop());
});
