import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNeighbours } from '../faults/neighbours.ts';
import { openHouse } from './house.ts';

setDefaultTimeout(30_000);

const MAIN = join(import.meta.dir, '..', '..', 'src', 'main.ts');

const directories: string[] = [];
const children: Bun.Subprocess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    await child.exited;
  }
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'opendcu-serve-'));
  directories.push(directory);
  return directory;
}

function dcu(...args: string[]) {
  const child = Bun.spawn([process.execPath, MAIN, ...args], { stdout: 'pipe', stderr: 'pipe' });
  children.push(child);
  return child;
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  let text = '';
  while (!text.includes('\n')) {
    const { done, value } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
  }
  reader.releaseLock();
  return text.split('\n')[0] ?? '';
}

describe('dcu serve', () => {
  test('a second one on the same directory is refused with the pid of the first', async () => {
    const directory = scratch();
    const first = dcu('serve', '--data', directory, '--port', '0', '--json');
    expect(JSON.parse(await firstLine(first.stdout))).toMatchObject({ ok: true });

    const second = dcu('serve', '--data', directory, '--port', '0', '--json');
    const out = await new Response(second.stdout).text();
    expect(await second.exited).toBe(1);
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    const answer = JSON.parse(lines[0] ?? '') as { error: { message: string } };
    expect(answer).toMatchObject({ ok: false, error: { code: 'data-directory-locked' } });
    expect(answer.error.message).toContain(`process ${first.pid}`);
    expect(answer.error.message).toContain(directory);

    const third = dcu('serve', '--data', directory, '--port', '0');
    const [said, told] = await Promise.all([
      new Response(third.stdout).text(),
      new Response(third.stderr).text(),
    ]);
    expect(await third.exited).toBe(1);
    expect(said).toBe('');
    expect(told).toContain(`process ${first.pid}`);

    first.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    const next = dcu('serve', '--data', directory, '--port', '0', '--json');
    expect(JSON.parse(await firstLine(next.stdout))).toMatchObject({ ok: true });
  });

  test('a port that is taken ends it, and leaves the directory free', async () => {
    const directory = scratch();
    const taken = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('') });
    try {
      const child = dcu('serve', '--data', directory, '--port', String(taken.port), '--json');
      const answer = JSON.parse(await new Response(child.stdout).text()) as { error: { message: string } };
      expect(await child.exited).toBe(1);
      expect(answer).toMatchObject({ ok: false, error: { code: 'channel-open-failed' } });
      expect(answer.error.message).toContain(String(taken.port));
    } finally {
      await taken.stop(true);
    }
    const house = await openHouse({ directory });
    await house.close();
  });
});

interface FullOutcome {
  readonly first: { readonly failed: number; readonly codes: readonly string[]; readonly rows: number };
  readonly readable: number;
  readonly shown: string;
  readonly errors: readonly (string | null)[];
  readonly errorsLater: readonly (string | null)[];
  readonly second: { readonly failed: number; readonly codes: readonly string[] };
  readonly times: number;
  readonly twice: number;
}

/** A user namespace of its own lets anybody mount a small disk, where the kernel allows it. */
const mayMount =
  Bun.spawnSync(['unshare', '-Urm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stderr: 'ignore' })
    .exitCode === 0;

test.skipIf(!mayMount)(
  'a disk that fills up during a round: storage-full, life goes on, and the next round ends it when there is room',
  async () => {
    const directory = scratch();
    mkdirSync(join(directory, 'disk'));
    const neighbours = await startNeighbours({ meters: 8 });
    try {
      const where = neighbours.meters.map(({ meterNo, host, port }) => ({ meterNo, host, port }));
      const child = Bun.spawn(
        [
          'unshare',
          '-Urm',
          'sh',
          '-c',
          'mount -t tmpfs -o size=4m tmpfs "$1" && exec "$2" "$3" "$1" "$4"',
          'sh',
          join(directory, 'disk'),
          process.execPath,
          join(import.meta.dir, 'full-disk-child.ts'),
          JSON.stringify(where),
        ],
        { stdout: 'pipe', stderr: 'inherit' },
      );
      children.push(child);
      const outcome = JSON.parse(await new Response(child.stdout).text()) as FullOutcome;
      expect(outcome.first.failed).toBeGreaterThan(0);
      expect(new Set(outcome.first.codes)).toEqual(new Set(['storage-full']));
      expect(outcome.readable).toBe(outcome.first.rows);
      expect(outcome.shown).toBe('ok');
      // What could not be recorded for want of room is shown all the same, until it is over.
      expect(outcome.errors.filter((code) => code === 'storage-full')).toHaveLength(outcome.first.failed);
      expect(outcome.errorsLater).toEqual(outcome.errors.map(() => null));
      expect(outcome.second).toEqual({ failed: 0, codes: [] });
      expect(outcome.twice).toBe(0);
      expect(outcome.times).toBeGreaterThan(outcome.first.rows);
    } finally {
      await neighbours.stop();
    }
  },
  60_000,
);
