import type { VirtualClock } from '../../src/base/clock.ts';

/** Lets time pass, in steps in which the store keeps up, until the promise is settled. */
export async function settled<Result>(
  clock: VirtualClock,
  promise: Promise<Result>,
  limitMs = 24 * 3_600_000,
): Promise<Result> {
  const end = clock.monotonicMs() + limitMs;
  const still = { open: true };
  const done = promise.finally(() => {
    still.open = false;
  });
  // Whoever waits for it hears of the rejection; until then it is no unhandled one.
  done.catch(() => undefined);
  while (still.open) {
    if (clock.monotonicMs() > end) throw new Error(`not done within ${limitMs} ms`);
    await clock.advance(100);
  }
  return done;
}
