import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Interval, TaskItem } from '../../src/base/model.ts';
import {
  planRead,
  recallWindow,
  split,
  subtract,
  succeededLately,
  tasksOf,
} from '../../src/tasks/planner.ts';
import { meter } from './fake-meter.ts';
import { merge } from './memory-store.ts';

const NOW = Date.parse('2026-06-10T10:00:00.500Z');
const DAY_MS = 86_400_000;

const item = (change: Partial<TaskItem> = {}): TaskItem => ({
  id: 1,
  name: 'energy profile',
  task: 'single_phase',
  intervalS: 0,
  offsetS: 0,
  maxRecallS: 20 * 86_400,
  enabled: true,
  priority: 2,
  type: 'Energy profile',
  cron: '0 */4 * * *',
  ...change,
});

const total = (intervals: readonly Interval[]): number =>
  intervals.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);

const interval = fc
  .tuple(fc.integer({ min: -30, max: 1 }), fc.integer({ min: 1, max: 40 }))
  .map(([fromDay, hours]): Interval => {
    const fromMs = Math.floor(NOW / 1000) * 1000 + fromDay * DAY_MS;
    return { fromMs, toMs: fromMs + hours * 3_600_000 };
  });

test('what is fetched and what is covered make up the window, and never overlap', () => {
  fc.assert(
    fc.property(
      fc.array(interval, { maxLength: 12 }),
      fc.integer({ min: 1, max: 200 }),
      (coverage, chunkHours) => {
        const chunkMs = chunkHours * 3_600_000;
        const plan = planRead({ nowMs: NOW, item: item(), coverage, lastSuccessMs: undefined, chunkMs });
        const window = recallWindow(item(), NOW);
        const ranges = 'ranges' in plan ? plan.ranges : [];
        const inside = merge(coverage)
          .map(({ fromMs, toMs }) => ({
            fromMs: Math.max(fromMs, window.fromMs),
            toMs: Math.min(toMs, window.toMs),
          }))
          .filter(({ fromMs, toMs }) => fromMs < toMs);
        expect(total(ranges) + total(inside)).toBe(window.toMs - window.fromMs);
        expect(merge([...ranges, ...inside])).toEqual([window]);
        for (const [at, range] of ranges.entries()) {
          expect(range.toMs - range.fromMs).toBeGreaterThan(0);
          expect(range.toMs - range.fromMs).toBeLessThanOrEqual(chunkMs);
          expect(range.fromMs).toBeGreaterThanOrEqual(ranges[at - 1]?.toMs ?? window.fromMs);
        }
      },
    ),
    { numRuns: 300 },
  );
});

describe('skips', () => {
  const plan = (change: Partial<TaskItem>, coverage: readonly Interval[], lastSuccessMs?: number) =>
    planRead({ nowMs: NOW, item: item(change), coverage, lastSuccessMs, chunkMs: 5 * DAY_MS });

  test('a success within Interval is enough; 0 = never enough', () => {
    expect(plan({ intervalS: 120 }, [], NOW - 119_000)).toEqual({ skip: 'recent-success' });
    expect(plan({ intervalS: 120 }, [], NOW - 121_000)).toHaveProperty('ranges');
    expect(plan({ intervalS: 0 }, [], NOW)).toHaveProperty('ranges');
    expect(succeededLately(item({ intervalS: 120 }), NOW + 3_600_000, NOW)).toBe(false);
  });

  test('nothing missing, or a tail too short to ask for', () => {
    const window = recallWindow(item(), NOW);
    expect(plan({}, [window])).toEqual({ skip: 'nothing-missing' });
    expect(plan({}, [{ ...window, toMs: window.toMs - 119_000 }])).toEqual({ skip: 'nothing-missing' });
    expect(plan({}, [{ ...window, toMs: window.toMs - 120_000 }])).toHaveProperty('ranges');
    // A short gap in the past does not grow: it is fetched.
    const hole = { fromMs: window.fromMs + DAY_MS, toMs: window.fromMs + DAY_MS + 1000 };
    expect(plan({}, subtract(window, [hole]))).toEqual({ ranges: [hole] });
    expect(plan({ maxRecallS: 0 }, [])).toEqual({ skip: 'nothing-missing' });
  });
});

test('chunks end at day edges where they can', () => {
  const fromMs = Date.parse('2026-06-01T10:00:00Z');
  const pieces = split({ fromMs, toMs: Date.parse('2026-06-09T01:00:00Z') }, 5 * DAY_MS);
  expect(pieces.map((piece) => new Date(piece.toMs).toISOString().slice(0, 13))).toEqual([
    '2026-06-06T00',
    '2026-06-09T01',
  ]);
});

test('only enabled meters, groups and items; the group of the channel counts too; urgent ones first', () => {
  const meters = [
    meter(1),
    meter(2, { enabled: false }),
    meter(3, { task: 'three_phase' }),
    meter(4, { task: 'off' }),
  ];
  const groups = [
    { id: 1, name: 'single_phase', enabled: true },
    { id: 2, name: 'three_phase', enabled: true },
    { id: 3, name: 'off', enabled: false },
    { id: 4, name: 'sync_time', enabled: true },
  ];
  const items = [
    item({ id: 1, priority: 4 }),
    item({ id: 2, priority: 1 }),
    item({ id: 3, enabled: false }),
    item({ id: 4, task: 'three_phase', priority: 2 }),
    item({ id: 5, task: 'off' }),
    item({ id: 6, task: 'sync_time', priority: 5 }),
  ];
  const tasks = tasksOf(meters, groups, items, ({ id }) => (id === 3 ? 'sync_time' : undefined));
  expect(tasks.map((task) => [task.meter.id, task.item.id])).toEqual([
    [1, 2],
    [3, 4],
    [1, 1],
    [3, 6],
  ]);
});
