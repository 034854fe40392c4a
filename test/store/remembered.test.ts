import { expect, test } from 'bun:test';
import type { Executor } from '../../src/store/executor.ts';
import { remembering } from '../../src/store/remembered.ts';

/** Counts what reaches the database; a write takes until it is let through. */
function counted() {
  const reads: string[] = [];
  let letThrough: (() => void) | undefined;
  let failing = false;
  const executor = {
    read: async (name: string, ...args: unknown[]) => {
      reads.push([name, ...args].join(' '));
      if (failing) throw new Error('planted');
      return reads.length;
    },
    write: () =>
      new Promise<void>((resolve) => {
        letThrough = resolve;
      }),
    close: async () => {},
  } as unknown as Executor;
  return {
    reads,
    store: remembering(executor),
    through: () => letThrough?.(),
    fail: (wanted: boolean) => {
      failing = wanted;
    },
  };
}

test('meters and settings are read once, until somebody changes something; readings change nothing of it', async () => {
  const { reads, store, through } = counted();
  await store.read('allMeters');
  await store.read('allMeters');
  await store.read('readSetting', 'a');
  await store.read('readSetting', 'b');
  await store.read('readSetting', 'a');
  expect(reads).toEqual(['allMeters', 'readSetting a', 'readSetting b']);
  const reading = store.write('forgetCoverage', 1);
  through();
  await reading;
  await store.read('allMeters');
  expect(reads).toHaveLength(3);
  const change = store.write('writeSetting', 'a', '1');
  // Read while the change is under way: it may be of before it.
  await store.read('readSetting', 'a');
  through();
  await change;
  await store.read('readSetting', 'a');
  await store.read('allMeters');
  expect(reads.slice(3)).toEqual(['readSetting a', 'allMeters']);
});

test('a read that failed is tried again, and what is not remembered is read each time', async () => {
  const { reads, store, fail } = counted();
  fail(true);
  await expect(store.read('allMeters')).rejects.toThrow('planted');
  fail(false);
  await store.read('allMeters');
  await store.read('readContacts');
  await store.read('readContacts');
  expect(reads).toEqual(['allMeters', 'allMeters', 'readContacts', 'readContacts']);
});
