import { describe, expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import type { TaskItem } from '../../src/base/model.ts';
import { Scheduler } from '../../src/tasks/scheduler.ts';
import { meter } from './fake-meter.ts';
import { START, World } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

describe('thirty days', () => {
  test('every row once, billing left alone after its success, outages healed', async () => {
    const world = new World();
    const steady = world.add(meter(1));
    const flaky = world.add(meter(2));
    const energy = world.item('Energy profile', { intervalS: 120, priority: 2 });
    const early = world.item('Monthly Billing', {
      cron: '0 */1 1-5 * *',
      intervalS: 259_200,
      maxRecallS: 403 * 86_400,
      priority: 1,
    });
    world.item('Standard Event', { cron: '0 10 * * *', intervalS: 300, maxRecallS: 403 * 86_400 });
    await world.collector.start();
    for (let day = 0; day < 30; day++) {
      flaky.dead = day >= 8 && day < 12;
      flaky.breaks = day % 5 === 0 ? [0.4] : [];
      await world.clock.advance(DAY_MS);
    }
    const endMs = world.clock.now();
    await world.until(world.collector.stop());

    for (const id of [1, 2]) {
      const times = world.store.times(id, 'energy');
      expect(new Set(times.map((time) => time % 900_000))).toEqual(new Set([0]));
      expect(times[0]).toBe(Math.ceil((START - 20 * DAY_MS) / 900_000) * 900_000);
      expect(times.at(-1)).toBeGreaterThan(endMs - 5 * HOUR_MS);
      expect(times.length).toBe(((times.at(-1) ?? 0) - (times[0] ?? 0)) / 900_000 + 1);
      expect(world.store.times(id, 'billing')).toContain(Date.parse('2026-07-01T00:00:00Z'));
    }
    expect(world.store.duplicates).toBe(0);
    // Month change at day 21: one read on the 1st, one more when three days have passed.
    const billing = world.store.attempts.filter(
      (attempt) => attempt.itemId === early.id && attempt.meterId === 1,
    );
    expect(billing.length).toBeGreaterThanOrEqual(2);
    expect(billing.length).toBeLessThanOrEqual(4);
    const reads = world.store.attempts.filter(
      (attempt) => attempt.itemId === energy.id && attempt.meterId === 1,
    );
    expect(reads.length).toBe(1 + 30 * 6);
    expect(reads.every((attempt) => attempt.error === undefined)).toBe(true);
    expect(steady.openNow + flaky.openNow).toBe(0);
    // Four days of silence: one opening a tick, and no hammering in between.
    const missed = world.store.attempts.filter(
      (attempt) => attempt.meterId === 2 && attempt.error !== undefined,
    );
    expect(missed.length).toBeGreaterThan(4);
    expect(world.opened.filter((meterNo) => meterNo === '100002').length).toBeLessThan(30 * 7 + 40);
  }, 60_000);
});

describe('ticks', () => {
  interface Fired {
    readonly at: string;
    readonly ids: number[];
    readonly why: string;
  }

  function scheduler(
    items: TaskItem[],
    start: string,
    zone = 'UTC',
  ): { clock: VirtualClock; fired: Fired[]; it: Scheduler } {
    const clock = new VirtualClock(Date.parse(start));
    const fired: Fired[] = [];
    const it = new Scheduler({
      clock,
      log: silentLog,
      zone: () => zone,
      items: async () => items,
      fire: async (due, why) => {
        const at = new Date(clock.now()).toISOString().slice(11, 19);
        fired.push({ at, ids: due.map((one) => one.id), why });
      },
    });
    return { clock, fired, it };
  }

  const item = (id: number, cron: string, change: Partial<TaskItem> = {}): TaskItem => ({
    id,
    name: `item ${id}`,
    task: 'single_phase',
    intervalS: 0,
    offsetS: 0,
    maxRecallS: 0,
    enabled: true,
    priority: 1,
    type: 'Energy profile',
    cron,
    ...change,
  });
  const ticksOf = (fired: readonly Fired[]): string[] =>
    fired.filter((one) => one.why === 'tick').map((one) => `${one.at} ${one.ids}`);

  test('fire at their second, Offset later, and not when disabled or unreadable', async () => {
    const items = [
      item(1, '0 * * * *'),
      item(2, '0 * * * *', { offsetS: 90 }),
      item(3, '* * * * *', { enabled: false }),
      item(4, 'nonsense'),
    ];
    const { clock, fired, it } = scheduler(items, '2026-06-10T09:30:10Z');
    await it.start();
    await clock.advance(2 * HOUR_MS);
    expect(fired[0]).toMatchObject({ why: 'catch-up', ids: [1, 2, 3, 4] });
    expect(ticksOf(fired)).toEqual(['10:00:00 1', '10:01:30 2', '11:00:00 1', '11:01:30 2']);
    await it.stop();
    await clock.advance(2 * HOUR_MS);
    expect(ticksOf(fired)).toHaveLength(4);
  });

  test('a clock that jumps ahead gives one catch-up for each item, not a storm', async () => {
    const { clock, fired, it } = scheduler(
      [item(1, '*/5 * * * *'), item(2, '0 12 * * *')],
      '2026-06-10T09:01:00Z',
    );
    await it.start();
    await clock.advance(1_000);
    clock.jump(30 * DAY_MS);
    await clock.advance(MINUTE_MS);
    expect(ticksOf(fired)).toEqual(['09:02:00 1,2']);
    await clock.advance(4 * MINUTE_MS);
    expect(ticksOf(fired).slice(1)).toEqual(['09:05:00 1']);
  });

  test('a clock that is set back repeats nothing', async () => {
    const { clock, fired, it } = scheduler([item(1, '0 * * * *')], '2026-06-10T09:59:00Z');
    await it.start();
    await clock.advance(2 * MINUTE_MS);
    clock.jump(-30 * MINUTE_MS);
    await clock.advance(90 * MINUTE_MS);
    expect(ticksOf(fired)).toEqual(['10:00:00 1', '11:00:00 1']);
  });

  test('a clock that is set back far starts anew, and stays at one run a tick', async () => {
    const { clock, fired, it } = scheduler([item(1, '0 * * * *')], '2026-06-10T09:59:00Z');
    await it.start();
    await clock.advance(2 * MINUTE_MS);
    clock.jump(-365 * DAY_MS);
    await clock.advance(2 * HOUR_MS);
    expect(ticksOf(fired)).toEqual(['10:00:00 1', '11:00:00 1', '12:00:00 1']);
  });

  test('a changed item is noticed without a restart', async () => {
    const items = [item(1, '0 0 1 1 *')];
    const { clock, fired, it } = scheduler(items, '2026-06-10T09:58:30Z');
    await it.start();
    await clock.advance(10_000);
    items[0] = item(1, '* * * * *');
    await clock.advance(150_000);
    // 09:59 came after the change and before the next look.
    expect(ticksOf(fired)).toEqual(['09:59:30 1', '10:00:00 1', '10:01:00 1']);
  });

  test('a missed tick is one since the last success', () => {
    const { it } = scheduler([], '2026-06-10T09:30:00Z');
    const hourly = item(1, '0 * * * *');
    const at = (text: string): number => Date.parse(`2026-06-10T${text}Z`);
    expect(it.missedTick(hourly, undefined)).toBe(true);
    expect(it.missedTick(hourly, at('09:00:05'))).toBe(false);
    expect(it.missedTick(hourly, at('08:59:00'))).toBe(true);
    expect(it.missedTick(hourly, at('23:00:00'))).toBe(true);
  });
});

test.each([0, -120, 300])(
  'a billing row that comes late is asked for until it is there (deviation %i)',
  async (deviation) => {
    const world = new World();
    const monthMs = Date.parse('2026-07-01T00:00:00Z');
    world.clock.jump(monthMs - 90 * MINUTE_MS - START);
    const fake = world.add(meter(1));
    fake.deviationMinutes = deviation;
    fake.billingOffsetMs = deviation * MINUTE_MS;
    fake.billingDelayMs = 150 * MINUTE_MS;
    world.item('Monthly Billing', { cron: '0 * * * *', intervalS: 259_200, maxRecallS: 403 * 86_400 });
    await world.collector.start();
    await world.clock.advance(24 * HOUR_MS);
    await world.until(world.collector.stop());
    const rowMs = monthMs + deviation * MINUTE_MS;
    expect(world.store.times(1, 'billing')).toContain(rowMs);
    expect(world.store.duplicates).toBe(0);
    const success = world.store.attempts.filter(({ finishedAt }) => finishedAt >= rowMs);
    expect(success).toHaveLength(1);
    expect(success[0]?.error).toBeUndefined();
    expect((success[0]?.finishedAt ?? 0) - rowMs).toBeGreaterThan(150 * MINUTE_MS);
    expect((success[0]?.finishedAt ?? 0) - rowMs).toBeLessThan(220 * MINUTE_MS);
  },
);

test('a start catches up once, and only for items with a missed tick and gaps', async () => {
  const world = new World();
  const fake = world.add(meter(1));
  world.item('Energy profile', { cron: '0 */4 * * *' });
  await world.collector.start();
  await world.clock.advance(MINUTE_MS);
  expect(world.store.times(1, 'energy')).toHaveLength(1920);
  expect(fake.associations).toBe(1);
  await world.until(world.collector.stop());

  const again = new World();
  again.store.meterList = world.store.meterList;
  again.store.items = world.store.items;
  again.store.attempts.push(...world.store.attempts);
  const silent = again.add(meter(1));
  again.store.meterList.splice(1);
  await again.clock.advance(MINUTE_MS);
  await again.collector.start();
  await again.clock.advance(MINUTE_MS);
  expect(silent.associations).toBe(0);
  await again.until(again.collector.stop());
});

test('a wall clock that is set back is told of, at the next look, with the new time; one that is set forward is not', async () => {
  const clock = new VirtualClock(Date.parse('2026-06-10T12:00:00Z'));
  const told: number[] = [];
  let full = true;
  const it = new Scheduler({
    clock,
    log: silentLog,
    zone: () => 'UTC',
    items: async () => [],
    fire: async () => {},
    setBack: async (nowMs) => {
      if (full) throw new DcuError('storage-full', 'the disk is full');
      told.push(nowMs);
    },
  });
  // At the start nobody knows what time it was before; a full disk keeps nothing from starting.
  await it.start();
  full = false;
  await clock.advance(120_000);
  expect(told).toEqual([clock.now() - 120_000]);
  clock.jump(3_600_000);
  await clock.advance(120_000);
  expect(told).toHaveLength(1);
  clock.jump(-4 * 3_600_000);
  await clock.advance(60_000);
  expect(told).toEqual([told[0] ?? 0, clock.now()]);
  await clock.advance(600_000);
  expect(told).toHaveLength(2);
  await it.stop();
});
