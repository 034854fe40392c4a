import { describe, expect, test } from 'bun:test';
import { atOnce } from '../../../src/meters/discovery/at-once.ts';

const go = new AbortController().signal;

describe('work that is done so many at the same time', () => {
  test('takes each item once, and never more than allowed', async () => {
    const seen: number[] = [];
    let flying = 0;
    let most = 0;
    await atOnce(3, [1, 2, 3, 4, 5, 6, 7], go, async (item) => {
      most = Math.max(most, ++flying);
      await Promise.resolve();
      seen.push(item);
      flying--;
    });
    expect(seen.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(most).toBe(3);
  });

  test('a failure begins nothing new, and is thrown once nothing flies any more', async () => {
    const slow = Promise.withResolvers<void>();
    const begun: number[] = [];
    let ended = 0;
    let thrown: unknown;
    const all = atOnce(2, [1, 2, 3, 4], go, async (item) => {
      begun.push(item);
      if (item === 1) throw new Error('no room');
      await slow.promise;
      ended++;
    }).catch((error: unknown) => {
      thrown = error;
    });
    await Bun.sleep(0);
    expect(thrown).toBeUndefined();
    slow.resolve();
    await all;
    expect([begun, ended, thrown]).toEqual([[1, 2], 1, new Error('no room')]);
  });

  test('a cancelled one begins nothing new', async () => {
    const abort = new AbortController();
    const begun: number[] = [];
    const all = atOnce(1, [1, 2, 3], abort.signal, async (item) => {
      begun.push(item);
      abort.abort(new Error('enough'));
    });
    await expect(all).rejects.toThrow('enough');
    expect(begun).toEqual([1]);
  });
});
