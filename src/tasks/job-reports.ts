import type { Bus } from '../base/bus.ts';
import type { JobOutcome, LineJob } from '../meters/line-job.ts';
import type { MeterSession } from '../meters/session.ts';
import type { CollectJob } from './collect-job.ts';
import type { CollectorEvents } from './events.ts';
import type { Progress } from './progress.ts';
import type { Round } from './round.ts';
import { kindOf } from './task-type.ts';

/** Tells of jobs: on the bus, to the progress, to the rounds that they belong to. */
export class JobReports {
  readonly #bus: Bus<CollectorEvents>;
  readonly #progress: Progress;
  /** Rounds under way. */
  readonly rounds = new Set<Round>();

  constructor(bus: Bus<CollectorEvents>, progress: Progress) {
    this.#bus = bus;
    this.#progress = progress;
  }

  started(job: LineJob<MeterSession>, line: string): void {
    this.#progress.begun(job.id);
    this.#bus.emit('job-started', { ...eventOf(job, line), rows: 0 });
  }

  rows(job: CollectJob, added: number): void {
    const { added: rows, chunksDone, chunksPlanned, access } = job;
    this.#bus.emit('job-progress', { ...eventOf(job, access.lineName), rows, chunksDone, chunksPlanned });
    const kind = kindOf(job.definition);
    if (added > 0 && kind !== undefined) this.#bus.emit('meter-data', { meterId: job.meterId, kind, added });
  }

  finished(job: LineJob<MeterSession>, line: string, rows: number, outcome: JobOutcome): void {
    for (const round of this.rounds) round.finished(job.id, outcome, rows);
    this.#progress.ended(job, line, outcome);
    this.#bus.emit('job-finished', {
      ...eventOf(job, line),
      rows,
      outcome: outcome.state,
      ...(outcome.state === 'skipped' ? { reason: outcome.reason } : {}),
      ...('error' in outcome ? { error: { code: outcome.error.code, message: outcome.error.message } } : {}),
    });
  }
}

function eventOf(job: LineJob<MeterSession>, line: string): Omit<CollectorEvents['job-started'], 'rows'> {
  const { id: jobId, meterId, name: item, type, meter } = job;
  return { jobId, meterId, meterNo: meter.meterNo, item, type, line };
}
