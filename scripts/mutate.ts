/**
 * `npm run mutate -- [--sample N] [--seed N] [--jobs N] [--only TEXT] [--json]`: changes `src/dlms` in small ways,
 * one at a time, and looks whether a test notices. Works on copies. A mutant is killed when a test fails or does
 * not end; the rest have survived. Exit status 1 below the share that is asked for.
 */
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Mutant } from '@stryker-mutator/api/core';
import { SeededRandom } from '../src/base/random.ts';
import { Copy, removeCopiesOnSignals } from './mutation/copies.ts';
import { instrument } from './mutation/instrument.ts';
import { control, judge, measure, type Verdict } from './mutation/tests.ts';

const ROOT = join(import.meta.dir, '..');
/** Share of the sample that must be killed. */
const FLOOR = 0.85;
const SUBJECT = 'src/dlms/**/*.ts';
/** The tests that hold `src/dlms`: its own, and those of its nearest users that are quick. */
const TESTS = [
  'test/dlms/**/*.test.ts',
  'test/channels/{dlms-client,opening,udp}.test.ts',
  'test/cli/{conformance,listen*,read*}.test.ts',
  'test/conformance/*.test.ts',
  'test/simulator/{key-change,metering-point,object-classes}.test.ts',
];

const { values: options } = parseArgs({
  options: {
    sample: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});

const say = (text: string): void => console.error(text);

/** Runs `work` on all items, each worker one at a time. */
async function inParallel<Item, Worker, Result>(
  items: readonly Item[],
  workers: readonly Worker[],
  work: (item: Item, worker: Worker) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array<Result>(items.length);
  const queue = items.entries();
  const loop = async (worker: Worker): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item, worker);
  };
  await Promise.all(workers.map(loop));
  return results;
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

const percent = (part: number, whole: number): string =>
  `${((whole === 0 ? 0 : part / whole) * 100).toFixed(1)} %`;

interface Tally {
  readonly folder: string;
  readonly tried: number;
  readonly killed: number;
}

function byFolder(verdicts: readonly Verdict[]): Tally[] {
  const folders = Map.groupBy(verdicts, ({ mutant }) => dirname(mutant.fileName));
  return [...folders]
    .map(([folder, some]) => ({
      folder,
      tried: some.length,
      killed: some.filter(({ killed }) => killed).length,
    }))
    .sort((a, b) => a.folder.localeCompare(b.folder));
}

removeCopiesOnSignals();
const workers = Array.from({ length: Number(options.jobs) }, () => new Copy(ROOT));
const files = [...new Bun.Glob(SUBJECT).scanSync(ROOT)].sort();
const { mutants, switched } = await instrument(ROOT, files);
const wanted = mutants.filter(({ fileName }) => fileName.includes(options.only));
const sample = sampleOf(wanted, Number(options.sample), Number(options.seed));
say(`${mutants.length} mutants in ${files.length} files; ${sample.length} are tried`);

const measured = new Copy(ROOT);
const touched = new Set(sample.map(({ fileName }) => fileName));
for (const name of touched) measured.write(name, switched.get(name) ?? '');
const fileOf = new Map(mutants.map(({ id, fileName }) => [id, fileName]));
const paths = TESTS.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(ROOT)]).sort();
const tests = await inParallel(paths, workers, (path) => measure(measured, path, fileOf));
measured.remove();
say(`${tests.length} test files measured`);

await inParallel(workers, workers, (copy) => control(copy, tests));

let done = 0;
const verdicts = await inParallel(sample, workers, async (mutant, copy) => {
  copy.write(mutant.fileName, switched.get(mutant.fileName) ?? '');
  const verdict = await judge(copy, tests, mutant);
  copy.restore(mutant.fileName);
  done++;
  if (!verdict.killed) {
    say(`${verdict.how}: ${placeOf(mutant)} ${mutant.mutatorName} → ${mutant.replacement}`);
  }
  if (done % 25 === 0) say(`${done} of ${sample.length}`);
  return verdict;
});

const killed = verdicts.filter((verdict) => verdict.killed).length;
const share = sample.length === 0 ? 0 : killed / sample.length;
const folders = byFolder(verdicts);
if (options.json) {
  const survivors = verdicts
    .filter((verdict) => !verdict.killed)
    .map(({ mutant, how }) => ({
      place: placeOf(mutant),
      mutator: mutant.mutatorName,
      replacement: mutant.replacement,
      how,
    }));
  console.log(
    JSON.stringify({ mutants: mutants.length, tried: sample.length, killed, share, folders, survivors }),
  );
} else {
  for (const { folder, tried, killed: some } of folders) {
    console.log(`${folder}: ${some} of ${tried}, ${percent(some, tried)}`);
  }
  console.log(`${killed} of ${sample.length} mutants killed: ${percent(killed, sample.length)}`);
}
process.exitCode = share >= FLOOR ? 0 : 1;
