import { describe, expect, test } from 'bun:test';
import { DcuError } from '../../src/base/errors.ts';
import { APDU_MS, LineWorld, OPENING_MS } from './line-world.ts';

/** Blocks fetched for a meter until `untilMs`. */
const blocksOf = (world: LineWorld, meterId: number, untilMs = Number.POSITIVE_INFINITY): number =>
  world.fetched.filter((block) => block.meterId === meterId && block.atMs <= untilMs).length;

describe('what is more urgent', () => {
  test.each([
    ['on demand, another meter', 2, 0, 1],
    ['on demand, the same meter', 1, 0, 1],
    ['a better priority, another meter', 2, 2, 1],
    ['the same priority', 2, 3, 40],
    ['a worse priority', 2, 5, 40],
  ] as const)('%s goes ahead after the APDU under way', async (_, meterId, priority, laterBlocks) => {
    const world = new LineWorld();
    const long = world.add(1, 3, 40);
    await world.clock.advance(OPENING_MS + 10 * APDU_MS + APDU_MS / 2);
    expect(blocksOf(world, 1)).toBe(10);
    const urgent = world.add(meterId, priority, 1);
    const before = world.fetched.length;
    while (urgent.outcome === undefined) await world.clock.advance(APDU_MS / 2);
    // Its own block is the last of those that came meanwhile.
    const between = world.fetched.length - before - 1;
    expect(between).toBe(laterBlocks === 1 ? 1 : 30);
    await world.clock.advance(60_000);
    expect([long.outcome?.state, urgent.outcome?.state]).toEqual(['done', 'done']);
    // Nothing is fetched twice, and nobody has failed.
    expect(long.progress).toBe(40);
    expect(world.fetched.length).toBe(41);
    expect(world.line.account().use).toMatchObject({ failures: 0, lastError: null });
    expect(world.line.view()).toMatchObject({ done: 2, failed: 0, queued: 0, running: 0 });
  });

  test('for the same meter comes in between, with no new association', async () => {
    const world = new LineWorld();
    world.add(1, 3, 20);
    await world.clock.advance(5_000);
    world.add(1, 0, 2);
    await world.clock.advance(60_000);
    expect(world.log).toEqual(['open 1', 'start 1', 'start 1', 'done 1', 'done 1', 'close 1']);
  });

  test('does not wait for a meter that does not answer its opening', async () => {
    const world = new LineWorld();
    world.dead.set(1, 40_000);
    const scheduled = world.add(1, 3, 5);
    await world.clock.advance(2_000);
    const urgent = world.add(2, 0, 1);
    await world.clock.advance(OPENING_MS + APDU_MS);
    expect(urgent.outcome?.state).toBe('done');
    expect(scheduled.outcome).toBeUndefined();
    expect(world.states).toContain('1 as-before');
    await world.clock.advance(41_000);
    expect(scheduled.outcome).toMatchObject({ state: 'failed', error: { code: 'link-timeout' } });
  });

  test('which cannot be begun yet stops nobody', async () => {
    const world = new LineWorld();
    world.dead.set(9, 1_000);
    // A meter with an open breaker: it waits for its probe.
    for (let i = 0; i < 3; i++) {
      world.add(9, 1, 1);
      await world.clock.advance(2_000);
    }
    const waiting = world.add(9, 1, 1);
    const long = world.add(1, 3, 20);
    await world.clock.advance(OPENING_MS + 20 * APDU_MS);
    expect([waiting.outcome, long.outcome?.state]).toEqual([undefined, 'done']);
    expect(world.line.account().meters.get(9)?.breaker).toBe('open');
    await world.clock.advance(60_000);
    expect(waiting.outcome?.state).toBe('failed');
  });
});

describe('nobody starves', () => {
  test('a stream of on-demand work lets other work through, a little at a time', async () => {
    const world = new LineWorld();
    const scheduled = world.add(1, 3, 12);
    for (let i = 0; i < 60; i++) world.add(2, 0, 1);
    await world.clock.advance(90_000);
    expect(scheduled.progress).toBeGreaterThanOrEqual(12);
    const order = world.fetched.map(({ meterId }) => meterId);
    // Never more than eight urgent steps in a row while it waits.
    const last = order.lastIndexOf(1);
    let inARow = 0;
    for (const meterId of order.slice(0, last)) {
      inARow = meterId === 2 ? inARow + 1 : 0;
      expect(inARow).toBeLessThanOrEqual(8);
    }
  });

  test('work that was broken off again and again is left in peace for a while', async () => {
    const world = new LineWorld();
    const scheduled = world.add(1, 4, 200);
    for (let i = 0; i < 20; i++) {
      await world.clock.advance(2_200);
      world.add(1, 2, 1);
    }
    const progress = scheduled.progress;
    expect(progress).toBeGreaterThan(12);
    await world.clock.advance(400_000);
    expect(scheduled.outcome?.state).toBe('done');
    expect(world.fetched.length).toBe(220);
  });

  test('meters of one priority take turns when one of them has much to tell', async () => {
    const world = new LineWorld();
    for (let i = 0; i < 10; i++) world.add(1, 3, 20);
    for (let i = 0; i < 2; i++) world.add(2, 3, 20);
    await world.clock.advance(75_000);
    expect(blocksOf(world, 2)).toBeGreaterThan(0);
    expect(blocksOf(world, 1)).toBeGreaterThanOrEqual(60);
    await world.clock.advance(300_000);
    expect(world.log.filter((entry) => entry.startsWith('done')).length).toBe(12);
  });
});

describe('an association stays open', () => {
  test('for what may come next, while nobody waits', async () => {
    const world = new LineWorld();
    world.opening = { lingerMs: 5_000 };
    world.add(1, 3, 1);
    await world.clock.advance(4_000);
    expect(world.log).toEqual(['open 1', 'start 1', 'done 1']);
    expect(world.states).toEqual(['1 reading', '1 online']);
    expect(world.line.account().state).toBe('idle');
    world.add(1, 3, 1);
    await world.clock.advance(4_000);
    expect(world.log).toEqual(['open 1', 'start 1', 'done 1', 'start 1', 'done 1']);
    await world.clock.advance(5_000);
    expect(world.log.at(-1)).toBe('close 1');
    expect(world.states).toEqual(['1 reading', '1 online', '1 reading', '1 online']);
  });

  test('but not in the way of another meter', async () => {
    const world = new LineWorld();
    world.opening = { lingerMs: 5_000 };
    world.add(1, 3, 1);
    await world.clock.advance(OPENING_MS + APDU_MS + 100);
    const next = world.add(2, 5, 1);
    await world.clock.advance(OPENING_MS + APDU_MS);
    expect(next.outcome?.state).toBe('done');
    expect(world.log.slice(3, 5)).toEqual(['close 1', 'open 2']);
  });

  test('and ends at once when the line is stopped', async () => {
    const world = new LineWorld();
    world.opening = { lingerMs: 5_000 };
    world.add(1, 3, 1);
    await world.clock.advance(2_000);
    await world.line.stop();
    expect(world.log.at(-1)).toBe('close 1');
  });
});

describe('what a job may cost', () => {
  test.each([
    ['so many failures in all, however much it gains in between', { tries: 3 }, 12],
    ['so much time', { tries: 3, budgetMs: 5_000 }, 4],
  ] as const)('%s', async (_, opening, most) => {
    const world = new LineWorld();
    world.opening = opening;
    const job = world.add(1, 3, 1_000);
    let failures = 0;
    job.onBlock = (fetched) => {
      if (fetched % 2 === 0) return;
      job.progress++;
      failures++;
      throw new DcuError('exception-response', 'not now');
    };
    await world.clock.advance(100_000);
    expect([job.outcome?.state, failures]).toEqual(['failed', most]);
  });
});

test('the time of closing one meter is not that of the next', async () => {
  const world = new LineWorld({ linkState: () => undefined });
  world.add(1, 3, 2);
  world.add(2, 3, 2);
  await world.clock.advance(30_000);
  const { use, meters } = world.line.account();
  expect(use.busyMs).toBe(2 * (OPENING_MS + 2 * APDU_MS));
  expect([...meters.values()].map(({ busyMs }) => busyMs)).toEqual([2_500, 2_500]);
});
