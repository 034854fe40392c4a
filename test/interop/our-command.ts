import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '../../src/base/bytes.ts';
import { runCli } from '../../src/cli/program.ts';
import { readCommand } from '../../src/cli/read.ts';
import type { Told } from './worker.ts';
import {
  authenticationKey,
  CLIENT_TITLE,
  type Column,
  ENTRIES,
  encryptionKey,
  METER_TITLE,
  OBIS,
  type Operation,
  PASSWORD,
  RANGE,
  SIGNING,
  WRONG_PASSWORD,
  wrongKey,
} from './world.ts';

const MAIN = join(import.meta.dir, '../../src/main.ts');

/** What a command that only reads has a part in. */
export const COMMAND_OPERATIONS: readonly Operation[] = ['get', 'block', 'range', 'entry', 'wrong secret'];

/** The signature keys as files, in a directory of their own. */
export function keyFiles(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'dcu-interop-'));
  for (const suite of [1, 2] as const) {
    for (const name of ['client', 'meter', 'other'] as const) {
      const { privatePem, publicPem } = SIGNING[suite][name];
      writeFileSync(join(path, `${name}-${suite}.pem`), privatePem, { mode: 0o600 });
      writeFileSync(join(path, `${name}-${suite}.pub.pem`), publicPem);
    }
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

const COUNTERS_OF_A_RUN = 1000;
let counter = Math.floor((Date.now() - Date.UTC(2025, 0, 1)) / 1000);

/** A meter that is read again takes no counter twice. */
function freshCounter(): number {
  counter += COUNTERS_OF_A_RUN;
  return counter;
}

/** Options that name the meter, with a wrong secret if need be. */
function optionsOf(port: number, keys: string, column: Column, wrong: boolean): string[] {
  const { framing, referencing, kind } = column;
  const { auth, suite, form, dedicated, client } = kind;
  const ciphered = suite !== undefined;
  const titled = ciphered || auth === 'hls-sha256';
  const signs = auth === 'hls-ecdsa';
  const secret = wrong ? WRONG_PASSWORD : PASSWORD;
  const options: Readonly<Record<string, string | number | boolean>> = {
    host: '127.0.0.1',
    port,
    framing,
    referencing,
    client,
    server: 1,
    auth,
    'timeout-ms': 5000,
    'password-hex': auth !== 'none' && auth !== 'hls-gmac' && !signs && toHex(secret),
    'system-title': titled && toHex(CLIENT_TITLE),
    'invocation-counter': ciphered && freshCounter(),
    'meter-system-title': titled && toHex(METER_TITLE),
    policy: ciphered && 'auth-enc',
    suite: ciphered && suite,
    form: form ?? false,
    dedicated: dedicated ?? false,
    'encryption-key': ciphered && toHex(encryptionKey(suite)),
    'authentication-key': ciphered && toHex(wrong ? wrongKey(suite) : authenticationKey(suite)),
    'signing-key': signs && join(keys, `${wrong ? 'other' : 'client'}-${suite}.pem`),
    'meter-signing-key': signs && join(keys, `meter-${suite}.pub.pem`),
  };
  return Object.entries(options).flatMap(([name, value]) =>
    value === false ? [] : value === true ? [`--${name}`] : [`--${name}`, String(value)],
  );
}

type Result = Readonly<Record<string, unknown>>;

interface Ran {
  readonly status: number;
  readonly document: Result;
}

/** What `dcu read --json` prints, and its exit status, in a process of its own. */
async function inOwnProcess(args: readonly string[]): Promise<Ran> {
  const child = Bun.spawn([process.execPath, MAIN, 'read', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { status, document: documentOf(out, err) };
}

/** The same command within this process, for starting one costs more than what it does. */
async function here(args: readonly string[]): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []];
  const io = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    signal: new AbortController().signal,
  };
  const status = await runCli(['read', '--json', ...args], io, [readCommand]);
  return { status, document: documentOf(out.join('\n'), err.join('\n')) };
}

function documentOf(out: string, err: string): Result {
  if (out.trim() === '') throw new Error(`dcu read printed nothing: ${err.trim()}`);
  const document: unknown = JSON.parse(out);
  if (typeof document !== 'object' || document === null) throw new Error(`dcu read printed ${out}`);
  return { ...document };
}

async function results(args: readonly string[], run = here): Promise<readonly Result[]> {
  const { status, document } = await run(args);
  const { ok, results: found } = document;
  if (status !== 0 || ok !== true || !Array.isArray(found)) {
    throw new Error(`dcu read ended with ${status}: ${JSON.stringify(document)}`);
  }
  return found.map((result: unknown): Result => (typeof result === 'object' ? { ...result } : {}));
}

/** Numbers of the units that the test meter uses. */
const UNITS: Readonly<Record<string, number>> = { Wh: 30, V: 35 };
const BUFFER = `7:${OBIS.profile}:2`;

type Test = (options: readonly string[], run: typeof here) => Promise<unknown>;

const TESTS: Readonly<Partial<Record<Operation, Test>>> = {
  get: async (options, run) => {
    const names = [OBIS.energy, OBIS.voltage, OBIS.large, OBIS.missing];
    const [energy, voltage, large, missing] = await results(
      [...options, ...names.map((obis) => `3:${obis}:2`)],
      run,
    );
    const scaled = (result: Result | undefined) => [
      result?.['value'],
      String(result?.['scaler']),
      String(UNITS[String(result?.['unit'])]),
    ];
    const refused = missing?.['error'] === 'object-undefined' ? 'refused' : JSON.stringify(missing);
    return [...scaled(energy), ...scaled(voltage), large?.['value'], refused];
  },
  block: async (options) => (await results([...options, `1:${OBIS.long}:2`]))[0]?.['value'],
  range: async (options) =>
    (await results([...options, '--from', RANGE.from, '--to', RANGE.to, BUFFER]))[0]?.['rows'],
  entry: async (options) =>
    (await results([...options, '--entries', `${ENTRIES.from}-${ENTRIES.to}`, BUFFER]))[0]?.['rows'],
};

async function wrongSecret(options: readonly string[]): Promise<unknown> {
  const { status, document } = await here([...options, `8:${OBIS.clock}:2`]);
  return status === 1 && document['ok'] === false && 'error' in document ? 'refused' : document;
}

/**
 * `dcu read` against a meter on `port`; each operation is a command of its own, and `get` a process of its own where
 * nothing is special about the transport.
 */
export async function ourCommand(
  port: number,
  keys: string,
  column: Column,
  operations: readonly Operation[],
): Promise<Readonly<Record<string, Told>>> {
  const told: Record<string, Told> = {};
  const usual = column.framing === 'wrapper' && column.referencing === 'ln';
  for (const operation of operations) {
    try {
      const test = operation === 'wrong secret' ? wrongSecret : TESTS[operation];
      const options = optionsOf(port, keys, column, operation === 'wrong secret');
      told[operation] = { value: await test?.(options, usual ? inOwnProcess : here) };
    } catch (thrown) {
      told[operation] = { error: thrown instanceof Error ? thrown.message : String(thrown) };
    }
  }
  return told;
}
