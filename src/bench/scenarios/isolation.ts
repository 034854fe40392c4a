import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../../base/clock.ts';
import { DcuError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import { UndoList } from '../../base/undo.ts';
import { type Concentrator, startConcentrator } from '../../concentrator.ts';
import { sapOf } from '../../headend/meter-saps.ts';
import { FarEnd } from './far-end.ts';
import { BenchHes, rowCount } from './hes-client.ts';
import { AS_ON_DEVICE, enlist, serveMeters } from './round.ts';
import { defineScenario, type ScenarioContext, type ScenarioReport } from './scenario.ts';
import { openPort, type Served } from './served.ts';
import { endOfRows, ROWS_A_DAY, storedRows } from './stored-rows.ts';

const ALL_METERS = 2040;
const QUICK_METERS = 48;
const DAYS = 90;
const QUICK_DAYS = 10;
const ROUNDS = 5;
const QUICK_ROUNDS = 1;
const DAY_S = 86_400;
const DAY_MS = 86_400_000;
/** The simulated meters keep so many days: what is stored beforehand is older than all that is read. */
const METER_DAYS = 41;
const LEAST_SHARE = 0.9;
const MAX_PDU = 16_384;
/** The head-end is at work when the round begins. */
const HEAD_START_MS = 1000;

interface Round {
  readonly rows: number;
  readonly seconds: number;
  readonly failures: readonly string[];
}

interface Download {
  readonly rows: number;
  readonly seconds: number;
}

/**
 * A collection round while a head-end downloads all that is stored, and without, in turns: meters, concentrator and head-end are processes
 * of their own. Each round reads a day of all meters that no round has read before.
 */
export const isolation = defineScenario({
  name: 'isolation',
  about: 'how much longer a collection round takes while a head-end downloads 90 days of all meters',
  run,
  serve: (args, out, signal) => {
    switch (args[0]) {
      case 'meters':
        return serveMeters(args, out, signal);
      case 'hes':
        return serveHes(args, out);
      default:
        return serveConcentrator(args, out, signal);
    }
  },
});

async function run({ signal, progress, meters, quick }: ScenarioContext): Promise<ScenarioReport> {
  const count = meters ?? (quick ? QUICK_METERS : ALL_METERS);
  const days = quick ? QUICK_DAYS : DAYS;
  const undo = new UndoList();
  try {
    progress(`${count} meters behind a simulated module, ${days} days of each in the store`);
    const street = new FarEnd('isolation', ['meters', String(count)]);
    undo.add(() => street.stop());
    const { path } = (await street.ready()) as { readonly path: string };
    const device = new FarEnd('isolation', ['concentrator', String(count), path, String(days)], AS_ON_DEVICE);
    undo.add(() => device.stop());
    const { port, saps, endMs } = (await device.ready()) as Served;
    const first = saps[0] ?? 0;
    const hes = new FarEnd('isolation', ['hes', ...[port, first, saps.length, endMs, days].map(String)]);
    undo.add(() => hes.stop());
    await hes.ready();
    const round = async (): Promise<Round> => {
      // Also without one: the module and the store come to rest.
      await Bun.sleep(HEAD_START_MS);
      if (signal.aborted) throw new DcuError('cancelled', 'the benchmark was interrupted');
      await device.tell('round');
      const result = (await device.ready()) as Round;
      check(result, count);
      progress(`a round in ${result.seconds} s`);
      return result;
    };
    progress('warming up');
    await round();
    const alone: number[] = [];
    const loaded: number[] = [];
    const downloads: Download[] = [];
    const withoutDownload = async (): Promise<void> => {
      alone.push((await round()).seconds);
    };
    const withDownload = async (): Promise<void> => {
      await hes.tell('begin');
      loaded.push((await round()).seconds);
      await hes.tell('end');
      const download = (await hes.ready()) as Download;
      if (download.rows === 0) throw new DcuError('internal', 'nothing was downloaded during the round');
      downloads.push(download);
    };
    for (let turn = 0; turn < (quick ? QUICK_ROUNDS : ROUNDS); turn++) {
      progress(`turn ${turn + 1}`);
      // Each is first in turn, so that neither has what comes of being the second.
      for (const measure of turn % 2 === 0
        ? [withoutDownload, withDownload]
        : [withDownload, withoutDownload])
        await measure();
    }
    return reportOf(count, alone, loaded, downloads);
  } finally {
    await undo.run();
  }
}

function check({ rows, failures }: Round, meters: number): void {
  if (failures.length > 0) {
    throw new DcuError('internal', `${failures.length} reads failed, such as ${failures[0] ?? ''}`);
  }
  const least = Math.floor(meters * ROWS_A_DAY * LEAST_SHARE);
  if (rows < least) throw new DcuError('internal', `${rows} rows came, at least ${least} must`);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

function reportOf(
  meters: number,
  alone: readonly number[],
  loaded: readonly number[],
  downloads: readonly Download[],
): ScenarioReport {
  const roundSeconds = median(alone);
  const roundSecondsLoaded = median(loaded);
  const slowdown = rounded(roundSecondsLoaded / roundSeconds, 3);
  const downloadRowsPerSecond = Math.round(median(downloads.map(({ rows, seconds }) => rows / seconds)));
  return {
    json: { slowdown, roundSeconds, roundSecondsLoaded, meters, alone, loaded, downloadRowsPerSecond },
    lines: [
      `meters                      ${meters}`,
      `round, s, median            ${roundSeconds} (${alone.join(', ')})`,
      `with a download             ${roundSecondsLoaded} (${loaded.join(', ')})`,
      `slowdown                    ${slowdown} (goal: 1.10)`,
      `rows a second downloaded    ${downloadRowsPerSecond}`,
    ],
  };
}

async function serveConcentrator(
  [, count, path = '', days]: readonly string[],
  out: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'opendcu-isolation-'));
  const undo = new UndoList();
  undo.add(() => rmSync(directory, { recursive: true, force: true }));
  try {
    const concentrator = await startConcentrator({
      directory,
      host: '127.0.0.1',
      port: 0,
      version: '0.0.0',
      bootedAt: systemClock.now(),
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      schedule: false,
    });
    undo.add(() => concentrator.stop());
    const { archive, collection, configuration } = concentrator.store;
    await enlist(concentrator, Number(count), path);
    await configuration.saveSetting('retention.days', '400');
    const endMs = endOfRows(systemClock.now()) - METER_DAYS * DAY_MS;
    const { rows: meters } = await archive.list({ sort: 'id', limit: ALL_METERS });
    for (const [meter, { id }] of meters.entries())
      await collection.appendProfile(id, 'energy', storedRows(meter, Number(days), endMs), undefined);
    const served: Served = {
      port: await openPort(concentrator),
      saps: meters.map(({ id }) => sapOf(id) ?? 0),
      endMs,
    };
    out(JSON.stringify(served));
    const input = createInterface({ input: process.stdin });
    undo.add(() => input.close());
    let recallDays = 0;
    for await (const line of input) {
      if (line === 'round') out(JSON.stringify(await measured(concentrator, ++recallDays, signal)));
    }
  } finally {
    await undo.run();
  }
}

/** A round that goes back one day more than the one before. */
async function measured(
  { collector, store: { configuration } }: Concentrator,
  recallDays: number,
  signal: AbortSignal,
): Promise<Round> {
  for (const item of await configuration.taskItems()) {
    if (item.type === 'Energy profile')
      await configuration.saveTaskItem({ ...item, maxRecallS: recallDays * DAY_S });
  }
  const { profileRows, durationMs, failures } = await collector.round({ types: ['Energy profile'] }, signal);
  return {
    rows: profileRows,
    seconds: Math.round(durationMs) / 1000,
    failures: failures.map(({ meterNo, item, code, message }) => `${meterNo} ${item}: ${message} (${code})`),
  };
}

/** Between `begin` and `end` it downloads all days of one meter after the other, and begins anew when it is through. */
async function serveHes(
  [, port, first, count, endMs, days]: readonly string[],
  out: (line: string) => void,
): Promise<void> {
  const toMs = Number(endMs);
  const fromMs = toMs - Number(days) * DAY_MS;
  const hes = await BenchHes.dial(Number(port), MAX_PDU);
  const state = { running: false, rows: 0, meter: 0 };
  let beganMs = 0;
  let stopped: Promise<void> = Promise.resolve();
  const download = async (): Promise<void> => {
    while (state.running) {
      const data = await hes.read(Number(first) + (state.meter++ % Number(count)), fromMs, toMs);
      if (rowCount(data) === 0) throw new DcuError('internal', 'a meter has no rows');
      state.rows += rowCount(data);
    }
  };
  out(JSON.stringify({ ready: true }));
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'begin') {
      state.rows = 0;
      state.running = true;
      beganMs = systemClock.monotonicMs();
      stopped = download();
    } else {
      state.running = false;
      await stopped;
      const seconds = (systemClock.monotonicMs() - beganMs) / 1000;
      out(JSON.stringify({ rows: state.rows, seconds } satisfies Download));
    }
  }
  await hes.close();
}
