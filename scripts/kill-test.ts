/**
 * Kills `dcu demo --once` with SIGKILL at random moments and looks at what is left: the store must open, and every row
 * and event that was acknowledged (written to the journal after its promise resolved) must be there.
 *
 *   bun scripts/kill-test.ts [--kills 200] [--meters 12] [--seed N] [--json]
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/base/clock.ts';
import { silentLog } from '../src/base/log.ts';
import { type CollectionKind, EVENT_LOGS, type EventLog } from '../src/base/model.ts';
import { SeededRandom, systemRandom } from '../src/base/random.ts';
import { openVault } from '../src/security/vault.ts';
import { openStore } from '../src/store/index.ts';
import { validateCron } from '../src/tasks/cron.ts';

interface Batch {
  readonly meterId: number;
  readonly kind: CollectionKind;
  readonly times: readonly number[];
}

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    meters: { type: 'string', default: '12' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const kills = Number(values.kills);
const random = new SeededRandom(Number(values.seed));
const main = join(import.meta.dir, '..', 'src', 'main.ts');
const scratch = mkdtempSync(join(tmpdir(), 'opendcu-kill-'));
const tally = { kills: 0, finishedBefore: 0, directories: 0, batches: 0, rows: 0, lost: 0, openFailures: 0 };
/** A first run that is left alone tells how long one takes. */
let runMs = 0;

const isLog = (kind: CollectionKind): kind is EventLog => (EVENT_LOGS as readonly string[]).includes(kind);

/** Starts the demo and kills it after `afterMs`; whether it was still running then. */
async function run(directory: string, journal: string, afterMs: number): Promise<boolean> {
  const command = [
    'demo',
    '--once',
    '--json',
    '--meters',
    values.meters,
    '--data',
    directory,
    '--journal',
    journal,
  ];
  const child = Bun.spawn([process.execPath, main, ...command], { stdout: 'ignore', stderr: 'ignore' });
  const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
  await child.exited;
  clearTimeout(timer);
  return child.signalCode === 'SIGKILL';
}

/** Lines of the journal that were written whole. */
function acknowledged(journal: string): Batch[] {
  if (!existsSync(journal)) return [];
  const lines = readFileSync(journal, 'utf8').split('\n');
  // What stands behind the last line end was cut off by the kill, before or while it was acknowledged.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Batch);
}

async function verify(directory: string, batches: readonly Batch[]): Promise<void> {
  const store = await openStore({
    directory,
    clock: systemClock,
    log: silentLog,
    random: systemRandom,
    sealer: openVault(directory, systemRandom),
    validateCron,
  });
  try {
    const expected = new Map<string, Map<number, number>>();
    for (const { meterId, kind, times } of batches) {
      const key = `${meterId} ${kind}`;
      const counts = expected.get(key) ?? new Map<number, number>();
      expected.set(key, counts);
      for (const time of new Set(times))
        counts.set(time, Math.max(counts.get(time) ?? 0, count(times, time)));
    }
    for (const [key, counts] of expected) {
      const [meter, kind] = key.split(' ');
      const stored = await timesOf(store, Number(meter), kind as CollectionKind);
      for (const [time, least] of counts) {
        tally.rows += least;
        tally.lost += Math.max(0, least - (stored.get(time) ?? 0));
      }
    }
  } finally {
    await store.close();
  }
}

const count = (times: readonly number[], time: number): number =>
  times.filter((other) => other === time).length;

async function timesOf(
  store: Awaited<ReturnType<typeof openStore>>,
  meterId: number,
  kind: CollectionKind,
): Promise<Map<number, number>> {
  const all = { fromMs: 0, toMs: systemClock.now() + 366 * 86_400_000 };
  const times = isLog(kind)
    ? (await store.readings.events(meterId, { log: kind, limit: 1_000_000 })).rows.map(({ time }) => time)
    : [...((await store.readings.profile(meterId, kind, all))?.times ?? [])];
  const counts = new Map<number, number>();
  for (const time of times) counts.set(time, (counts.get(time) ?? 0) + 1);
  return counts;
}

try {
  const warm = join(scratch, 'warm');
  const startedMs = performance.now();
  await run(warm, join(scratch, 'warm.journal'), 120_000);
  runMs = performance.now() - startedMs;
  let directory = '';
  let journal = '';
  while (tally.kills < kills) {
    if (directory === '') {
      tally.directories++;
      directory = join(scratch, `data-${tally.directories}`);
      journal = join(scratch, `journal-${tally.directories}`);
    }
    const killed = await run(directory, journal, random.next() * runMs);
    if (killed) tally.kills++;
    else tally.finishedBefore++;
    const batches = acknowledged(journal);
    if (existsSync(join(directory, 'dcu.db'))) {
      try {
        await verify(directory, batches);
      } catch (error) {
        tally.openFailures++;
        console.error(`kill ${tally.kills}: ${String(error)}`);
      }
    }
    if (!values.json && tally.kills % 10 === 0 && killed) {
      console.error(`${tally.kills} kills, ${tally.rows} rows looked for, ${tally.lost} lost`);
    }
    if (!killed || random.next() < 0.2) {
      tally.batches += batches.length;
      rmSync(directory, { recursive: true, force: true });
      directory = '';
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const ok = tally.lost === 0 && tally.openFailures === 0 && tally.rows > 0;
console.log(
  values.json ? JSON.stringify({ ok, ...tally }) : `${ok ? 'passed' : 'FAILED'}: ${JSON.stringify(tally)}`,
);
process.exit(ok ? 0 : 1);
