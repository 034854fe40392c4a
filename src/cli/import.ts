import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Command } from 'commander';
import { csvFileText } from '../api/csv.ts';
import { importCounts, importedView, parseMeterCsv } from '../api/meter-csv.ts';
import { systemClock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { openVault } from '../security/vault.ts';
import { openStore } from '../store/index.ts';
import type { Store } from '../store/types.ts';
import { validateCron } from '../tasks/cron.ts';
import { type CliCommand, type CliIo, ReportedFailure } from './command.ts';

interface Flags {
  readonly data: string;
  readonly dryRun?: boolean;
  readonly update?: boolean;
  readonly soundOnly?: boolean;
  readonly json?: boolean;
}

/** `dcu import`: meters of a CSV file into the archive of a concentrator that is not running. */
export const importCommand: CliCommand = {
  build(io) {
    return new Command('import')
      .description(
        'enter the meters of a CSV file into the archive: all of them, or none when a row has an error',
      )
      .argument('<file>', 'CSV file with the headings of the export, in any order')
      .requiredOption('--data <dir>', 'data directory of a concentrator that is not running')
      .option('--dry-run', 'only tell what would be done')
      .option('--update', 'change meters that are in the archive already')
      .option('--sound-only', 'enter the rows without errors, and leave out the others')
      .option('--json', 'print one line of JSON')
      .action((file: string, flags: Flags) => importFile(resolve(file), flags, io));
  },
};

async function importFile(path: string, flags: Flags, io: CliIo): Promise<void> {
  const file = parseMeterCsv(csvFileText(readFile(path)), 'auto');
  const store = await openArchive(resolve(flags.data));
  try {
    const options = { update: flags.update ?? false, soundOnly: flags.soundOnly ?? false };
    const { applied, rows } =
      flags.dryRun === true
        ? { applied: false, ...(await store.archive.planImport(file.rows, options)) }
        : await store.archive.import(file.rows, options);
    const counts = importCounts(rows);
    const { create, update, unchanged, error } = counts;
    if (applied) {
      const detail = `${create} created, ${update} changed, ${unchanged} unchanged, ${error} left out`;
      const subject = basename(path);
      await store.audit.record({
        time: systemClock.now(),
        actor: 'dcu import',
        action: 'meter.import',
        subject,
        detail,
      });
    }
    const views = rows.map(importedView);
    const ok = error === 0 || applied;
    if (flags.json === true) {
      io.out(JSON.stringify({ ok, applied, counts, ignored: file.ignored, rows: views }));
    } else {
      if (file.ignored.length > 0) io.err(`not columns of a meter, left out: ${file.ignored.join(', ')}`);
      for (const { line, meterNo, problems } of views) {
        for (const { message } of problems)
          io.err(`line ${line}${meterNo === '' ? '' : ` (${meterNo})`}: ${message}`);
      }
      const done = applied
        ? 'done'
        : flags.dryRun === true
          ? 'nothing was written (--dry-run)'
          : 'nothing was written';
      io.out(`${create} new, ${update} changed, ${unchanged} unchanged, ${error} with errors: ${done}`);
    }
    if (!ok) throw new ReportedFailure(`${error} rows have errors`);
  } finally {
    await store.close();
  }
}

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new DcuError('usage', `${path} cannot be read`, { field: 'file', cause });
  }
}

async function openArchive(directory: string): Promise<Store> {
  if (!existsSync(join(directory, 'dcu.db'))) {
    throw new DcuError('usage', `${directory} is not the data directory of a concentrator`, {
      field: 'data',
    });
  }
  try {
    return await openStore({
      directory,
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      sealer: openVault(directory, systemRandom),
      validateCron,
    });
  } catch (error) {
    if (!(error instanceof DcuError) || error.code !== 'data-directory-locked') throw error;
    throw new DcuError(
      error.code,
      `${error.message}. Stop the concentrator first, or import the file in its GUI (Archive, Import)`,
      { facts: error.facts, cause: error },
    );
  }
}
