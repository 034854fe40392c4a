import { expect, test } from 'bun:test';
import { fileURLToPath } from 'node:url';
import { SeededRandom } from '../../src/base/random.ts';
import { openTestStore, QUARTER_MS, removeDirectory, temporaryDirectory } from './fixture.ts';

const CHILD = fileURLToPath(import.meta.resolve('./kill-child.ts'));

/** Runs the child for a while, kills it with SIGKILL and returns the lines that it had printed whole. */
async function runAndKill(
  directory: string,
  thread: string,
  first: number,
  afterMs: number,
): Promise<string[]> {
  const child = Bun.spawn([process.execPath, CHILD, directory, thread, `${first}`], {
    stdout: 'pipe',
    stderr: 'inherit',
  });
  let text = '';
  let started = false;
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    // From the first line on, so that the moment lies in the writing, not in the start.
    if (!started) setTimeout(() => child.kill('SIGKILL'), afterMs);
    started = true;
  }
  expect(await child.exited).not.toBe(0);
  return text.split('\n').slice(0, -1);
}

test.each(['same', 'own'])(
  'kill -9 at any moment loses no acknowledged row (%s thread)',
  async (thread) => {
    const directory = temporaryDirectory();
    const random = new SeededRandom(thread === 'same' ? 1 : 2);
    const acknowledged = new Map<number, Set<number>>();
    let next = 0;
    try {
      for (let round = 0; round < 8; round++) {
        const lines = await runAndKill(directory, thread, next, 3 + random.next() * 60);
        for (const line of lines.filter((line) => line !== 'ready')) {
          const [meterId = 0, batch = 0] = line.split(' ').map(Number);
          acknowledged.set(meterId, (acknowledged.get(meterId) ?? new Set()).add(batch));
          next = Math.max(next, batch + 2);
        }
        const store = await openTestStore(directory);
        try {
          expect(store.lastShutdownClean).toBe(false);
          for (const [meterId, batches] of acknowledged) {
            const interval = { fromMs: 0, toMs: (next + 2) * 4 * QUARTER_MS };
            const rows = await store.readings.profile(meterId, 'energy', interval);
            const values = new Map(
              [...(rows?.times ?? [])].map((time, i) => [time, rows?.values[0]?.values[i]]),
            );
            const covered = await store.readings.coverage(meterId, 'energy');
            for (const batch of batches) {
              for (let i = 0; i < 4; i++)
                expect(values.get((batch * 4 + i) * QUARTER_MS)).toBe(batch * 10 + i);
              const at = batch * 4 * QUARTER_MS;
              expect(covered.some(({ fromMs, toMs }) => fromMs <= at && at < toMs)).toBe(true);
            }
          }
        } finally {
          await store.close();
        }
      }
      expect([...acknowledged.values()].reduce((sum, batches) => sum + batches.size, 0)).toBeGreaterThan(50);
    } finally {
      removeDirectory(directory);
    }
  },
  120_000,
);
