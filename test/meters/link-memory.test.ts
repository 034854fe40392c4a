import { describe, expect, test } from 'bun:test';
import type { LinkParameters } from '../../src/dlms/link/link.ts';
import { ResponseTimes } from '../../src/dlms/link/response-times.ts';
import { LinkMemories, type LinkMemory } from '../../src/meters/link-memory.ts';
import { meter } from '../tasks/fake-meter.ts';

const granted = (maxInfoReceive: number, windowReceive: number): LinkParameters => ({
  maxInfoTransmit: maxInfoReceive,
  maxInfoReceive,
  windowTransmit: 1,
  windowReceive,
});

describe('the estimate of response times', () => {
  // RFC 6298, 2.2 and 2.3 with alpha 1/8 and beta 1/4, worked out by hand.
  test.each([
    [[100], 100, 300],
    [[100, 100], 100, 250],
    [[100, 100, 100], 100, 212.5],
    [[100, 200], 112.5, 112.5 + 4 * 62.5],
    [[1000, 100], 887.5, 887.5 + 4 * 600],
  ] as const)('after %j ms', (samples, smoothedMs, timeoutMs) => {
    const times = new ResponseTimes();
    expect([times.smoothedMs, times.timeoutMs]).toEqual([undefined, undefined]);
    for (const ms of samples) times.answered(ms);
    expect([times.smoothedMs, times.timeoutMs]).toEqual([smoothedMs, timeoutMs]);
  });

  test('doubles with each silence, within bounds, until an answer comes', () => {
    const times = new ResponseTimes();
    times.answered(100);
    const seen = Array.from({ length: 8 }, () => {
      times.silent();
      return times.timeoutMs;
    });
    expect(seen).toEqual([600, 1200, 2400, 4800, 9600, 19_200, 19_200, 19_200]);
    times.answered(100);
    expect(times.timeoutMs).toBe(250);
  });
});

describe('how long a meter is waited for', () => {
  const memoryOf = (shared = true): { own: LinkMemory; neighbour: LinkMemory } => {
    const memories = new LinkMemories(() => {});
    const own = memories.of(meter(1), 'line', shared);
    const neighbour = memories.of(meter(2), 'line', shared);
    for (const memory of [own, neighbour]) memory.bounds = { mostMs: 10_000, maxInfo: 128, msPerByte: 1 };
    return { own, neighbour };
  };
  const setUp = (memory: LinkMemory, tries: number): number[] =>
    Array.from({ length: tries }, (_, attempt) => memory.patienceMs('set-up', attempt, tries));
  const transfer = (memory: LinkMemory, tries: number): number[] =>
    Array.from({ length: tries }, (_, attempt) => memory.patienceMs('transfer', attempt, tries));

  test('as long as the settings say while nothing is known', () => {
    const { own, neighbour } = memoryOf();
    own.knocked();
    expect(setUp(own, 4)).toEqual([10_000, 10_000, 10_000, 10_000]);
    expect(transfer(own, 2)).toEqual([10_000, 10_000]);
    // But for the first word to each.
    expect(neighbour.isUnheard).toBe(true);
    expect(setUp(neighbour, 4)).toEqual([500, 500, 500, 500]);
    expect(transfer(neighbour, 2)).toEqual([10_000, 10_000]);
    // Half a second is not enough for both frames at 300 baud.
    neighbour.bounds = { mostMs: 10_000, maxInfo: 128, msPerByte: 33 };
    expect(setUp(neighbour, 4)[0]).toBe(300 + 2 * 48 * 33);
    own.answered(100);
    expect(neighbour.isUnheard).toBe(false);
  });

  test('no shorter than the largest frames take, twice as long each time, the last try of a transfer to the end', () => {
    const { own } = memoryOf();
    own.negotiated(granted(128, 1));
    for (let i = 0; i < 50; i++) own.answered(20);
    const least = 300 + 2 * (128 + 16);
    expect(transfer(own, 4)).toEqual([least, least, least, 10_000]);
    for (let i = 0; i < 50; i++) own.answered(1_000);
    const [first = 0, second = 0, third = 0, last] = transfer(own, 4);
    expect(first).toBeGreaterThan(1_000);
    expect(first).toBeLessThan(1_300);
    expect([second / first, third / first, last]).toEqual([2, 4, 10_000]);
  });

  test('a dead meter on a line whose others answer costs half of one time-out, and a probe less', () => {
    const { own, neighbour } = memoryOf();
    neighbour.answered(200);
    const tries = setUp(own, 4);
    expect(tries[0]).toBe(1_200);
    expect(tries.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(5_700);
    expect(setUp(own, 1)).toEqual([4_800]);
    // Elsewhere the meter is all there is on its line.
    const alone = memoryOf(false);
    alone.neighbour.answered(200);
    expect(setUp(alone.own, 2)).toEqual([10_000, 10_000]);
  });

  test('somebody on the way may know better', () => {
    const { own } = memoryOf();
    own.answered(20);
    own.bounds = { mostMs: 90_000, maxInfo: 128, patient: true };
    expect([setUp(own, 2), own.wholeAnswerMs()]).toEqual([[90_000, 90_000], 90_000]);
  });

  test('where a late answer ends the connection, never less than half of what it may take', () => {
    const { own } = memoryOf(false);
    expect(own.wholeAnswerMs()).toBe(10_000);
    own.answered(20);
    expect(own.wholeAnswerMs()).toBe(5_000);
    own.answered(3_000);
    expect(own.wholeAnswerMs()).toBe(10_000);
  });
});

describe('frames that a meter falls silent on', () => {
  const fresh = (): LinkMemory => new LinkMemories(() => {}).of(meter(1), 'line', true);

  test('are tried smaller, a rung at a time, down to the last', () => {
    const memory = fresh();
    const seen = [];
    for (let i = 0; i < 5; i++) {
      const { info, window } = memory.proposal;
      seen.push([info, window]);
      memory.negotiated(granted(Math.min(1024, info), window));
      memory.lost(0);
    }
    expect(seen).toEqual([
      [Number.POSITIVE_INFINITY, 7],
      [256, 1],
      [128, 1],
      [64, 1],
      [64, 1],
    ]);
  });

  test.each([
    ['had come on that very link', granted(1024, 7), 1000, Number.POSITIVE_INFINITY],
    ['are as small as the next rung already', granted(128, 1), 0, Number.POSITIVE_INFINITY],
    ['were never agreed on', undefined, 0, Number.POSITIVE_INFINITY],
    ['were long, and only short ones had come', granted(1024, 1), 40, 256],
  ] as const)('that %s', (_, parameters, largest, info) => {
    const memory = fresh();
    if (parameters !== undefined) memory.negotiated(parameters);
    memory.lost(largest);
    expect(memory.proposal.info).toBe(info);
  });

  test('that come one by one: the window alone is given up after two links in a row', () => {
    const memory = fresh();
    const link = (lost: boolean): number => {
      memory.negotiated(granted(128, memory.proposal.window));
      if (lost) memory.lost(128);
      return memory.proposal.window;
    };
    expect([true, false, true, false, true, true, true].map(link)).toEqual([7, 7, 7, 7, 7, 1, 1]);
    expect(memory.proposal.info).toBeGreaterThanOrEqual(128);
  });
});

test('an echo is told once of each line', () => {
  const told: string[] = [];
  const memories = new LinkMemories((line) => told.push(line));
  memories.of(meter(1), 'a', true).echoes();
  memories.of(meter(2), 'a', true).echoes();
  expect([told, memories.echoing('a'), memories.echoing('b')]).toEqual([['a'], true, false]);
});
