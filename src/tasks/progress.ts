import type { Clock } from '../base/clock.ts';
import type { Line } from '../meters/line.ts';
import type { LineAccess } from '../meters/line-channels.ts';
import type { JobOutcome, LineJob } from '../meters/line-job.ts';
import type { MeterSession } from '../meters/session.ts';
import { CollectJob } from './collect-job.ts';
import { Estimates, overall } from './estimate.ts';
import type { CollectorSnapshot, JobView, LineProgress } from './events.ts';

const PROGRESS_EVERY_MS = 250;
/** Lines of which so often a snapshot is made. */
const LINES_AT_ONCE = 256;
/** Waiting jobs in a snapshot; the counts of the lines are complete. */
const SNAPSHOT_QUEUED = 500;

export interface ProgressDependencies {
  readonly clock: Clock;
  readonly lines: () => Iterable<Line<MeterSession>>;
  /** Lines that may work at the same time. */
  readonly mostBusy: number;
  readonly isHeard: () => boolean;
  readonly tell: (snapshot: CollectorSnapshot) => void;
}

/** What waits and runs on the lines, how far it has come, and how long it will take. */
export class Progress {
  readonly #deps: ProgressDependencies;
  readonly #clock: Clock;
  readonly #estimates = new Estimates();
  readonly #lineNames = new Set<string>();
  /** Monotonic ms at which jobs that run were begun. */
  readonly #begun = new Map<string, number>();
  #cancelProgress: (() => void) | undefined;

  constructor(deps: ProgressDependencies) {
    this.#deps = deps;
    this.#clock = deps.clock;
  }

  queued({ lineName, shared }: Pick<LineAccess, 'lineName' | 'shared'>, type: string): void {
    this.#lineNames.add(lineName);
    this.#estimates.queued(lineName, shared, type);
    this.changed();
  }

  begun(jobId: string): void {
    this.#begun.set(jobId, this.#clock.monotonicMs());
  }

  ended({ id, type }: Pick<LineJob<MeterSession>, 'id' | 'type'>, line: string, { state }: JobOutcome): void {
    const begunMs = this.#begun.get(id);
    this.#begun.delete(id);
    // What was cancelled, or never got as far as a session, says nothing of how long such work takes.
    const tookMs = begunMs === undefined ? undefined : this.#clock.monotonicMs() - begunMs;
    const told = state === 'skipped' ? (tookMs ?? 0) : state === 'cancelled' ? undefined : tookMs;
    this.#estimates.ended(line, type, told);
    this.changed();
  }

  stop(): void {
    this.#cancelProgress?.();
    this.#cancelProgress = undefined;
  }

  snapshot(): CollectorSnapshot {
    const jobs: JobView[] = [];
    for (const line of this.#deps.lines()) {
      for (const { job, running, queuedAt, startedAt } of line.entries()) {
        if (!running && jobs.length >= SNAPSHOT_QUEUED) break;
        const { id, meterId, name, type, priority, meter } = job;
        const state = running ? 'running' : 'queued';
        jobs.push({
          id,
          meterId,
          meterNo: meter.meterNo,
          name,
          type,
          line: line.name,
          priority,
          state,
          queuedAt,
          startedAt,
        });
      }
    }
    const lines = this.#lineProgress();
    return { jobs, lines, overall: overall(lines, this.#deps.mostBusy) };
  }

  #lineProgress(): LineProgress[] {
    const nowMs = this.#clock.now();
    const channels = new Map<string, LineProgress[]>();
    for (const line of this.#deps.lines()) {
      const progress = this.#progressOf(line, nowMs);
      const others = channels.get(line.channel);
      if (others === undefined) channels.set(line.channel, [progress]);
      else others.push(progress);
    }
    return Array.from(channels, ([channel, lines]) => asOne(channel, lines, this.#deps.mostBusy));
  }

  #progressOf(line: Line<MeterSession>, nowMs: number): LineProgress {
    const view = line.view();
    if (view.running + view.queued === 0) return { ...view, chunksLeft: null, etaMs: 0 };
    const first = view.running === 0 ? undefined : line.entries().next().value;
    const job = first?.job instanceof CollectJob ? first.job : undefined;
    const chunksLeft =
      job === undefined || job.chunksPlanned === 0 ? null : job.chunksPlanned - job.chunksDone;
    const running = first && {
      type: first.job.type,
      startedAt: first.startedAt,
      ...(job === undefined ? {} : { chunksDone: job.chunksDone, chunksPlanned: job.chunksPlanned }),
    };
    return { ...view, chunksLeft, etaMs: this.#estimates.leftMs(line.name, running, nowMs) };
  }

  /** Nobody sees more than a few changes a second, and a snapshot of very many lines is told less often. */
  changed(): void {
    if (this.#cancelProgress !== undefined || !this.#deps.isHeard()) return;
    const everyMs = PROGRESS_EVERY_MS * Math.max(1, this.#lineNames.size / LINES_AT_ONCE);
    this.#cancelProgress = this.#clock.after(everyMs, () => {
      this.#cancelProgress = undefined;
      this.#deps.tell(this.snapshot());
    });
  }
}

/** The lines of one channel as one; a shared line is its channel's only one. */
function asOne(channel: string, lines: readonly LineProgress[], mostBusy: number): LineProgress {
  const [first] = lines;
  if (first !== undefined && lines.length === 1) return { ...first, line: channel };
  const busy = lines.filter(({ running }) => running > 0);
  return {
    line: channel,
    shared: false,
    ...overall(lines, mostBusy),
    current: busy.length === 1 ? (busy[0]?.current ?? null) : null,
    chunksLeft: busy.length === 1 ? (busy[0]?.chunksLeft ?? null) : null,
  };
}
