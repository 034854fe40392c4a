import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { Store } from '../../src/store/types.ts';
import { createMeter, openTestStore, removeDirectory, temporaryDirectory } from './fixture.ts';

let directory = '';
let store: Store;
let meterId = 0;
beforeEach(async () => {
  directory = temporaryDirectory();
  store = await openTestStore(directory);
  meterId = (await createMeter(store, '000000000001')).id;
});
afterEach(async () => {
  await store.close();
  removeDirectory(directory);
});

describe('clocks of meters', () => {
  test('corrections come newest first, the last look beside them', async () => {
    expect(await store.readings.clock(meterId)).toEqual({ check: undefined, corrections: [] });
    const check = { meterId, time: 9_000, driftMs: -400, action: 'none' } as const;
    const shifted = { meterId, time: 5_000, driftMs: 4_200, action: 'shifted', leftMs: 200 } as const;
    const refused = { meterId, time: 6_000, driftMs: 70_000, action: 'refused' } as const;
    await store.collection.saveClockCheck(check);
    for (const correction of [shifted, refused]) await store.collection.saveClockCorrection(correction);
    expect(await store.readings.clock(meterId)).toEqual({ check, corrections: [refused, shifted] });
    expect(await store.readings.clock(meterId, 1)).toEqual({ check, corrections: [refused] });
  });

  test('only the newest are kept, those of other meters untouched', async () => {
    const other = (await createMeter(store, '000000000002')).id;
    const correction = { driftMs: 3_000, action: 'set' } as const;
    await store.collection.saveClockCorrection({ ...correction, meterId: other, time: 1 });
    for (let time = 1; time <= 503; time++) {
      await store.collection.saveClockCorrection({ ...correction, meterId, time });
    }
    const { corrections } = await store.readings.clock(meterId, 1_000);
    expect(corrections).toHaveLength(500);
    expect(corrections.at(-1)?.time).toBe(4);
    expect((await store.readings.clock(other)).corrections).toHaveLength(1);
  });

  test('a removed meter leaves nothing', async () => {
    await store.collection.saveClockCorrection({ meterId, time: 1, driftMs: 3_000, action: 'set' });
    await store.archive.remove(meterId);
    expect((await store.readings.clock(meterId)).corrections).toEqual([]);
    expect(
      store.collection.saveClockCorrection({ meterId, time: 1, driftMs: 1, action: 'set' }),
    ).rejects.toThrow();
  });
});

test('how far a log was seen is kept for each log', async () => {
  const mark = { log: 'fraud', entries: 7, last: 'c0ffee', checkedAt: 3 } as const;
  await store.collection.saveLogMark(meterId, { ...mark, entries: 5, last: '' });
  await store.collection.saveLogMark(meterId, mark);
  await store.collection.saveLogMark(meterId, { ...mark, log: 'relay' });
  const marks = await store.collection.logMarks(meterId);
  expect(marks.toSorted((a, b) => a.log.localeCompare(b.log))).toEqual([mark, { ...mark, log: 'relay' }]);
});

test('the last contact of each meter that was asked, and its last attempts', async () => {
  expect(await store.collection.contacts()).toEqual([]);
  await store.collection.saveMeterState(meterId, 'online', 5_000);
  expect(await store.collection.contacts()).toEqual([{ meterId, state: 'online', lastSeen: 5_000 }]);
  const attempt = { meterId, itemId: 3, startedAt: 1, finishedAt: 2, added: 0 };
  await store.collection.saveAttempt({ ...attempt, error: 'link-timeout', message: 'no answer' });
  await store.collection.saveAttempt({ ...attempt, itemId: 4 });
  expect(await store.readings.attempts(meterId)).toEqual([
    { ...attempt, error: 'link-timeout', message: 'no answer' },
    { ...attempt, itemId: 4 },
  ]);
});

test('a setting is read, a secret one is not', async () => {
  expect(await store.collection.setting('clock.threshold')).toBe('2');
  expect(await store.collection.setting('no.such')).toBeUndefined();
  expect(await store.collection.setting('ppp.password')).toBeUndefined();
});
