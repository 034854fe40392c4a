/** What a benchmark is: data, so that a new one is one file and one line in `index.ts`. */

export const CANDIDATE_NAMES = ['wasm', 'facade', 'ts-tuned', 'ts-idiomatic', 'node-crypto'] as const;
export type CandidateName = (typeof CANDIDATE_NAMES)[number];

export interface Candidate {
  readonly name: CandidateName;
  /** Does the work `times` times. Returns a promise only if the work is asynchronous. */
  run(times: number): void | Promise<void>;
}

/** One size of a benchmark, ready to run. */
export interface BenchCase {
  /** Operations (in the benchmark's unit) that one turn of `run` does. */
  readonly operations: number;
  /** Throws when a candidate's result is not the expected one; called before anything is timed. */
  validate(): void | Promise<void>;
  readonly candidates: readonly Candidate[];
  close?(): void | Promise<void>;
}

export interface Bench {
  readonly name: string;
  readonly about: string;
  /** What a size counts, for the reader. */
  readonly sizeUnit: string;
  readonly sizes: readonly number[];
  /** Plural-free unit of the value, e.g. `op/s`. */
  readonly unit: string;
  prepare(size: number): BenchCase | Promise<BenchCase>;
  /** Candidates whose ratio is of interest: first over second. */
  readonly ratios: readonly (readonly [CandidateName, CandidateName])[];
}

export function defineBench(bench: Bench): Bench {
  return bench;
}

/** For `validate`: names what differs. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (!Bun.deepEquals(actual, expected)) throw new Error(`${what} gives a wrong result`);
}

/** Everything that was computed ends here, so that no compiler drops the work. */
export const sink = { total: 0 };
