import { expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import type { Attempt } from '../../src/base/collection.ts';
import { DcuError, type ErrorCode } from '../../src/base/errors.ts';
import { type Log, silentLog } from '../../src/base/log.ts';
import { AttemptBook } from '../../src/tasks/attempt-book.ts';

const attempt = (itemId: number, finishedAt: number, error?: ErrorCode): Attempt => ({
  meterId: 7,
  itemId,
  startedAt: finishedAt - 10,
  finishedAt,
  added: 0,
  ...(error === undefined ? {} : { error, message: `${error} at ${finishedAt}` }),
});

function bookOf() {
  const clock = new VirtualClock(0);
  const written: Attempt[] = [];
  const told: string[] = [];
  const state = { trouble: undefined as ErrorCode | undefined };
  const log: Log = {
    ...silentLog,
    error: (message) => told.push(message),
    warn: (message) => told.push(message),
  };
  const store = {
    saveAttempt: async (one: Attempt): Promise<void> => {
      if (state.trouble !== undefined) throw new DcuError(state.trouble, 'no');
      written.push(one);
    },
  };
  return { book: new AttemptBook({ store, clock, log }), clock, written, told, state };
}

test('attempts that the disk has no room for are shown, and written when it has', async () => {
  const { book, clock, written, told, state } = bookOf();
  state.trouble = 'storage-full';
  await book.save(attempt(1, 1_000, 'storage-full'));
  await book.save(attempt(2, 2_000, 'link-timeout'));
  await book.save(attempt(2, 3_000, 'channel-lost'));
  await book.save(attempt(3, 4_000));
  expect(book.lastError(7)).toEqual({ code: 'channel-lost', message: 'channel-lost at 3000', time: 3_000 });
  expect(book.lastError(8)).toBeUndefined();
  // Told once, not for each.
  expect(told).toHaveLength(1);
  await clock.advance(95_000);
  expect(written).toEqual([]);
  state.trouble = undefined;
  await clock.advance(30_000);
  expect(written.map(({ itemId, finishedAt }) => [itemId, finishedAt])).toEqual([
    [1, 1_000],
    [2, 3_000],
    [3, 4_000],
  ]);
  expect(book.lastError(7)).toBeUndefined();
  await clock.advance(120_000);
  expect(written).toHaveLength(3);
});

test('a later success takes the place of what was kept; the end writes the rest', async () => {
  const { book, written, state } = bookOf();
  state.trouble = 'storage-failed';
  await book.save(attempt(1, 1_000, 'storage-full'));
  await book.save(attempt(2, 2_000, 'storage-full'));
  state.trouble = undefined;
  await book.save(attempt(1, 3_000));
  await book.close();
  expect(written.map(({ itemId, finishedAt }) => [itemId, finishedAt])).toEqual([
    [1, 3_000],
    [2, 2_000],
  ]);
});

test('what is no trouble of the storage is thrown, and a meter that is gone is let go', async () => {
  const { book, clock, told, state } = bookOf();
  state.trouble = 'not-found';
  await expect(book.save(attempt(1, 1_000))).rejects.toMatchObject({ code: 'not-found' });
  state.trouble = 'storage-full';
  await book.save(attempt(1, 2_000, 'storage-full'));
  state.trouble = 'not-found';
  await clock.advance(30_000);
  expect(book.lastError(7)).toBeUndefined();
  expect(told).toEqual([
    'attempts cannot be recorded and are kept in memory',
    'an attempt could not be recorded',
  ]);
});
