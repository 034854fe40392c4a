import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DcuError } from '../../base/errors.ts';
import program from './gurux-line.py' with { type: 'text' };
import { BAUD_RATE, type LineFarEnd } from './line-far-end.ts';
import type { LineRead } from './line-figures.ts';

const PACKAGE = 'gurux-dlms==1.0.203';
/** The environment of the tests against other stacks, where they have been run here. */
const READY = join(import.meta.dir, '../../../.interop/gurux/bin/python');
const INSTALL_MS = 120_000;
const READ_MS = 120_000;

/** A day of rows in UTC ms. */
export interface Day {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Told {
  readonly times: readonly number[];
  readonly bytes: number;
  readonly seconds: number;
}

/**
 * The same read with the Gurux client for Python, in an environment of its own, which is made where there is none.
 * @throws DcuError `unsupported` when Python or the package cannot be had, `internal` when the rows are not those written
 */
export async function readWithGurux(
  { path, meters }: LineFarEnd,
  { fromMs, toMs }: Day,
  maxBytes: number,
  signal: AbortSignal,
): Promise<LineRead> {
  const [meter] = meters;
  if (meter === undefined) throw new DcuError('internal', 'there is no meter on the line');
  const directory = mkdtempSync(join(tmpdir(), 'dcu-gurux-'));
  try {
    const python = await pythonWithGurux(directory, signal);
    const file = join(directory, 'read.py');
    writeFileSync(file, program);
    const { stamps, ...facts } = meter;
    const job = { ...facts, path, baudRate: BAUD_RATE, maxBytes, fromMs, toMs };
    const out = await run([python, '-B', file], READ_MS, signal, `${JSON.stringify(job)}\n`);
    const told: unknown = JSON.parse(out);
    if (!isTold(told)) throw new DcuError('internal', 'the Gurux client says nothing of its read');
    const wanted = stamps.filter((time) => time >= fromMs && time <= toMs);
    if (!Bun.deepEquals([...told.times], wanted)) {
      throw new DcuError('internal', 'the Gurux client has not read the rows that the meter has written');
    }
    return { meters: 1, rows: told.times.length, bytes: told.bytes, seconds: told.seconds };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function pythonWithGurux(directory: string, signal: AbortSignal): Promise<string> {
  if (existsSync(READY)) return READY;
  const system = Bun.which('python3');
  if (system === null) throw new DcuError('unsupported', 'there is no python3');
  const home = join(directory, 'environment');
  const python = join(home, 'bin', 'python');
  try {
    await run([system, '-m', 'venv', home], INSTALL_MS, signal);
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-deps'];
    await run([python, '-m', 'pip', 'install', ...quiet, PACKAGE], INSTALL_MS, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new DcuError('unsupported', `${PACKAGE} cannot be had`, { cause: error });
  }
  return python;
}

/** Standard output of a program that ends well. @throws DcuError `internal` with the end of what it said otherwise */
async function run(
  command: readonly string[],
  timeout: number,
  signal: AbortSignal,
  input = '',
): Promise<string> {
  const child = Bun.spawn([...command], {
    stdin: new TextEncoder().encode(input),
    stdout: 'pipe',
    stderr: 'pipe',
    signal,
    timeout,
  });
  const [out, said, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (signal.aborted) throw new DcuError('cancelled', 'the benchmark was interrupted');
  if (status !== 0) {
    const last = said.trim().split('\n').slice(-2).join(' | ');
    throw new DcuError('internal', `${command[0]} ended with ${status}: ${last}`);
  }
  return out;
}

function isTold(told: unknown): told is Told {
  return (
    typeof told === 'object' &&
    told !== null &&
    'times' in told &&
    Array.isArray(told.times) &&
    'bytes' in told &&
    typeof told.bytes === 'number' &&
    'seconds' in told &&
    typeof told.seconds === 'number'
  );
}
