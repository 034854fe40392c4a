import { cpus, totalmem } from 'node:os';
import type { Bench } from './bench.ts';
import { type Measured, ratioOf } from './measure.ts';
import { KEY_SETUP_US, TARGETS } from './targets.ts';

export interface CaseResult {
  readonly bench: Bench;
  readonly size: number;
  readonly measured: readonly Measured[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly platform: string;
  readonly runtime: string;
}

export type Reached = 'stretch' | 'floor' | 'missed';

export interface ResultRow {
  readonly name: string;
  readonly size: number;
  readonly candidate: string;
  readonly value: number;
  readonly unit: string;
  readonly spread: number;
}

export interface RatioRow {
  readonly name: string;
  readonly size: number;
  readonly of: string;
  readonly to: string;
  readonly ratio: number;
  /** Only where there is a target. */
  readonly floor?: number;
  readonly stretch?: number;
  readonly reached?: Reached;
}

/** A bound on the time of one operation. */
export interface LimitRow {
  readonly name: string;
  readonly size: number;
  readonly candidate: string;
  readonly microseconds: number;
  readonly floor: number;
  readonly stretch: number;
  readonly reached: Reached;
}

export interface BenchReport {
  readonly machine: Machine;
  readonly results: readonly ResultRow[];
  readonly ratios: readonly RatioRow[];
  readonly limits: readonly LimitRow[];
}

export function machine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    platform: `${process.platform}-${process.arch}`,
    runtime: `bun ${Bun.version}`,
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

function ratiosOf({ bench, size, measured }: CaseResult): RatioRow[] {
  return bench.ratios.flatMap(([of, to]): RatioRow[] => {
    const first = measured.find((row) => row.candidate === of);
    const second = measured.find((row) => row.candidate === to);
    if (first === undefined || second === undefined) return [];
    const ratio = ratioOf(first, second);
    const row = { name: bench.name, size, of, to, ratio: rounded(ratio, 3) };
    const target = TARGETS.find(
      (entry) => entry.name === bench.name && entry.size === size && entry.of === of && entry.to === to,
    );
    if (target === undefined) return [row];
    const { floor, stretch } = target;
    return [
      { ...row, floor, stretch, reached: ratio >= stretch ? 'stretch' : ratio >= floor ? 'floor' : 'missed' },
    ];
  });
}

function limitsOf({ bench, size, measured }: CaseResult): LimitRow[] {
  if (bench.name !== 'key-setup') return [];
  const { floor, stretch } = KEY_SETUP_US;
  return measured
    .filter((row) => row.candidate === 'wasm')
    .map((row) => {
      const microseconds = 1e6 / row.value;
      const reached = microseconds <= stretch ? 'stretch' : microseconds <= floor ? 'floor' : 'missed';
      return {
        name: bench.name,
        size,
        candidate: row.candidate,
        microseconds: rounded(microseconds, 3),
        floor,
        stretch,
        reached,
      };
    });
}

export function report(on: Machine, cases: readonly CaseResult[]): BenchReport {
  return {
    machine: on,
    results: cases.flatMap(({ bench, size, measured }) =>
      measured.map((row) => ({
        name: bench.name,
        size,
        candidate: row.candidate,
        value: rounded(row.value, 4),
        unit: bench.unit,
        spread: rounded(row.spread, 2),
      })),
    ),
    ratios: cases.flatMap(ratiosOf),
    limits: cases.flatMap(limitsOf),
  };
}

function scaled(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 1e3) return `${(value / 1e3).toFixed(1)} k`;
  return value.toFixed(1);
}

/** Lines of a table for people. */
export function table(from: BenchReport): string[] {
  const { cpu, cores, runtime } = from.machine;
  const lines = [`${cpu}, ${cores} cores, ${runtime}`, ''];
  for (const row of from.results) {
    const value = `${scaled(row.value)} ${row.unit}`;
    lines.push(
      `${row.name.padEnd(14)}${String(row.size).padStart(6)}  ${row.candidate.padEnd(13)}${value.padStart(18)}  ±${(row.spread * 100).toFixed(1)} %`,
    );
  }
  lines.push('', 'Ratios (floor / stretch where there is a target)');
  for (const row of from.ratios) {
    const target = row.floor === undefined ? '' : `  ${row.floor} / ${row.stretch}  ${row.reached}`;
    lines.push(
      `${row.name.padEnd(14)}${String(row.size).padStart(6)}  ${`${row.of} : ${row.to}`.padEnd(24)}${row.ratio.toFixed(2).padStart(8)}${target}`,
    );
  }
  for (const row of from.limits) {
    lines.push(
      `${row.name.padEnd(14)}${String(row.size).padStart(6)}  ${`${row.candidate}, µs`.padEnd(24)}${row.microseconds.toFixed(2).padStart(8)}  ${row.floor} / ${row.stretch}  ${row.reached}`,
    );
  }
  return lines;
}
