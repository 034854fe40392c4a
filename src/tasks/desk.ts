import type { LineAccess } from '../meters/line-channels.ts';
import type { LineJob } from '../meters/line-job.ts';
import type { LinePool } from '../meters/line-pool.ts';
import type { MeterSession } from '../meters/session.ts';
import type { Progress } from './progress.ts';

/** Where all work is handed in, planned or asked for: it gives jobs their ids and puts them on the lines. */
export class Desk {
  readonly #pool: LinePool<MeterSession>;
  readonly #progress: Progress;
  #jobNumber = 0;

  constructor(pool: LinePool<MeterSession>, progress: Progress) {
    this.#pool = pool;
    this.#progress = progress;
  }

  nextId(): string {
    return `job-${++this.#jobNumber}`;
  }

  /** False when the same work waits already, or the line is closed. */
  submit(access: LineAccess, job: LineJob<MeterSession>, urgent = false): boolean {
    if (!this.#pool.enqueue(access, job, urgent)) return false;
    this.#progress.queued(access, job.type);
    return true;
  }

  /** False when there is no such job any more. */
  cancel(jobId: string): boolean {
    return this.#pool.cancel(jobId);
  }

  /** Whether others wait for a line. */
  isWanted(lineName: string): boolean {
    return this.#pool.isWanted(lineName);
  }
}
