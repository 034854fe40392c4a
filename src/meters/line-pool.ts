import { Line } from './line.ts';
import type { LineAccess } from './line-channels.ts';
import type { LineHooks, LineJob, LineSession, LineView } from './line-job.ts';
import { Slots } from './slots.ts';

/** All lines of the concentrator; at most `maxBusy` of them work at the same time, on-demand work excepted. */
export class LinePool<Session extends LineSession> {
  readonly #lines = new Map<string, Line<Session>>();
  readonly #hooks: LineHooks<Session>;

  constructor(hooks: Omit<LineHooks<Session>, 'slots'>, maxBusy: number) {
    this.#hooks = { ...hooks, slots: new Slots(maxBusy) };
  }

  /** False when a job of the same key waits or runs on that line already. */
  enqueue(
    { lineName, shared, prioritise }: Pick<LineAccess, 'lineName' | 'shared' | 'prioritise'>,
    job: LineJob<Session>,
    urgent = false,
  ): boolean {
    let line = this.#lines.get(lineName);
    if (line === undefined) {
      line = new Line(lineName, shared, this.#hooks, shared ? lineName : job.meter.channel);
      this.#lines.set(lineName, line);
    }
    line.prioritise = prioritise;
    return line.enqueue(job, urgent);
  }

  cancel(jobId: string): boolean {
    for (const line of this.#lines.values()) if (line.cancel(jobId)) return true;
    return false;
  }

  /** Drops what is kept of meters that are gone, and the lines that led to nobody else. */
  forget(meterIds: ReadonlySet<number>): void {
    for (const [name, line] of this.#lines) {
      line.forget(meterIds);
      if (line.isUnused) this.#lines.delete(name);
    }
  }

  lines(): IterableIterator<Line<Session>> {
    return this.#lines.values();
  }

  /** Whether somebody waits for that line who could begin now. */
  isWanted(lineName: string): boolean {
    return this.#lines.get(lineName)?.isWanted ?? false;
  }

  views(): LineView[] {
    return [...this.#lines.values()].map((line) => line.view());
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#lines.values()].map((line) => line.stop()));
  }
}
