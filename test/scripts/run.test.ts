import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const RUN = join(import.meta.dir, '../../scripts/run.mjs');
const directory = mkdtempSync(join(tmpdir(), 'run-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function script(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** Under Node where there is one, as `npm run` does; else under this Bun. */
const host = Bun.which('node') ?? process.execPath;
const start = (...args: readonly string[]) =>
  Bun.spawn([host, RUN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });

describe('run.mjs', () => {
  test('passes arguments, output and exit status through and adds nothing to stdout', async () => {
    const path = script('echo.ts', 'console.log(process.argv.slice(2).join("|")); process.exit(7);');
    const child = start(path, '--json', 'a b', '--');
    expect(await new Response(child.stdout).text()).toBe('--json|a b|--\n');
    expect(await child.exited).toBe(7);
  });

  test('runs the script on Bun', async () => {
    const child = start(script('version.ts', 'console.log(typeof Bun.version)'));
    expect(await new Response(child.stdout).text()).toBe('string\n');
    expect(await child.exited).toBe(0);
  });

  test('passes a signal on and waits for the orderly end', async () => {
    const path = script(
      'wait.ts',
      `process.on('SIGTERM', () => { console.log('ended in order'); process.exit(3); });
       console.log('ready');
       setInterval(() => {}, 1000);`,
    );
    const child = start(path);
    const reader = child.stdout.getReader();
    const decoder = new TextDecoder();
    let text = '';
    while (!text.includes('ready')) text += decoder.decode((await reader.read()).value);
    child.kill('SIGTERM');
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read())
      text += decoder.decode(chunk.value);
    expect(text).toBe('ready\nended in order\n');
    expect(await child.exited).toBe(3);
  });

  test('a script that dies of a signal looks so from outside', async () => {
    const child = start(
      script('die.ts', "process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);"),
    );
    await child.exited;
    expect(child.signalCode).toBe('SIGKILL');
  });

  test('without a script it says how it is used', async () => {
    const child = start();
    expect(await new Response(child.stderr).text()).toContain('usage: run.mjs SCRIPT');
    expect(await child.exited).toBe(2);
  });
});
