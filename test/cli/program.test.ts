import { describe, expect, test } from 'bun:test';
import { Command } from 'commander';
import { version } from '../../package.json';
import { DcuError } from '../../src/base/errors.ts';
import type { CliCommand } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/index.ts';
import { runCli } from '../../src/cli/program.ts';

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function run(args: readonly string[], commands = COMMANDS): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    signal: new AbortController().signal,
  };
  const status = await runCli(args, io, commands);
  return { status, out: out.join('\n'), err: err.join('\n') };
}

/** A command that does what `action` does, with the options that others have. */
const acting = (action: () => void): CliCommand => ({
  build: () =>
    new Command('act')
      .option('--json')
      .option('--count <n>', 'a number', (text) => {
        if (!/^\d+$/.test(text))
          throw new DcuError('invalid-argument', `count is ${text}`, { field: 'count' });
        return Number(text);
      })
      .action(action),
});

const nothing = [acting(() => {})];

describe('command line', () => {
  test('--version', async () => {
    expect(await run(['--version'])).toEqual({ status: 0, out: version, err: '' });
  });

  test('--help lists every command, and every command has its own', async () => {
    const top = await run(['--help']);
    expect(top.status).toBe(0);
    const io = { out: () => {}, err: () => {}, signal: new AbortController().signal };
    const names = COMMANDS.map((command) => command.build(io).name());
    expect(names.length).toBeGreaterThan(0);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      expect(top.out).toContain(`\n  ${name}`);
      const { status, out } = await run([name, '--help']);
      expect(status).toBe(0);
      expect(out).toStartWith(`Usage: dcu ${name}`);
    }
  });

  for (const [what, args, says] of [
    ['no command', [], 'Usage: dcu'],
    ['an unknown command', ['fly'], "unknown command 'fly'"],
    ['an unknown option', ['act', '--fly'], "unknown option '--fly'"],
    ['a surplus argument', ['act', 'more'], 'too many arguments'],
    ['an option without its value', ['act', '--count'], 'argument missing'],
    ['a value that does not fit', ['act', '--count', 'x'], 'count is x'],
  ] as const) {
    test(`${what} is wrong usage`, async () => {
      const { status, out, err } = await run(args, nothing);
      expect(status).toBe(2);
      expect(out).toBe('');
      expect(err).toContain(says);
    });
  }

  test('wrong usage with --json is one document on stdout as well', async () => {
    const { status, out, err } = await run(['act', '--json', '--fly'], nothing);
    expect(status).toBe(2);
    expect(JSON.parse(out)).toEqual({
      ok: false,
      error: { code: 'usage', message: "unknown option '--fly'" },
    });
    expect(err).toContain('unknown option');
  });

  test('a failure ends with 1 and its code', async () => {
    const failing = [
      acting(() => {
        throw new DcuError('link-timeout', 'no answer within 5000 ms');
      }),
    ];
    expect(await run(['act'], failing)).toEqual({
      status: 1,
      out: '',
      err: 'dcu: no answer within 5000 ms (link-timeout)',
    });
    const { out } = await run(['act', '--json'], failing);
    expect(JSON.parse(out)).toEqual({
      ok: false,
      error: { code: 'link-timeout', message: 'no answer within 5000 ms' },
    });
  });

  test('what nobody expected is internal', async () => {
    const broken = [
      acting(() => {
        throw new TypeError('x is undefined');
      }),
    ];
    const { status, out } = await run(['act', '--json'], broken);
    expect(status).toBe(1);
    expect(JSON.parse(out)).toEqual({ ok: false, error: { code: 'internal', message: 'x is undefined' } });
  });

  test('--json behind -- is an argument', async () => {
    const { status, out } = await run(['act', '--', '--json'], nothing);
    expect(status).toBe(2);
    expect(out).toBe('');
  });
});
