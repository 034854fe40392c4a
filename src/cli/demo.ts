import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { systemClock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import { UndoList } from '../base/undo.ts';
import { type AcknowledgedBatch, type Concentrator, startConcentrator } from '../concentrator.ts';
import { startNeighbourhood } from '../simulator/neighbourhood.ts';
import type { RoundSummary } from '../tasks/round.ts';
import { type CliCommand, type CliIo, ReportedFailure } from './command.ts';
import {
  DEMO_NETWORK,
  demoPlan,
  enlist,
  LEAST_METERS,
  MOST_METERS,
  nextCounters,
  writeProfiles,
} from './demo-meters.ts';
import { g3Host } from './g3-host.ts';
import { openLog } from './logging.ts';
import { aborted, wholeNumber } from './options.ts';
import { showProgress } from './progress.ts';
import { firstAccountOf, systemPorts } from './serve.ts';

interface Flags {
  readonly meters: number;
  readonly once?: boolean;
  readonly json?: boolean;
  readonly data?: string;
  readonly host: string;
  readonly port?: number;
  readonly seed: number;
  readonly journal?: string;
}

const DEMO_ZONE = 'Europe/Berlin';

/** A neighbourhood of simulated meters and a concentrator that reads it, in one process. */
export const demoCommand: CliCommand = {
  build(io) {
    return new Command('demo')
      .description('simulated meters and the concentrator together, over real sockets and pseudo-terminals')
      .option(
        '--meters <n>',
        `how many, ${LEAST_METERS} to ${MOST_METERS}`,
        wholeNumber('meters', LEAST_METERS, MOST_METERS),
        200,
      )
      .option('--once', 'read everything once and stop')
      .option('--data <dir>', 'keep the data here (otherwise it is gone at the end)')
      .option('--host <address>', 'address of the GUI', '127.0.0.1')
      .option(
        '--port <port>',
        'port of the GUI; 0 = any free one (default 8443, with --once 0)',
        wholeNumber('port', 0, 65_535),
      )
      .option('--seed <n>', 'the same seed gives the same meters', wholeNumber('seed', 0, 0xffff_ffff), 1)
      .option('--journal <file>', 'append a JSON line for each batch of rows that is safely stored')
      .option('--json', 'results as JSON, one document')
      .action((flags: Flags) => demo(flags, io));
  },
};

async function demo(flags: Flags, io: CliIo): Promise<void> {
  const { meters: count, seed, port = flags.once === true ? 0 : 8443 } = flags;
  const temporary = flags.data === undefined;
  const directory =
    flags.data === undefined ? mkdtempSync(join(tmpdir(), 'opendcu-demo-')) : resolve(flags.data);
  const { log, close } = openLog(io, 'warning', directory);
  const journal = flags.journal === undefined ? undefined : openSync(flags.journal, 'a', 0o600);
  const undo = new UndoList();
  if (temporary) undo.add(() => rmSync(directory, { recursive: true, force: true }));
  undo.add(close);
  if (journal !== undefined) undo.add(() => closeSync(journal));
  try {
    const neighbourhood = await startNeighbourhood({
      seed,
      clock: systemClock,
      log,
      meters: demoPlan(seed, count, await g3Host((message) => log.warn(message))),
      plc: DEMO_NETWORK,
      firstCounter: nextCounters(directory),
    });
    undo.add(() => neighbourhood.stop());
    writeProfiles(directory);
    const concentrator = await startConcentrator({
      ...systemPorts(),
      directory,
      host: flags.host,
      port,
      log,
      schedule: false,
      ...(journal === undefined
        ? {}
        : { onAcknowledged: (batch: AcknowledgedBatch) => note(journal, batch) }),
    });
    undo.add(() => concentrator.stop());
    // The simulated meters keep Central European time: their days and months are the concentrator's.
    if (concentrator.store.lastWriteAt === undefined) {
      await concentrator.store.configuration.saveSetting('device.timezone', DEMO_ZONE);
    }
    await enlist(concentrator.store, neighbourhood);
    if (flags.once === true) await readOnce(concentrator, flags, io);
    else await readOn(concentrator, flags, io);
  } finally {
    await undo.run();
  }
}

async function readOnce({ collector }: Concentrator, flags: Flags, io: CliIo): Promise<void> {
  const summary = await round(collector, io);
  const { meters, read, failed, profileRows, billingRows, eventRows, durationMs } = summary;
  if (flags.json === true) {
    io.out(
      JSON.stringify({
        meters,
        read,
        failed,
        profileRows,
        billingRows,
        eventRows,
        durationMs: Math.round(durationMs),
      }),
    );
  } else io.out(inWords(summary));
  for (const { meterNo, item, code, message } of summary.failures)
    io.err(`${meterNo} ${item}: ${message} (${code})`);
  if (io.signal.aborted) throw new DcuError('cancelled', 'stopped before everything was read');
  if (failed > 0) throw new ReportedFailure();
}

async function readOn(concentrator: Concentrator, flags: Flags, io: CliIo): Promise<void> {
  const { url, fingerprint, firstAccount, collector } = concentrator;
  if (flags.json === true)
    io.out(JSON.stringify({ ok: true, url, fingerprint, ...firstAccountOf(concentrator) }));
  else {
    io.out(`Open ${url} (the certificate is our own: SHA-256 ${fingerprint})`);
    if (firstAccount === undefined) io.out('Sign in with the password chosen before.');
    else io.out(`Sign in as ${firstAccount.name} with password ${firstAccount.password}`);
  }
  const summary = await round(collector, io);
  if (flags.json !== true) io.out(inWords(summary));
  if (io.signal.aborted) return;
  await collector.start();
  if (flags.json !== true) io.out('New rows are read as the tasks fall due. Ctrl-C ends it.');
  await aborted(io.signal);
}

async function round(collector: Concentrator['collector'], io: CliIo): Promise<RoundSummary> {
  const stopProgress = showProgress(collector, io);
  try {
    return await collector.round({}, io.signal);
  } finally {
    await stopProgress();
  }
}

function inWords({
  meters,
  read,
  failed,
  profileRows,
  billingRows,
  eventRows,
  durationMs,
}: RoundSummary): string {
  const seconds = (durationMs / 1000).toFixed(1);
  const trouble = failed === 0 ? '' : `, ${failed} of them not completely`;
  return `${read} of ${meters} meters read in ${seconds} s${trouble}: ${profileRows} profile rows, ${billingRows} billings, ${eventRows} events are new.`;
}

function note(journal: number, batch: AcknowledgedBatch): void {
  writeSync(journal, `${JSON.stringify(batch)}\n`);
}
