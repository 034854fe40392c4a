import { DcuError } from '../base/errors.ts';
import type { Meter } from '../base/model.ts';
import type { CountLink, JobOutcome, LineJob } from '../meters/line-job.ts';
import type { VisitKind } from '../meters/line-visit.ts';
import type { MeterSession } from '../meters/session.ts';

/** Behind all reading. */
const LOOKING: VisitKind = { type: 'discovery', priority: 6 };

export interface VisitHooks {
  readonly onStarted: (job: LineVisitJob, line: string) => void;
  readonly onFinished: (job: LineVisitJob, outcome: JobOutcome) => void;
}

/** Work on a line itself, one stay after the other, so that reading comes in between. */
export class LineVisitJob implements LineJob<MeterSession> {
  readonly id: string;
  readonly key: string;
  readonly meter: Meter;
  readonly name: string;
  readonly type: string;
  readonly priority: number;
  readonly result: Promise<void>;
  progress = 0;
  readonly #stay: (signal: AbortSignal, count: CountLink) => Promise<'more' | 'done'>;
  readonly #hooks: VisitHooks;
  readonly #settle: { readonly resolve: () => void; readonly reject: (error: DcuError) => void };

  constructor(
    id: string,
    meter: Meter,
    name: string,
    stay: (signal: AbortSignal, count: CountLink) => Promise<'more' | 'done'>,
    hooks: VisitHooks,
    kind: VisitKind = LOOKING,
  ) {
    this.id = id;
    this.key = `visit:${id}`;
    this.meter = meter;
    this.name = name;
    this.type = kind.type;
    this.priority = kind.priority;
    this.#stay = stay;
    this.#hooks = hooks;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.result = promise;
    this.#settle = { resolve, reject };
  }

  get meterId(): number {
    return this.meter.id;
  }

  async prepare(): Promise<string | undefined> {
    return undefined;
  }

  started(line: string): void {
    this.#hooks.onStarted(this, line);
  }

  async step(): Promise<'done'> {
    throw new DcuError('internal', `${this.name} needs no session`);
  }

  readonly visit = async (signal: AbortSignal, count: CountLink): Promise<'more' | 'done'> => {
    const outcome = await this.#stay(signal, count);
    this.progress++;
    return outcome;
  };

  async finished(outcome: JobOutcome): Promise<void> {
    this.#hooks.onFinished(this, outcome);
    if ('error' in outcome) this.#settle.reject(outcome.error);
    else this.#settle.resolve();
  }
}
