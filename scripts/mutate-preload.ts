/** Loaded before the tests of a mutated copy: says afterwards which mutants a run of the tests has reached. */
import { afterAll } from 'bun:test';
import { writeFileSync } from 'node:fs';

interface Coverage {
  readonly static: Readonly<Record<string, number>>;
}

const target = process.env['MUTANT_COVERAGE'];

afterAll(() => {
  if (target === undefined) return;
  const { __stryker__: switches } = globalThis as { __stryker__?: { mutantCoverage?: Coverage } };
  writeFileSync(target, JSON.stringify(Object.keys(switches?.mutantCoverage?.static ?? {})));
});
