import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DcuError } from '../../base/errors.ts';
import { pythonWithGurux, run } from './gurux.ts';
import program from './gurux-line.py' with { type: 'text' };
import { BAUD_RATE, type LineFarEnd } from './line-far-end.ts';
import type { LineRead } from './line-figures.ts';

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
