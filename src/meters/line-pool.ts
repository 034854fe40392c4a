import { Line } from './line.ts';
import type { LineAccess } from './line-channels.ts';
import type { LineHooks, LineJob, LineSession, LineView } from './line-job.ts';

/** Lines that may be busy beyond the limit when an operator waits. */
const ON_DEMAND_EXTRA = 16;

/** A line that has work and no slot. */
interface Waiting {
  readonly line: string;
  readonly priority: number;
  readonly grant: () => void;
}

/** All lines of the concentrator; at most `maxBusy` of them work at the same time, on-demand work excepted. */
export class LinePool<Session extends LineSession> {
  readonly #lines = new Map<string, Line<Session>>();
  readonly #hooks: LineHooks<Session>;
  readonly #maxBusy: number;
  readonly #waiting: Waiting[] = [];
  #busy = 0;

  constructor(hooks: Omit<LineHooks<Session>, 'slot' | 'hurry'>, maxBusy: number) {
    this.#maxBusy = maxBusy;
    this.#hooks = {
      ...hooks,
      slot: (line, priority) => this.#slot(line, priority),
      hurry: (line) => this.#hurry(line),
    };
  }

  /** False when a job of the same key waits or runs on that line already. */
  enqueue(
    { lineName, shared }: Pick<LineAccess, 'lineName' | 'shared'>,
    job: LineJob<Session>,
    urgent = false,
  ): boolean {
    let line = this.#lines.get(lineName);
    if (line === undefined) {
      line = new Line(lineName, shared, this.#hooks);
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

  async #slot(line: string, priority: number): Promise<() => void> {
    if (this.#free(priority)) this.#busy++;
    else await new Promise<void>((grant) => this.#wait({ line, priority, grant }));
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#busy--;
      this.#grant();
    };
  }

  #free(priority: number): boolean {
    return this.#busy < this.#maxBusy + (priority === 0 ? ON_DEMAND_EXTRA : 0);
  }

  /** Behind those that are as urgent. */
  #wait(waiting: Waiting): void {
    const behind = this.#waiting.findIndex((other) => other.priority > waiting.priority);
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, waiting);
  }

  #grant(): void {
    for (
      let next = this.#waiting[0];
      next !== undefined && this.#free(next.priority);
      next = this.#waiting[0]
    ) {
      this.#waiting.shift();
      this.#busy++;
      next.grant();
    }
  }

  #hurry(line: string): void {
    const at = this.#waiting.findIndex((waiting) => waiting.line === line);
    const [found] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (found === undefined) return;
    this.#wait({ ...found, priority: 0 });
    this.#grant();
  }
}
