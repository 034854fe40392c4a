/** Loaded before the tests of a mutated copy: says afterwards which mutants' places were passed, and ends endless loops. */
import { afterAll, beforeAll } from 'bun:test';
import { writeFileSync } from 'node:fs';

type Passes = Readonly<Record<string, number>>;

/** What the switches look at; the names are theirs. */
interface Switches {
  mutantCoverage?: { readonly static: Passes; readonly perTest: Readonly<Record<string, Passes>> };
  currentTestId?: string;
  hitCount?: number;
  hitLimit?: number;
}

const TESTS = 'tests';
const { MUTANT_COVERAGE: target, MUTANT_HIT_LIMIT: limit } = process.env;
const switches: Switches = limit === undefined ? {} : { hitCount: 0, hitLimit: Number(limit) };
Object.assign(globalThis, { __stryker__: switches });

beforeAll(() => {
  switches.currentTestId = TESTS;
});

afterAll(() => {
  if (target === undefined) return;
  const { static: loading = {}, perTest = {} } = switches.mutantCoverage ?? {};
  writeFileSync(target, JSON.stringify({ loading, testing: perTest[TESTS] ?? {} }));
});
