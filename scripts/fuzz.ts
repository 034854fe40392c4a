/**
 * `npm run fuzz -- --seconds N [--seed N] [--jobs N] [--only TEXT] [--json]`: every decoder and every machine under
 * mutated input, in processes of their own. What may come of an input is a value or the module's own error; anything
 * else, a process that hangs, and memory that grows, fails. `--target NAME --input-seed N` runs one input again.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Finding, newTally, runInput, type Tally } from '../test/fuzz/engine.ts';
import { FUZZ_TARGETS } from '../test/fuzz/targets/index.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    only: { type: 'string', default: '' },
    target: { type: 'string' },
    'input-seed': { type: 'string' },
    worker: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

/** How long one target has its turn. */
const TURN_MS = 100;
/** A process that says nothing for so long hangs in an input. */
const SILENCE_MS = 60_000;
/** Growth of the resident memory after the first third of the time that is still called flat. */
const FLAT_BYTES = 64 << 20;
/** Findings of one target in one process; more of the same tell nothing new. */
const MOST_FINDINGS = 2;

interface Report {
  readonly tallies: Record<string, Tally>;
  readonly findings: Finding[];
  readonly rssEarlyMiB: number;
  readonly rssEndMiB: number;
}

const targets = FUZZ_TARGETS.filter(({ name }) => name.includes(options.only));
const rss = (): number => {
  Bun.gc(true);
  return process.memoryUsage.rss();
};
const mib = (bytes: number): number => Math.round(bytes / 2 ** 20);

/** One process: turns for each target until the time is over. Its last line is its report; each turn is a line too. */
function work(index: number): void {
  const tallies: Record<string, Tally> = {};
  const findings: Finding[] = [];
  const startMs = performance.now();
  const endMs = startMs + Number(options.seconds) * 1000;
  const earlyMs = startMs + (endMs - startMs) / 3;
  let early: number | undefined;
  let seed = (Number(options.seed) * 64 + index) * 0x01000000;
  while (performance.now() < endMs) {
    for (const target of targets) {
      console.log(JSON.stringify({ turn: target.name, inputSeed: seed }));
      tallies[target.name] ??= newTally();
      const tally = tallies[target.name] ?? newTally();
      const turnEndMs = performance.now() + TURN_MS;
      const open = (): boolean =>
        performance.now() < turnEndMs &&
        findings.filter((finding) => finding.target === target.name).length < MOST_FINDINGS;
      while (open()) {
        const finding = runInput(target, seed++, tally);
        if (finding !== undefined) findings.push(finding);
      }
    }
    if (early === undefined && performance.now() >= earlyMs) early = rss();
  }
  const end = rss();
  const report: Report = { tallies, findings, rssEarlyMiB: mib(early ?? end), rssEndMiB: mib(end) };
  console.log(JSON.stringify({ report }));
}

/** Starts a worker and waits for its report; a worker that hangs or dies is a finding at its last turn. */
async function workerReport(index: number): Promise<Report> {
  const args = ['--seconds', options.seconds, '--seed', options.seed, '--only', options.only];
  const child = Bun.spawn([process.execPath, import.meta.path, ...args, '--worker', String(index)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let last = '';
  let timer = setTimeout(() => child.kill('SIGKILL'), SILENCE_MS);
  let rest = '';
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    clearTimeout(timer);
    timer = setTimeout(() => child.kill('SIGKILL'), SILENCE_MS);
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    last = lines.at(-1) ?? last;
  }
  clearTimeout(timer);
  await child.exited;
  const said = JSON.parse(last || '{}') as { report?: Report; turn?: string; inputSeed?: number };
  if (said.report !== undefined) return said.report;
  const finding: Finding = {
    target: said.turn ?? 'start',
    inputSeed: said.inputSeed ?? 0,
    input: '',
    error: `the process hung or died in the turn that began with this seed`,
  };
  return { tallies: {}, findings: [finding], rssEarlyMiB: 0, rssEndMiB: 0 };
}

function merge(reports: readonly Report[]): Record<string, Tally> {
  const all: Record<string, Tally> = {};
  for (const { tallies } of reports) {
    for (const [name, { inputs, accepted, refused }] of Object.entries(tallies)) {
      all[name] ??= newTally();
      const tally = all[name] ?? newTally();
      tally.inputs += inputs;
      tally.accepted += accepted;
      for (const [code, count] of Object.entries(refused)) {
        tally.refused[code] = (tally.refused[code] ?? 0) + count;
      }
    }
  }
  return all;
}

function again(name: string, inputSeed: number): boolean {
  const target = FUZZ_TARGETS.find((one) => one.name === name);
  if (target === undefined)
    throw new Error(`no target '${name}': ${FUZZ_TARGETS.map((t) => t.name).join(', ')}`);
  const finding = runInput(target, inputSeed, newTally());
  console.log(finding === undefined ? 'allowed' : `${finding.input}\n${finding.error}`);
  return finding === undefined;
}

async function main(): Promise<boolean> {
  const reports = await Promise.all(Array.from({ length: Number(options.jobs) }, (_, i) => workerReport(i)));
  const tallies = merge(reports);
  const findings = reports.flatMap((report) => report.findings);
  const inputs = Object.values(tallies).reduce((sum, tally) => sum + tally.inputs, 0);
  const grew = reports.filter((one) => one.rssEndMiB - one.rssEarlyMiB > mib(FLAT_BYTES));
  const memory = reports.map(({ rssEarlyMiB, rssEndMiB }) => ({ rssEarlyMiB, rssEndMiB }));
  // A target without a single accepted and a single refused input looks at nothing.
  const blind = Object.entries(tallies).filter(([, tally]) => tally.accepted === 0);
  if (options.json) {
    console.log(JSON.stringify({ inputs, findings, memory, targets: tallies }));
  } else {
    for (const [name, { inputs: all, accepted, refused }] of Object.entries(tallies)) {
      const codes = Object.entries(refused).map(([code, count]) => `${code} ${count}`);
      console.log(`${name.padEnd(28)} ${String(all).padStart(9)}  accepted ${accepted}  ${codes.join(', ')}`);
    }
    for (const { target, inputSeed, input, error } of findings) {
      console.log(`FOUND in ${target}, --input-seed ${inputSeed}\n${input}\n${error}`);
    }
    for (const [name] of blind) console.log(`FAILED ${name} accepted nothing: its seeds are of no use`);
    for (const { rssEarlyMiB, rssEndMiB } of grew) {
      console.log(`FAILED memory grew from ${rssEarlyMiB} to ${rssEndMiB} MiB`);
    }
    const spans = memory.map(({ rssEarlyMiB, rssEndMiB }) => `${rssEarlyMiB} → ${rssEndMiB} MiB`);
    console.log(`${inputs} inputs, ${findings.length} findings; memory ${spans.join(', ')}`);
    const failed = findings.length + grew.length + blind.length;
    console.log(`${targets.length - Math.min(targets.length, failed)} passed, ${failed} failed`);
  }
  return findings.length === 0 && grew.length === 0 && blind.length === 0 && inputs > 0;
}

if (options.worker !== undefined) work(Number(options.worker));
else if (options.target !== undefined) {
  process.exitCode = again(options.target, Number(options['input-seed'])) ? 0 : 1;
} else process.exitCode = (await main()) ? 0 : 1;
