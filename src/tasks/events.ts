import type { ClockCorrection } from '../base/collection.ts';
import type { CollectionKind, MeterState } from '../base/model.ts';
import type { LineView } from '../meters/line-job.ts';

/** A read that waits or runs on a line. */
export interface JobView {
  readonly id: string;
  readonly meterId: number;
  readonly meterNo: string;
  /** Name of the task item, or what an operator asked for. */
  readonly name: string;
  readonly type: string;
  readonly line: string;
  readonly priority: number;
  readonly state: 'queued' | 'running';
  /** UTC milliseconds. */
  readonly queuedAt: number;
  readonly startedAt: number | null;
}

/** How far the work on one line has come, and how long it will take. */
export interface LineProgress extends LineView {
  /** Chunks that the running job has yet to fetch; null when it does not work in chunks, or none runs. */
  readonly chunksLeft: number | null;
  /** Milliseconds that the work in hand will take by what such work has taken lately; null when that cannot be told. */
  readonly etaMs: number | null;
}

/** All lines together. */
export type OverallProgress = Pick<
  LineProgress,
  'total' | 'done' | 'failed' | 'queued' | 'running' | 'etaMs'
>;

export interface CollectorSnapshot {
  readonly jobs: readonly JobView[];
  readonly lines: readonly LineProgress[];
  readonly overall: OverallProgress;
}

interface JobEvent {
  readonly jobId: string;
  readonly meterId: number;
  readonly meterNo: string;
  /** Task item by name; for on-demand work what was asked for. */
  readonly item: string;
  readonly type: string;
  readonly line: string;
  /** New rows and events so far. */
  readonly rows: number;
}

/** What happens while collecting. */
export interface CollectorEvents extends Record<string, unknown> {
  'job-started': JobEvent;
  'job-progress': JobEvent & { readonly chunksDone: number; readonly chunksPlanned: number };
  'job-finished': JobEvent & {
    readonly outcome: 'done' | 'skipped' | 'failed' | 'cancelled';
    /** Why there was nothing to do. */
    readonly reason?: string;
    readonly error?: { readonly code: string; readonly message: string };
  };
  'meter-state': {
    readonly meterId: number;
    readonly meterNo: string;
    readonly state: MeterState;
    readonly lastSeen: number | null;
  };
  /** On change only: a meter has fallen silent, or answers again; `since` = when it was found silent, UTC ms. */
  'meter-reachability': {
    readonly meterId: number;
    readonly meterNo: string;
    readonly channel: string;
    readonly state: 'online' | 'offline';
    readonly since: number;
  };
  /** Once of each thing that is wrong with a line itself: an echo, an address that two devices may share. */
  'line-trouble': { readonly line: string; readonly message: string };
  /** Another meter answers at the address of this one: what it called itself, and what the other does. */
  'meter-identity': {
    readonly meterId: number;
    readonly meterNo: string;
    readonly known: string;
    readonly found: string;
  };
  'meter-clock': ClockCorrection & { readonly meterNo: string };
  'meter-data': { readonly meterId: number; readonly kind: CollectionKind; readonly added: number };
  /** All lines and jobs; at most a few times a second. */
  progress: CollectorSnapshot;
}
