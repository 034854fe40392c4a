import type { LineProgress, OverallProgress } from './events.ts';

/** Weight of the newest observation. */
const NEWEST = 0.2;

/** A job as far as an estimate goes by it. */
export interface EstimatedJob {
  readonly type: string;
  readonly startedAt: number | null;
  /** Of a job that works in chunks. */
  readonly chunksDone?: number;
  readonly chunksPlanned?: number;
}

/**
 * How long jobs of a kind take, exponentially weighted, on each line that meters share and on all others together; and
 * what waits on each line, by kind. What nobody has seen yet has no estimate.
 */
export class Estimates {
  readonly #usualMs = new Map<string, number>();
  /** Jobs that wait or run, by line, then by kind. */
  readonly #open = new Map<string, Map<string, number>>();
  readonly #shared = new Set<string>();

  queued(line: string, shared: boolean, type: string): void {
    if (shared) this.#shared.add(line);
    const types = this.#open.get(line) ?? new Map<string, number>();
    this.#open.set(line, types.set(type, (types.get(type) ?? 0) + 1));
  }

  /** `tookMs`: from its start to its end; 0 for a job that found nothing to do, undefined for one that tells nothing. */
  ended(line: string, type: string, tookMs: number | undefined): void {
    const types = this.#open.get(line);
    const left = (types?.get(type) ?? 1) - 1;
    if (left > 0) types?.set(type, left);
    else types?.delete(type);
    if (types?.size === 0) this.#open.delete(line);
    if (tookMs === undefined) return;
    for (const key of new Set([this.#keyOf(line, type), type])) {
      const before = this.#usualMs.get(key);
      this.#usualMs.set(key, before === undefined ? tookMs : before + NEWEST * (tookMs - before));
    }
  }

  /** Milliseconds until the work of a line is done if nothing is added; null when that cannot be told. `nowMs`: UTC. */
  leftMs(line: string, running: EstimatedJob | undefined, nowMs: number): number | null {
    let sum = 0;
    for (const [type, count] of this.#open.get(line) ?? []) {
      const usualMs = this.#usualMs.get(this.#keyOf(line, type)) ?? this.#usualMs.get(type);
      if (usualMs === undefined) {
        const own = running?.type === type && count === 1 ? leftOf(running, undefined, nowMs) : undefined;
        if (own === undefined) return null;
        sum += own;
      } else {
        const isRunning = running?.type === type;
        sum += usualMs * (count - (isRunning ? 1 : 0));
        if (isRunning) sum += leftOf(running, usualMs, nowMs) ?? usualMs;
      }
    }
    return Math.round(sum);
  }

  #keyOf(line: string, type: string): string {
    return this.#shared.has(line) ? `${line} ${type}` : type;
  }
}

/** Of a running job: by the chunks that it has done, else by what its kind usually takes. */
function leftOf(
  { startedAt, chunksDone = 0, chunksPlanned = 0 }: EstimatedJob,
  usualMs: number | undefined,
  nowMs: number,
): number | undefined {
  if (startedAt === null) return usualMs;
  const spentMs = Math.max(0, nowMs - startedAt);
  if (chunksDone > 0) return (spentMs / chunksDone) * Math.max(0, chunksPlanned - chunksDone);
  return usualMs === undefined ? undefined : Math.max(0, usualMs - spentMs);
}

/** All lines as one. `mostBusy` = how many work at the same time. */
export function overall(lines: readonly LineProgress[], mostBusy: number): OverallProgress {
  const sum = { total: 0, done: 0, failed: 0, queued: 0, running: 0 };
  let longestMs = 0;
  let workMs = 0;
  let working = 0;
  let known = true;
  for (const line of lines) {
    for (const key of ['total', 'done', 'failed', 'queued', 'running'] as const) sum[key] += line[key];
    if (line.queued + line.running === 0) continue;
    working++;
    if (line.etaMs === null) known = false;
    longestMs = Math.max(longestMs, line.etaMs ?? 0);
    workMs += line.etaMs ?? 0;
  }
  const shareMs = workMs / Math.max(1, Math.min(working, mostBusy));
  return { ...sum, etaMs: known ? Math.round(Math.max(longestMs, shareMs)) : null };
}
