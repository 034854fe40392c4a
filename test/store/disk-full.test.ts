import { expect, test } from 'bun:test';
import { fileURLToPath } from 'node:url';
import { openTestStore, removeDirectory, temporaryDirectory } from './fixture.ts';

const CHILD = fileURLToPath(import.meta.resolve('./full-child.ts'));

interface Outcome {
  readonly acknowledged: number;
  readonly code?: string;
  readonly decoded: number;
  /** Rows found by a second opening on the same disk. */
  readonly reopened: number;
}

async function run(script: string, ...args: string[]): Promise<Outcome> {
  const child = Bun.spawn(['sh', '-c', script, 'sh', ...args], { stdout: 'pipe', stderr: 'inherit' });
  const text = await new Response(child.stdout).text();
  return JSON.parse(text) as Outcome;
}

/** A user namespace of its own lets anybody mount a small disk, where the kernel allows it. */
const mayMount =
  Bun.spawnSync(['unshare', '-Urm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stderr: 'ignore' })
    .exitCode === 0;

test.skipIf(!mayMount)('a full disk ends in storage-full and keeps all that was acknowledged', async () => {
  const directory = temporaryDirectory();
  try {
    const outcome = await run(
      'unshare -Urm sh -c \'mount -t tmpfs -o size=3m tmpfs "$1" && exec "$2" "$3" "$1"\' sh "$@"',
      directory,
      process.execPath,
      CHILD,
    );
    expect(outcome.code).toBe('storage-full');
    expect(outcome.acknowledged).toBeGreaterThan(0);
    expect(outcome.decoded).toBe(outcome.acknowledged);
    expect(outcome.reopened).toBe(outcome.acknowledged);
  } finally {
    removeDirectory(directory);
  }
});

test('a disk that refuses to write ends in a storage error and keeps all that was acknowledged', async () => {
  const directory = temporaryDirectory();
  try {
    const outcome = await run(
      'trap "" XFSZ; ulimit -f 2048; exec "$2" "$3" "$1"',
      directory,
      process.execPath,
      CHILD,
    );
    expect(outcome.code).toMatch(/^storage-(full|failed)$/);
    expect(outcome.acknowledged).toBeGreaterThan(0);
    expect(outcome.decoded).toBe(outcome.acknowledged);
    const store = await openTestStore(directory);
    try {
      expect((await store.readings.totals()).profileRows).toBe(outcome.acknowledged);
    } finally {
      await store.close();
    }
  } finally {
    removeDirectory(directory);
  }
});
