import { expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { ServingShare } from '../../src/headend/serving-share.ts';

const CELLS_PER_SECOND = 20_000;
const START = Date.UTC(2026, 2, 1);

/** Asks for answers of so many cells one after the other, and counts those that came. */
function asking(share: ServingShare, cells: number): { readonly came: () => number; stop(): void } {
  const state = { came: 0, over: false };
  const run = async (): Promise<void> => {
    while (!state.over) {
      await share.give(
        () => Promise.resolve(cells),
        (size) => size,
      );
      state.came++;
    }
  };
  void run();
  return {
    came: () => state.came,
    stop: () => {
      state.over = true;
    },
  };
}

test('while meters are read, head-ends together get what they may, each as much as the others', async () => {
  const clock = new VirtualClock(START);
  const share = new ServingShare({ clock, isReading: () => true });
  const [one, other] = [asking(share, 900), asking(share, 900)];
  await clock.advance(10_000);
  const [mine, theirs] = [one.came(), other.came()];
  expect((mine + theirs) * 1000).toBeGreaterThan(9 * CELLS_PER_SECOND);
  expect((mine + theirs) * 1000).toBeLessThan(11 * CELLS_PER_SECOND);
  expect(Math.abs(mine - theirs)).toBeLessThanOrEqual(1);
  one.stop();
  other.stop();
  await clock.advance(1000);
});

test('small requests are bounded too', async () => {
  const clock = new VirtualClock(START);
  const share = new ServingShare({ clock, isReading: () => true });
  const flood = asking(share, 0);
  await clock.advance(1000);
  expect(flood.came()).toBeLessThanOrEqual(201);
  expect(flood.came()).toBeGreaterThan(150);
  flood.stop();
  await clock.advance(1000);
});

test('a large answer is paid for, and nobody waits once nothing is read', async () => {
  const clock = new VirtualClock(START);
  const state = { reading: true };
  const share = new ServingShare({ clock, isReading: () => state.reading });
  const give = (): Promise<number> =>
    share.give(
      async () => clock.monotonicMs(),
      () => 200_000,
    );
  expect(await give()).toBe(0);
  const second = give();
  await clock.advance(5000);
  state.reading = false;
  await clock.advance(100);
  expect(await second).toBeLessThanOrEqual(5050);
  expect(await give()).toBeLessThanOrEqual(5100);
});

test('what fails leaves the others their turn', async () => {
  const share = new ServingShare({ clock: new VirtualClock(START), isReading: () => true });
  const failing = share.give(
    () => Promise.reject(new DcuError('storage-failed', 'the disk is gone')),
    () => 0,
  );
  const next = share.give(
    async () => 'served',
    () => 0,
  );
  expect(failing).rejects.toMatchObject({ code: 'storage-failed' });
  expect(await next).toBe('served');
});
