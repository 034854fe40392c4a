import { expect, test } from 'bun:test';
import { sleep, VirtualClock } from '../../src/base/clock.ts';
import { SeededRandom } from '../../src/base/random.ts';

test('timers fire in order of their due time, also those set by timers', async () => {
  const clock = new VirtualClock(1_000);
  const fired: string[] = [];
  clock.after(20, () => fired.push('b'));
  clock.after(10, () => {
    fired.push(`a@${clock.now()}`);
    clock.after(5, () => fired.push('nested'));
  });
  const cancel = clock.after(12, () => fired.push('never'));
  cancel();
  await clock.advance(15);
  expect(fired).toEqual(['a@1010', 'nested']);
  await clock.advance(5);
  expect(fired).toEqual(['a@1010', 'nested', 'b']);
  expect(clock.monotonicMs()).toBe(20);
});

test('a jump of the wall clock leaves timers alone', async () => {
  const clock = new VirtualClock(0);
  let fired = false;
  clock.after(10, () => {
    fired = true;
  });
  clock.jump(86_400_000);
  expect(clock.now()).toBe(86_400_000);
  expect(fired).toBe(false);
  await clock.advance(10);
  expect(fired).toBe(true);
});

test('sleep ends early, with the reason, when aborted', async () => {
  const clock = new VirtualClock(0);
  const abort = new AbortController();
  const asleep = sleep(clock, 1_000, abort.signal).then(
    () => 'slept',
    (reason: unknown) => reason,
  );
  abort.abort('enough');
  expect(await asleep).toBe('enough');
  const second = sleep(clock, 50);
  await clock.advance(50);
  await second;
});

test('many timers, most of them cancelled, fire in the order of a plain list', async () => {
  const clock = new VirtualClock(0);
  const random = new SeededRandom(7);
  const set: { readonly id: number; readonly dueMs: number; cancelled: boolean }[] = [];
  const cancels: (() => void)[] = [];
  const fired: number[] = [];
  const due: number[] = [];
  const setOne = (): void => {
    const id = set.length;
    const delayMs = Math.floor(random.next() * 200);
    set.push({ id, dueMs: clock.monotonicMs() + delayMs, cancelled: false });
    cancels.push(
      clock.after(delayMs, () => {
        fired.push(id);
        due.push(clock.monotonicMs());
        if (set.length < 1_500) setOne();
      }),
    );
  };
  for (let count = 0; count < 1_000; count++) setOne();
  for (const timer of set) {
    if (random.next() < 0.7) {
      timer.cancelled = true;
      cancels[timer.id]?.();
      cancels[timer.id]?.();
    }
  }
  await clock.advance(1_000);
  const expected = set
    .filter(({ cancelled }) => !cancelled)
    .sort((a, b) => a.dueMs - b.dueMs || a.id - b.id)
    .map(({ id }) => id);
  expect(fired).toEqual(expected);
  expect(due).toEqual(due.toSorted((a, b) => a - b));
  expect(clock.pending).toBe(0);
  // Cancelled when they have fired, or twice: nothing of it is left behind.
  for (const cancel of cancels) cancel();
  expect(clock.pending).toBe(0);
  let late = false;
  clock.after(1, () => {
    late = true;
  });
  await clock.advance(1);
  expect(late).toBe(true);
});
