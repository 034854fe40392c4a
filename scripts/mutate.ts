/**
 * `npm run mutate -- [--sample N] [--seed N] [--jobs N] [--only TEXT] [--json]`: changes `src/dlms` in small ways,
 * one at a time, and looks whether a test notices. Works on a copy. A mutant is killed when a test fails or does
 * not end; the rest have survived. Exit status 1 below the share that is asked for.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Mutant } from '@stryker-mutator/api/core';
import { SeededRandom } from '../src/base/random.ts';
import { instrument } from './mutation/instrument.ts';

const ROOT = join(import.meta.dir, '..');
/** Share of the sample that must be killed. */
const FLOOR = 0.85;
const SUBJECT = 'src/dlms/**/*.ts';
/** The tests that hold `src/dlms`: its own, and those of its nearest users. */
const TESTS = ['test/dlms/**/*.test.ts', 'test/channels/dlms-client.test.ts', 'test/cli/decode.test.ts'];
const COPIED = ['src', 'test', 'asm', 'scripts', 'package.json', 'tsconfig.json', 'bunfig.toml'];

const { values: options } = parseArgs({
  options: {
    sample: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});

/** One test file of the copy, and what it reaches. */
interface TestFile {
  readonly path: string;
  readonly durationMs: number;
  readonly reached: ReadonlySet<string>;
}

interface Verdict {
  readonly mutant: Mutant;
  readonly killed: boolean;
  /** The test file that noticed. */
  readonly by?: string;
  readonly how: 'failed' | 'timeout' | 'survived' | 'not reached';
}

const say = (text: string): void => console.error(text);

function makeCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), 'mutants-'));
  for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  for (const name of ['node_modules', 'drizzle', 'ui', 'dist', 'README.md']) {
    symlinkSync(join(ROOT, name), join(copy, name));
  }
  return copy;
}

/** Runs one test file; `undefined` when it had to be stopped. */
async function runTest(
  copy: string,
  path: string,
  timeoutMs: number,
  env: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  const preload = join(copy, 'scripts/mutate-preload.ts');
  // Switches make the code slow: the runner's own limit for a test does not count.
  const flags = ['--bail', '--timeout', String(timeoutMs), '--preload', preload];
  const child = Bun.spawn([process.execPath, 'test', ...flags, `./${path}`], {
    cwd: copy,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  let stopped = false;
  const timer = setTimeout(() => {
    stopped = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const status = await child.exited;
  clearTimeout(timer);
  return stopped ? undefined : status;
}

/** Runs `work` on all items, so many at a time. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  jobs: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array<Result>(items.length);
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return results;
}

async function measure(copy: string, path: string, index: number): Promise<TestFile> {
  const target = join(copy, `coverage-${index}.json`);
  const startedMs = performance.now();
  const status = await runTest(copy, path, 300_000, { MUTANT_COVERAGE: target });
  if (status !== 0) throw new Error(`${path} fails without any mutant (status ${status ?? 'timeout'})`);
  const reached = new Set(JSON.parse(readFileSync(target, 'utf8')) as string[]);
  return { path, durationMs: performance.now() - startedMs, reached };
}

async function judge(copy: string, tests: readonly TestFile[], mutant: Mutant): Promise<Verdict> {
  const reaching = tests.filter(({ reached }) => reached.has(mutant.id));
  if (reaching.length === 0) return { mutant, killed: false, how: 'not reached' };
  for (const { path, durationMs } of reaching) {
    const env = { __STRYKER_ACTIVE_MUTANT__: mutant.id };
    const status = await runTest(copy, path, 15_000 + 5 * durationMs, env);
    if (status === undefined) return { mutant, killed: true, by: path, how: 'timeout' };
    if (status !== 0) return { mutant, killed: true, by: path, how: 'failed' };
  }
  return { mutant, killed: false, how: 'survived' };
}

function sampleOf(mutants: readonly Mutant[], size: number, seed: number): Mutant[] {
  const random = new SeededRandom(seed);
  const left = [...mutants];
  const sample: Mutant[] = [];
  while (sample.length < size && left.length > 0) {
    sample.push(...left.splice(Math.floor(random.next() * left.length), 1));
  }
  return sample;
}

const placeOf = ({ fileName, location }: Mutant): string => `${fileName}:${location.start.line + 1}`;

const jobs = Number(options.jobs);
const copy = makeCopy();
try {
  const files = [...new Bun.Glob(SUBJECT).scanSync(ROOT)].sort();
  const mutants = await instrument(copy, files);
  const wanted = mutants.filter(({ fileName }) => fileName.includes(options.only));
  const sample = sampleOf(wanted, Number(options.sample), Number(options.seed));
  say(`${mutants.length} mutants in ${files.length} files; ${sample.length} are tried`);
  const paths = TESTS.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(ROOT)]).sort();
  const tests = await inParallel([...paths.entries()], jobs, ([index, path]) => measure(copy, path, index));
  tests.sort((a, b) => a.durationMs - b.durationMs);
  let done = 0;
  const verdicts = await inParallel(sample, jobs, async (mutant) => {
    const verdict = await judge(copy, tests, mutant);
    done++;
    if (!verdict.killed)
      say(`${verdict.how}: ${placeOf(mutant)} ${mutant.mutatorName} → ${mutant.replacement}`);
    if (done % 25 === 0) say(`${done} of ${sample.length}`);
    return verdict;
  });
  const killed = verdicts.filter((verdict) => verdict.killed).length;
  const share = sample.length === 0 ? 0 : killed / sample.length;
  const survivors = verdicts.filter((verdict) => !verdict.killed);
  if (options.json) {
    const list = survivors.map(({ mutant, how }) => ({
      place: placeOf(mutant),
      mutator: mutant.mutatorName,
      replacement: mutant.replacement,
      how,
    }));
    console.log(
      JSON.stringify({ mutants: mutants.length, tried: sample.length, killed, share, survivors: list }),
    );
  } else {
    console.log(`${killed} of ${sample.length} mutants killed: ${(share * 100).toFixed(1)} %`);
  }
  process.exitCode = share >= FLOOR ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
