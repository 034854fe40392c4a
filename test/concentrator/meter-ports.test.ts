import { expect, test } from 'bun:test';
import { join } from 'node:path';

test('where the process may open too few files, some ports are left out, all are shown, and files are left for the rest', async () => {
  const child = Bun.spawn(
    [
      'sh',
      '-c',
      'ulimit -n 400 && exec "$0" "$1"',
      process.execPath,
      join(import.meta.dir, 'many-ports-child.ts'),
    ],
    { stdout: 'pipe', stderr: 'inherit' },
  );
  const told: unknown = JSON.parse(await new Response(child.stdout).text());
  expect(await child.exited).toBe(0);
  expect(told).toEqual({ shown: 600, some: true, spared: true, readable: true });
});
