/** What the queue needs to know of a job. */
export interface Queued {
  readonly id: string;
  readonly meterId: number;
  /** 0 (on demand) to 6 (looking for devices). */
  readonly priority: number;
}

const PRIORITIES = 7;

/**
 * Jobs of one line: by priority, then by the order in which meters came, the jobs of one meter together. Picking and
 * removing cost no walk over the whole queue.
 */
export class JobQueue<Job extends Queued> {
  readonly #levels: Map<number, Job[]>[] = Array.from({ length: PRIORITIES }, () => new Map());
  readonly #byId = new Map<string, Job>();

  get size(): number {
    return this.#byId.size;
  }

  /** On-demand work waits. */
  get urgent(): boolean {
    return this.#level(0).size > 0;
  }

  jobs(): IterableIterator<Job> {
    return this.#byId.values();
  }

  get(id: string): Job | undefined {
    return this.#byId.get(id);
  }

  /** Behind the other jobs of its meter and priority, or before them. */
  add(job: Job, place: 'first' | 'last' = 'last'): void {
    const level = this.#level(job.priority);
    const jobs = level.get(job.meterId);
    if (jobs === undefined) level.set(job.meterId, [job]);
    else if (place === 'first') jobs.unshift(job);
    else jobs.push(job);
    this.#byId.set(job.id, job);
  }

  remove(id: string): Job | undefined {
    const job = this.#byId.get(id);
    if (job === undefined) return undefined;
    this.#byId.delete(id);
    const level = this.#level(job.priority);
    const rest = (level.get(job.meterId) ?? []).filter((other) => other.id !== id);
    if (rest.length === 0) level.delete(job.meterId);
    else level.set(job.meterId, rest);
    return job;
  }

  removeMeter(meterId: number): Job[] {
    const removed: Job[] = [];
    for (const level of this.#levels) {
      for (const job of level.get(meterId) ?? []) {
        removed.push(job);
        this.#byId.delete(job.id);
      }
      level.delete(meterId);
    }
    return removed;
  }

  /**
   * The job to run next: the lowest priority number that has a ready meter; there `current` goes on if it can, else
   * the first meter that ranks best. `rank` is undefined for a meter that has to wait, else lower is better.
   */
  pick(
    current: number | undefined,
    rank: (meterId: number, priority: number) => number | undefined,
  ): Job | undefined {
    for (const [priority, level] of this.#levels.entries()) {
      if (current !== undefined && rank(current, priority) !== undefined) {
        const own = level.get(current)?.[0];
        if (own !== undefined) return own;
      }
      let best: { readonly job: Job; readonly rank: number } | undefined;
      for (const [meterId, jobs] of level) {
        const value = rank(meterId, priority);
        const job = jobs[0];
        if (value === undefined || job === undefined) continue;
        if (best === undefined || value < best.rank) best = { job, rank: value };
        if (value === 0) break;
      }
      if (best !== undefined) return best.job;
    }
    return undefined;
  }

  /** The meter's jobs stand behind those of the others of the same priority. */
  toBack(meterId: number): void {
    for (const level of this.#levels) {
      const jobs = level.get(meterId);
      if (jobs === undefined) continue;
      level.delete(meterId);
      level.set(meterId, jobs);
    }
  }

  *meters(): IterableIterator<{ readonly meterId: number; readonly priority: number }> {
    for (const [priority, level] of this.#levels.entries()) {
      for (const meterId of level.keys()) yield { meterId, priority };
    }
  }

  #level(priority: number): Map<number, Job[]> {
    const level = this.#levels[Math.max(0, Math.min(PRIORITIES - 1, priority))];
    if (level === undefined) throw new RangeError(`priority ${priority} is not within 0-6`);
    return level;
  }
}
