import type { BenchCase, Candidate, CandidateName } from './bench.ts';

export interface Effort {
  /** How often the candidates take turns. */
  readonly rounds: number;
  /** How long a candidate runs in one turn, and before the first one. */
  readonly turnMs: number;
  readonly warmUpMs: number;
}

export const FULL: Effort = { rounds: 31, turnMs: 6, warmUpMs: 120 };
/** For continuous integration: proves that everything runs, says little about speed. */
export const QUICK: Effort = { rounds: 3, turnMs: 2, warmUpMs: 10 };

export interface Measured {
  readonly candidate: CandidateName;
  /** Median of the rounds, operations a second. */
  readonly value: number;
  /** Half of the distance between the quartiles, relative to the median. */
  readonly spread: number;
  readonly rounds: readonly number[];
}

export function quantile(sorted: readonly number[], q: number): number {
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

async function time(candidate: Candidate, times: number): Promise<number> {
  const started = Bun.nanoseconds();
  const pending = candidate.run(times);
  // Awaited only when there is something to wait for: a microtask would be charged to the synchronous ones.
  if (pending !== undefined) await pending;
  return Bun.nanoseconds() - started;
}

/** Runs until `forMs` have passed and returns how many turns make up `turnMs`. */
async function warmUp(candidate: Candidate, { warmUpMs, turnMs }: Effort): Promise<number> {
  let times = 1;
  let took = 0;
  const end = Bun.nanoseconds() + warmUpMs * 1e6;
  do {
    took = await time(candidate, times);
    if (took < turnMs * 0.5e6) times *= 2;
  } while (Bun.nanoseconds() < end);
  return Math.max(1, Math.round((times * turnMs * 1e6) / Math.max(took, 1)));
}

/** Interleaved, so that what else the machine does falls on all candidates alike. */
export async function measure(bench: BenchCase, effort: Effort): Promise<Measured[]> {
  const entries = [];
  for (const candidate of bench.candidates) {
    entries.push({ candidate, times: await warmUp(candidate, effort), rounds: [] as number[] });
  }
  for (let round = 0; round < effort.rounds; round++) {
    for (const entry of entries) {
      const took = await time(entry.candidate, entry.times);
      entry.rounds.push((entry.times * bench.operations * 1e9) / took);
    }
  }
  return entries.map(({ candidate, rounds }) => {
    const sorted = [...rounds].sort((a, b) => a - b);
    const value = quantile(sorted, 0.5);
    return {
      candidate: candidate.name,
      value,
      spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / value,
      rounds,
    };
  });
}

/** Median of the ratios within each round: a slow second of the machine cancels out. */
export function ratioOf(of: Measured, to: Measured): number {
  return median(of.rounds.map((value, i) => value / (to.rounds[i] ?? Number.NaN)));
}
