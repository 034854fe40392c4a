import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import { UndoList } from '../../base/undo.ts';
import { FarEnd, linesOf, untilLetGo } from './far-end.ts';
import { pythonWithGurux } from './gurux.ts';
import program from './gurux-uplink.py' with { type: 'text' };
import { BenchHes, checkRows, HES_KEYS, rowCount } from './hes-client.ts';
import { defineScenario, type ScenarioContext, type ScenarioReport } from './scenario.ts';
import { type Served, startServed } from './served.ts';
import { endOfRows, storedRows } from './stored-rows.ts';

/** How much is there to be read, and of how many meters. */
interface Amount {
  readonly meters: number;
  readonly days: number;
  /** How often all of it is read. */
  readonly passes: number;
}

const FULL: Amount = { meters: 50, days: 30, passes: 5 };
const QUICK: Amount = { meters: 4, days: 10, passes: 1 };
/** The other one takes its time. */
const GURUX_FULL: Amount = { meters: 2, days: 4, passes: 3 };
const GURUX_QUICK: Amount = { meters: 1, days: 1, passes: 1 };
const MAX_PDU = 16_384;

interface Result {
  readonly name: string;
  readonly unit: 'rows/s';
  readonly value: number;
  readonly rows: number;
  readonly seconds: number;
}

/**
 * Profile rows that a head-end gets out of the store in a second: over loopback, HLS with GMAC, authenticated and encrypted, the server in
 * a process of its own; the same client of ours with a server made of the Gurux library.
 */
export const uplink = defineScenario({
  name: 'uplink',
  about: 'profile rows a second that a head-end reads out of the store, ciphered, beside the Gurux library',
  run,
  serve: ([meters, days], out, signal) => serve(Number(meters), Number(days), out, signal),
});

async function run({ signal, progress, quick }: ScenarioContext): Promise<ScenarioReport> {
  const amount = quick ? QUICK : FULL;
  const undo = new UndoList();
  try {
    progress(`${amount.meters} meters with ${amount.days} days each`);
    const far = new FarEnd('uplink', [String(amount.meters), String(amount.days)]);
    undo.add(() => far.stop());
    const served = (await far.ready()) as Served;
    progress('opendcu');
    const own = await measured('opendcu', served, amount, signal);
    const results: Result[] = [own];
    const remarks: string[] = [];
    const ratios: object[] = [];
    progress('gurux-dlms');
    try {
      const less = quick ? GURUX_QUICK : GURUX_FULL;
      const port = await guruxServer(less, served.endMs, undo, signal);
      const saps = Array.from({ length: less.meters }, (_, meter) => meter + 1);
      const other = await measured('gurux-dlms', { port, saps, endMs: served.endMs }, less, signal);
      results.push(other);
      ratios.push({ name: 'ratio', unit: 'ratio', value: Math.round((10 * own.value) / other.value) / 10 });
    } catch (thrown) {
      const { code, message } = toDcuError(thrown);
      if (code !== 'unsupported') throw thrown;
      remarks.push(`gurux-dlms is left out: ${message}`);
    }
    return {
      json: { results: [...results, ...ratios], ...(remarks.length === 0 ? {} : { remarks }) },
      lines: [...tableOf(results), ...remarks],
    };
  } finally {
    await undo.run();
  }
}

/** Everything is read and held against what was stored, then it is read again and timed. */
async function measured(
  name: string,
  { port, saps, endMs }: Served,
  { meters, days, passes }: Amount,
  signal: AbortSignal,
): Promise<Result> {
  const hes = await BenchHes.dial(port, MAX_PDU);
  try {
    const all = [...saps.entries()].map(([meter, sap]) => ({
      meter,
      sap,
      ...storedRows(meter, days, endMs),
    }));
    const read = (sap: number, times: Float64Array): Promise<Uint8Array> =>
      hes.read(sap, times[0] ?? 0, times.at(-1) ?? 0);
    for (const { meter, sap, times } of all) checkRows(await read(sap, times), meter, times);
    let rows = 0;
    const startedMs = systemClock.monotonicMs();
    for (let pass = 0; pass < passes; pass++) {
      for (const { sap, times } of all) {
        if (signal.aborted) throw new DcuError('cancelled', 'the benchmark was interrupted');
        rows += rowCount(await read(sap, times));
      }
    }
    const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
    if (rows !== meters * days * passes * 96) throw new DcuError('internal', `${name}: ${rows} rows came`);
    return {
      name,
      unit: 'rows/s',
      value: Math.round(rows / seconds),
      rows,
      seconds: Math.round(seconds * 1000) / 1000,
    };
  } finally {
    await hes.close();
  }
}

async function serve(
  meters: number,
  days: number,
  out: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { served, stop } = await startServed(meters, days, endOfRows(systemClock.now()));
  try {
    out(JSON.stringify(served));
    await untilLetGo(signal);
  } finally {
    await stop();
  }
}

/** Port of a server made of the Gurux library with the same rows. @throws DcuError `unsupported` when it cannot be had */
async function guruxServer(
  { meters, days }: Amount,
  endMs: number,
  undo: UndoList,
  signal: AbortSignal,
): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'dcu-gurux-'));
  undo.add(() => rmSync(directory, { recursive: true, force: true }));
  const python = await pythonWithGurux(directory, signal);
  const file = join(directory, 'serve.py');
  writeFileSync(file, program);
  const job = {
    ...HES_KEYS,
    maxPduSize: MAX_PDU,
    meters: Array.from({ length: meters }, (_, meter) => {
      const { columns, times, values } = storedRows(meter, days, endMs);
      return {
        sap: meter + 1,
        columns: columns.map(({ obis }) => obis),
        rows: Array.from(times, (time, row) => [time, ...values.map((column) => column.values[row])]),
      };
    }),
  };
  const child = Bun.spawn([python, '-B', file], {
    stdin: new TextEncoder().encode(`${JSON.stringify(job)}\n`),
    stdout: 'pipe',
    stderr: 'inherit',
    signal,
  });
  undo.add(async () => {
    child.kill();
    await child.exited;
  });
  const { value, done } = await linesOf(child.stdout).next();
  const told: unknown = done === true ? undefined : JSON.parse(value);
  if (typeof told === 'object' && told !== null && 'port' in told) return Number(told.port);
  throw new DcuError('internal', 'the server made of the Gurux library has ended');
}

function tableOf(results: readonly Result[]): string[] {
  const rate = (value: number): string => value.toLocaleString('en').padStart(12);
  const [own, other] = results;
  return [
    'rows of five columns that a head-end reads by range, authenticated and encrypted',
    '',
    `${'server'.padEnd(12)}${'rows'.padStart(10)}${'seconds'.padStart(10)}${'rows/s'.padStart(12)}`,
    ...results.map(
      ({ name, rows, seconds, value }) =>
        `${name.padEnd(12)}${String(rows).padStart(10)}${seconds.toFixed(3).padStart(10)}${rate(value)}`,
    ),
    ...(own === undefined || other === undefined ? [] : [`ratio ${(own.value / other.value).toFixed(1)}`]),
  ];
}
