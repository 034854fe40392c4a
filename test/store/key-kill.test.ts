import { expect, test } from 'bun:test';
import { fileURLToPath } from 'node:url';
import { SeededRandom } from '../../src/base/random.ts';
import { openTestStore, removeDirectory, temporaryDirectory } from './fixture.ts';

const CHILD = fileURLToPath(import.meta.resolve('./key-kill-child.ts'));
const KEYS = ['hes.encryption.key', 'hes.authentication.key', 'hes.master.key'];

/** Runs the child for a while and kills it with SIGKILL; resolves to the last change that it had acknowledged. */
async function runAndKill(directory: string, first: number, afterMs: number): Promise<number> {
  const child = Bun.spawn([process.execPath, CHILD, directory, `${first}`], {
    stdout: 'pipe',
    stderr: 'inherit',
  });
  let text = '';
  for await (const chunk of child.stdout) {
    // From the first line on, so that the moment lies in the writing, not in the start.
    if (text === '') setTimeout(() => child.kill('SIGKILL'), afterMs);
    text += new TextDecoder().decode(chunk);
  }
  expect(await child.exited).not.toBe(0);
  return Number(text.split('\n').slice(1, -1).at(-1) ?? first - 1);
}

test('kill -9 at any moment leaves old keys or new ones, never some of each, and none older than acknowledged', async () => {
  const directory = temporaryDirectory();
  const random = new SeededRandom(5);
  let next = 1;
  try {
    for (let round = 0; round < 8; round++) {
      const acknowledged = await runAndKill(directory, next, 3 + random.next() * 60);
      const { configuration, close } = await openTestStore(directory);
      try {
        const password = Number((await configuration.channelSecret('tcp_server', 'hes.password')) ?? '0');
        const keys = await Promise.all(KEYS.map((key) => configuration.channelSecret('tcp_server', key)));
        const expected = password === 0 ? undefined : password.toString(16).padStart(32, '0');
        expect(keys).toEqual(KEYS.map(() => expected));
        expect(password).toBeGreaterThanOrEqual(acknowledged);
        next = password + 1;
      } finally {
        await close();
      }
    }
    expect(next).toBeGreaterThan(4);
  } finally {
    removeDirectory(directory);
  }
}, 120_000);
