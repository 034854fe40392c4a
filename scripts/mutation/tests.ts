import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutant } from '@stryker-mutator/api/core';
import type { Copy } from './copies.ts';

/** How often each mutant's place was passed: while the file was loaded, and in its tests. */
interface Reached {
  readonly loading: Readonly<Record<string, number>>;
  readonly testing: Readonly<Record<string, number>>;
}

/** A test file and what it reaches. */
export interface TestFile {
  readonly path: string;
  /** With every switch in place; without, it is faster. */
  readonly durationMs: number;
  readonly reached: Reached;
  /** Mutants of each source file that its tests reach. */
  readonly aims: ReadonlyMap<string, number>;
}

export interface Verdict {
  readonly mutant: Mutant;
  readonly killed: boolean;
  /** The test file that noticed. */
  readonly by?: string;
  readonly how: 'failed' | 'timeout' | 'survived' | 'not reached';
}

const MEASURE_LIMIT_MS = 300_000;
/** What a test file may take on a busy machine beyond what it took when it was measured. */
const SLACK_MS = 10_000;
const SLACK_FACTOR = 3;
/** A place that is passed so many times as often is in an endless loop. */
const ENDLESS_FACTOR = 100;
const ENDLESS_LEAST = 10_000;
/** Files beyond this sum of their durations are left out for one mutant; the most promising come first. */
const BUDGET_MS = 60_000;

/** Exit status of one test file; `undefined` when it had to be stopped. */
async function runTest(
  copy: Copy,
  path: string,
  timeoutMs: number,
  env: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  const preload = join(copy.path, 'scripts/mutate-preload.ts');
  // Switches make the code slow: the runner's own limit for a test does not count.
  const flags = ['--bail', '--timeout', String(timeoutMs), '--preload', preload];
  const child = Bun.spawn([process.execPath, 'test', ...flags, `./${path}`], {
    cwd: copy.path,
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

/** Runs a test file with all switches off. Throws when it fails. */
export async function measure(
  copy: Copy,
  path: string,
  fileOf: ReadonlyMap<string, string>,
): Promise<TestFile> {
  const target = join(copy.path, `coverage-${path.replaceAll('/', '-')}.json`);
  const startedMs = performance.now();
  const status = await runTest(copy, path, MEASURE_LIMIT_MS, { MUTANT_COVERAGE: target });
  if (status !== 0) throw new Error(`${path} fails without any mutant (status ${status ?? 'timeout'})`);
  const durationMs = performance.now() - startedMs;
  const reached = JSON.parse(readFileSync(target, 'utf8')) as Reached;
  rmSync(target);
  const aims = new Map<string, number>();
  for (const id of Object.keys(reached.testing)) {
    const file = fileOf.get(id) ?? '';
    aims.set(file, (aims.get(file) ?? 0) + 1);
  }
  return { path, durationMs, reached, aims };
}

const limitMs = (durationMs: number): number => Math.ceil(SLACK_MS + SLACK_FACTOR * durationMs);

/** A test run that would notice a mutant must pass without one, or every verdict is worthless. */
export async function control(copy: Copy, tests: readonly TestFile[]): Promise<void> {
  const [quickest] = [...tests].sort((a, b) => a.durationMs - b.durationMs);
  if (quickest === undefined) throw new Error('there are no tests');
  const status = await runTest(copy, quickest.path, limitMs(quickest.durationMs), {
    MUTANT_HIT_LIMIT: String(ENDLESS_LEAST),
  });
  if (status !== 0)
    throw new Error(`${quickest.path} fails without a mutant (status ${status ?? 'timeout'})`);
}

/** The test files that can notice a mutant: those that come to its place in a test, and aim at its file, first. */
function candidates(tests: readonly TestFile[], { id, fileName }: Mutant): readonly TestFile[] {
  const costOf = ({ durationMs, aims }: TestFile): number => durationMs / (1 + (aims.get(fileName) ?? 0));
  const byCost = (a: TestFile, b: TestFile): number => costOf(a) - costOf(b);
  const inTests = tests.filter(({ reached }) => reached.testing[id] !== undefined).sort(byCost);
  const loading = tests
    .filter(({ reached }) => reached.testing[id] === undefined && reached.loading[id] !== undefined)
    .sort(byCost);
  let spentMs = 0;
  return [...inTests, ...loading].filter(({ durationMs }) => {
    const first = spentMs === 0;
    spentMs += durationMs;
    return first || spentMs <= BUDGET_MS;
  });
}

/** Looks whether a test notices the mutant, whose file has its switches in this copy. */
export async function judge(copy: Copy, tests: readonly TestFile[], mutant: Mutant): Promise<Verdict> {
  const promising = candidates(tests, mutant);
  if (promising.length === 0) return { mutant, killed: false, how: 'not reached' };
  for (const { path, durationMs, reached } of promising) {
    const passes = (reached.loading[mutant.id] ?? 0) + (reached.testing[mutant.id] ?? 0);
    const status = await runTest(copy, path, limitMs(durationMs), {
      __STRYKER_ACTIVE_MUTANT__: mutant.id,
      MUTANT_HIT_LIMIT: String(ENDLESS_LEAST + ENDLESS_FACTOR * passes),
    });
    if (status === undefined) return { mutant, killed: true, by: path, how: 'timeout' };
    if (status !== 0) return { mutant, killed: true, by: path, how: 'failed' };
  }
  return { mutant, killed: false, how: 'survived' };
}
