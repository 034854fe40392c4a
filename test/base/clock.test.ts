import { expect, test } from 'bun:test';
import { sleep, VirtualClock } from '../../src/base/clock.ts';

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
