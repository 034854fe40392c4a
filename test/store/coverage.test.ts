import { expect, test } from 'bun:test';
import { createMeter, openTestStore, removeDirectory, temporaryDirectory } from './fixture.ts';

const HOUR_MS = 3_600_000;

test('what was covered from an instant on is open again, of all meters and kinds; what lies before is not', async () => {
  const directory = temporaryDirectory();
  const store = await openTestStore(directory);
  try {
    const meters = [await createMeter(store, '100000000001'), await createMeter(store, '100000000002')];
    for (const { id } of meters) {
      await store.collection.appendEvents(id, 'standard', [], { fromMs: 0, toMs: 5 * HOUR_MS });
      await store.collection.appendEvents(id, 'fraud', [], { fromMs: HOUR_MS, toMs: 2 * HOUR_MS });
      await store.collection.appendEvents(id, 'fraud', [], { fromMs: 4 * HOUR_MS, toMs: 6 * HOUR_MS });
    }
    await store.collection.forgetCoverage(3 * HOUR_MS);
    for (const { id } of meters) {
      expect(await store.collection.coverage(id, 'standard')).toEqual([{ fromMs: 0, toMs: 3 * HOUR_MS }]);
      expect(await store.collection.coverage(id, 'fraud')).toEqual([{ fromMs: HOUR_MS, toMs: 2 * HOUR_MS }]);
    }
  } finally {
    await store.close();
    removeDirectory(directory);
  }
});
