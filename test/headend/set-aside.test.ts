import { expect, test } from 'bun:test';
import { SetAside } from '../../src/headend/set-aside.ts';

const MINUTE_MS = 60_000;

test('an item that fails while others get through waits ever longer, an hour at most', () => {
  const aside = new SetAside({ retries: 2 });
  let nowMs = 0;
  const fail = (): boolean => {
    aside.acknowledged(99);
    return aside.failed(1, nowMs);
  };
  expect([fail(), fail()]).toEqual([false, false]);
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) {
    expect(fail()).toBe(true);
    const since = nowMs;
    while (aside.leftOut(nowMs).length > 0) nowMs += MINUTE_MS;
    waits.push((nowMs - since) / MINUTE_MS);
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test('once an item is acknowledged nothing is held against it', () => {
  const aside = new SetAside({ retries: 0 });
  aside.acknowledged(2);
  aside.failed(1, 0);
  aside.acknowledged(2);
  aside.failed(1, 0);
  expect(aside.leftOut(1)).toEqual([1]);
  aside.acknowledged(1);
  expect(aside.leftOut(1)).toEqual([]);
});

test('an acknowledgement of another one gives those their next try of whom nothing was known', () => {
  const aside = new SetAside({ retries: 1 });
  expect([aside.failed(1, 0), aside.failed(1, 0)]).toEqual([false, true]);
  // While one is under suspicion the others have one try each.
  expect(aside.failed(2, 0)).toBe(true);
  expect(aside.leftOut(1)).toEqual([1, 2]);
  aside.acknowledged(3);
  expect(aside.leftOut(1)).toEqual([]);
  expect(aside.failed(1, 2)).toBe(true);
  aside.acknowledged(3);
  // That it failed while others got through is known by now.
  expect(aside.leftOut(3)).toEqual([1]);
});

test('where all fail it is the head-end, and the usual order holds again; more are tried each time, within bounds', () => {
  const aside = new SetAside({ retries: 0 });
  let id = 0;
  const triesUntilReleased = (): number => {
    for (let tries = 1; tries < 10_000; tries++) if (!aside.failed(id++, 0)) return tries;
    throw new Error('never released');
  };
  const rounds = Array.from({ length: 7 }, triesUntilReleased);
  expect(rounds).toEqual([9, 17, 33, 65, 129, 257, 257]);
  expect(aside.leftOut(1)).toEqual([]);
});
