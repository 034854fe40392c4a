import { toHex } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import { decodeData } from '../dlms/axdr.ts';
import { Bench, DEVICE_NAME, type RunMemory } from './bench.ts';
import { isHls } from './hls.ts';
import { factsOf, type MeterFacts, type Report, summaryOf, type TestResult } from './report.ts';
import type { ConformanceTarget } from './target.ts';
import type { TestDefinition, TestGroup, TestNeeds } from './test-case.ts';
import { ALL_TESTS } from './tests/index.ts';
import { Failure, Inconclusive, judge, notApplicable } from './verdict.ts';

export interface RunOptions {
  readonly groups?: readonly TestGroup[];
  /** Test ids; a trailing `*` stands for any ending. */
  readonly only?: readonly string[];
  readonly onResult?: (result: TestResult, done: number, all: number) => void;
  readonly onProgress?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** The tests that the options name. @throws DcuError `usage` for an id that there is not */
export function chosenTests({
  groups,
  only,
}: Pick<RunOptions, 'groups' | 'only'>): readonly TestDefinition[] {
  for (const pattern of only ?? []) {
    if (ALL_TESTS.some(({ id }) => matches(id, pattern))) continue;
    throw new DcuError('usage', `--only: there is no test ${pattern}`, { field: 'only' });
  }
  return ALL_TESTS.filter(
    ({ id, group }) =>
      (groups === undefined || groups.includes(group)) &&
      (only === undefined || only.some((pattern) => matches(id, pattern))),
  );
}

const matches = (id: string, pattern: string): boolean =>
  pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern;

/**
 * Runs the chosen tests one after the other, each on a fresh line. Never writes unless the target allows it.
 * @throws DcuError `channel-open-failed` when the meter cannot be reached at all, `cancelled` when aborted
 */
export async function runConformance(given: ConformanceTarget, options: RunOptions = {}): Promise<Report> {
  const tests = chosenTests(options);
  const memory: RunMemory = { discHangsUp: false, progress: options.onProgress ?? (() => {}) };
  const startedAt = new Date(given.clock.now()).toISOString();
  const startMs = given.clock.monotonicMs();
  const target = await withReferencing(given, memory);
  const meter = await identify(target, memory);
  const results: TestResult[] = [];
  for (const test of tests) {
    if (options.signal?.aborted) throw new DcuError('cancelled', 'the conformance test was cancelled');
    const result = await runTest(test, target, memory);
    results.push(result);
    options.onResult?.(result, results.length, tests.length);
  }
  const summary = summaryOf(results);
  return {
    ok: summary.fail === 0,
    startedAt,
    durationMs: Math.round(target.clock.monotonicMs() - startMs),
    target: factsOf(target),
    meter,
    summary,
    results,
  };
}

/** Chooses between logical and short names where that is left to us: what the meter opens with comes first. */
async function withReferencing(target: ConformanceTarget, memory: RunMemory): Promise<ConformanceTarget> {
  if (target.referencing !== 'auto') return target;
  for (const referencing of ['ln', 'sn'] as const) {
    const one = { ...target, referencing };
    const bench = new Bench(one, memory);
    try {
      await bench.open();
      return one;
    } catch (thrown) {
      if (!(thrown instanceof Inconclusive || thrown instanceof Failure)) throw thrown;
      memory.progress(`${referencing === 'ln' ? 'logical' : 'short'} names: ${thrown.message}`);
    } finally {
      await bench.close();
    }
  }
  return { ...target, referencing: 'ln' };
}

async function runTest(
  test: TestDefinition,
  target: ConformanceTarget,
  memory: RunMemory,
): Promise<TestResult> {
  const { id, group, title, reference, purpose, needs = {} } = test;
  const bench = new Bench(target, memory);
  const startMs = target.clock.monotonicMs();
  let verdict: Awaited<ReturnType<typeof attempt>>;
  try {
    verdict = await attempt(async () => {
      checkNeeds(needs, target);
      await test.run(bench);
    });
  } finally {
    await bench.close();
  }
  const durationMs = Math.round(target.clock.monotonicMs() - startMs);
  return { id, group, title, reference, purpose, ...verdict, durationMs, evidence: bench.evidence.entries() };
}

async function attempt(
  run: () => Promise<void>,
): Promise<Pick<TestResult, 'verdict' | 'reason' | 'notApplicable'>> {
  try {
    await run();
    return { verdict: 'pass', reason: null, notApplicable: false };
  } catch (thrown) {
    // A slip of the suite itself must not pass for a finding about the meter.
    if (thrown instanceof DcuError && thrown.code === 'internal') throw thrown;
    if (!(thrown instanceof DcuError || thrown instanceof Failure || thrown instanceof Inconclusive))
      throw thrown;
    return judge(thrown);
  }
}

function checkNeeds(
  { framing, referencing, ciphered, auth, writes }: TestNeeds,
  target: ConformanceTarget,
): void {
  const { link, security, allowWrites } = target;
  if (referencing !== undefined && (target.referencing === 'sn' ? 'sn' : 'ln') !== referencing) {
    notApplicable(`for ${referencing === 'ln' ? 'logical' : 'short'} names only`);
  }
  if (framing !== undefined && link.framing !== framing) notApplicable(`for ${framing} only`);
  if (ciphered === true && security.policy === 'none') notApplicable('for ciphered associations only');
  if (writes === true && !allowWrites) notApplicable('it writes, and --allow-writes was not given');
  if (auth === undefined) return;
  const fits =
    auth === 'hls'
      ? isHls(security.auth)
      : auth === 'any'
        ? security.auth !== 'none'
        : security.auth === auth;
  if (!fits)
    notApplicable(`for ${auth === 'any' ? 'authenticated associations' : `authentication ${auth}`} only`);
}

/** Who the meter says it is; a meter that lets nobody in is tested all the same. */
async function identify(target: ConformanceTarget, memory: RunMemory): Promise<MeterFacts> {
  const bench = new Bench(target, memory);
  try {
    const session = await bench.associate();
    const outcome = await session.get(DEVICE_NAME);
    const value = outcome.kind === 'data' ? decodeData(outcome.data) : undefined;
    const title = session.aare.respondingTitle;
    return { deviceName: textOf(value), systemTitle: title === undefined ? null : toHex(title) };
  } catch (thrown) {
    if (thrown instanceof Inconclusive || thrown instanceof Failure) {
      memory.progress(thrown.message);
      return { deviceName: null, systemTitle: null };
    }
    throw thrown;
  } finally {
    await bench.close();
  }
}

function textOf(value: ReturnType<typeof decodeData> | undefined): string | null {
  if (value?.type === 'visible-string') return value.value;
  if (value?.type !== 'octet-string') return null;
  return String.fromCharCode(...value.value.filter((byte) => byte >= 0x20 && byte < 0x7f));
}
