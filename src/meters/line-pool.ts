import { Line } from './line.ts';
import type { LineHooks, LineJob, LineSession, LineView } from './line-job.ts';

/** Lines that may be busy beyond the limit when an operator waits. */
const ON_DEMAND_EXTRA = 16;

/** All lines of the concentrator; at most `maxBusy` of them work at the same time, on-demand work excepted. */
export class LinePool<Session extends LineSession> {
  readonly #lines = new Map<string, Line<Session>>();
  readonly #hooks: LineHooks<Session>;
  readonly #maxBusy: number;
  readonly #waiting: { readonly priority: number; readonly grant: () => void }[] = [];
  #busy = 0;

  constructor(hooks: Omit<LineHooks<Session>, 'slot'>, maxBusy: number) {
    this.#maxBusy = maxBusy;
    this.#hooks = { ...hooks, slot: (priority) => this.#slot(priority) };
  }

  /** False when a job of the same key waits or runs on that line already. */
  enqueue(lineName: string, job: LineJob<Session>, urgent = false): boolean {
    let line = this.#lines.get(lineName);
    if (line === undefined) {
      line = new Line(lineName, this.#hooks);
      this.#lines.set(lineName, line);
    }
    return line.enqueue(job, urgent);
  }

  cancel(jobId: string): boolean {
    for (const line of this.#lines.values()) if (line.cancel(jobId)) return true;
    return false;
  }

  lines(): IterableIterator<Line<Session>> {
    return this.#lines.values();
  }

  views(): LineView[] {
    return [...this.#lines.values()].map((line) => line.view());
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#lines.values()].map((line) => line.stop()));
  }

  async #slot(priority: number): Promise<() => void> {
    if (this.#busy >= this.#maxBusy + (priority === 0 ? ON_DEMAND_EXTRA : 0)) {
      await new Promise<void>((grant) => {
        const behind = this.#waiting.findIndex((other) => other.priority > priority);
        this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, { priority, grant });
      });
    } else this.#busy++;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const next = this.#busy <= this.#maxBusy ? this.#waiting.shift() : undefined;
      if (next === undefined) this.#busy--;
      else next.grant();
    };
  }
}
