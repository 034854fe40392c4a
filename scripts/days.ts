/**
 * `npm run test:days -- --days N --seeds N [--first N] [--jobs N] [--json]`: the concentrator, all but its sockets, lives N days for each
 * seed in virtual time, against simulated meters and seeded faults, and everything is checked after each day.
 * `--seed N --days N` runs one seed again, in the same way; what did not hold is told with its day.
 */
import { parseArgs } from 'node:util';
import { type DaysReport, runDays } from '../test/days/run.ts';
import { violationText } from '../test/days/violations.ts';

const USAGE = `usage: npm run test:days -- [options]

  --days N    days that each seed lives (30)
  --seeds N   how many seeds (20)
  --first N   the first of them (1)
  --seed N    one seed alone; a seed that failed fails again with the same --days
  --jobs N    seeds at a time, each in a process of its own (2)
  --json      one line of JSON at the end`;

function usageError(text: string): never {
  console.error(`${text}\n\n${USAGE}`);
  process.exit(2);
}

function optionsOf() {
  try {
    return parseArgs({
      options: {
        days: { type: 'string', default: '30' },
        seeds: { type: 'string', default: '20' },
        first: { type: 'string', default: '1' },
        seed: { type: 'string' },
        jobs: { type: 'string', default: '2' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        worker: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return usageError(error instanceof Error ? error.message : String(error));
  }
}

const options = optionsOf();
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}

/** Violations that are shown of one seed: those behind the first are mostly its consequences. */
const MOST_SHOWN = 8;
/** A seed that takes longer for one day hangs. */
const SILENCE_MS = 180_000;

const days = wholeNumber('days', options.days);
const seeds = options.seed === undefined ? wholeNumber('seeds', options.seeds) : 1;

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  return usageError(`--${name} takes a whole number above 0, not ${text}`);
}

/** One seed in this process; each day is a line, the last one is the report. */
async function work(seed: number): Promise<void> {
  const report = await runDays({ seed, days, onDay: (day) => console.log(JSON.stringify({ day })) });
  console.log(JSON.stringify({ report }));
}

/** One seed in a process of its own, whose memory is given back at its end. */
async function reportOf(seed: number): Promise<DaysReport> {
  const child = Bun.spawn(
    [process.execPath, import.meta.path, '--worker', '--seed', String(seed), '--days', String(days)],
    { stdout: 'pipe', stderr: 'pipe' },
  );
  const told = new Response(child.stderr).text();
  let day = 0;
  let report: DaysReport | undefined;
  let hung = false;
  const watchdog = (): Timer =>
    setTimeout(() => {
      hung = true;
      child.kill('SIGKILL');
    }, SILENCE_MS);
  let timer = watchdog();
  let rest = '';
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as { readonly day?: number; readonly report?: DaysReport };
      day = message.day ?? day;
      report = message.report ?? report;
      clearTimeout(timer);
      timer = watchdog();
    }
  }
  clearTimeout(timer);
  const status = await child.exited;
  if (report !== undefined) return report;
  const evidence = hung
    ? `hangs for ${SILENCE_MS / 1000} s`
    : `the process ended with ${status}: ${(await told).trim().slice(-2_000)}`;
  return {
    seed,
    days: day,
    violations: [{ invariant: 'failure', seed, day: day + 1, evidence }],
    digest: '',
    checked: { rows: 0, events: 0, due: 0, misstamped: 0 },
    runs: 0,
  };
}

function tell(report: DaysReport, seconds: number): void {
  const { seed, violations, checked, runs, digest } = report;
  console.error(
    `seed ${seed}: ${report.days} days, ${runs} starts, ${checked.rows} rows and ${checked.events} events, ` +
      `${violations.length} violations, trace ${digest}, ${Math.round(seconds)} s`,
  );
  for (const violation of violations.slice(0, MOST_SHOWN)) console.error(`  ${violationText(violation)}`);
  if (violations.length > 0) {
    console.error(`  again: npm run test:days -- --seed ${seed} --days ${days}`);
  }
}

async function all(numbers: readonly number[]): Promise<DaysReport[]> {
  const reports: DaysReport[] = [];
  const waiting = [...numbers];
  const worker = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const startedMs = performance.now();
      const report = await reportOf(seed);
      reports.push(report);
      tell(report, (performance.now() - startedMs) / 1000);
    }
  };
  await Promise.all(Array.from({ length: wholeNumber('jobs', options.jobs) }, worker));
  return reports;
}

const first =
  options.seed === undefined ? wholeNumber('first', options.first) : wholeNumber('seed', options.seed);
if (options.worker) await work(first);
else {
  const startedMs = performance.now();
  const reports = await all(Array.from({ length: seeds }, (_, index) => first + index));
  const violations = reports.reduce((sum, report) => sum + report.violations.length, 0);
  const lived = reports.reduce((sum, report) => sum + report.days, 0);
  const seconds = (performance.now() - startedMs) / 1000;
  console.error(`${lived} days in ${Math.round(seconds)} s, ${violations} violations`);
  if (options.json) console.log(JSON.stringify({ days: lived, seeds, violations }));
  process.exit(violations === 0 && lived === days * seeds ? 0 : 1);
}
