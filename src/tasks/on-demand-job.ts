import { DcuError } from '../base/errors.ts';
import type { Meter } from '../base/model.ts';
import type { JobOutcome, LineJob } from '../meters/line-job.ts';
import type { MeterSession } from '../meters/session.ts';

/** What an operator waits for; goes ahead of all scheduled work on the meter's line. */
export class OnDemandJob<Result> implements LineJob<MeterSession> {
  readonly id: string;
  readonly key: string;
  readonly meter: Meter;
  readonly name: string;
  readonly type = 'on demand';
  readonly priority = 0;
  readonly progress = 0;
  readonly result: Promise<Result>;
  readonly #work: (session: MeterSession) => Promise<Result>;
  readonly #onStarted: (job: OnDemandJob<Result>, line: string) => void;
  readonly #onFinished: (job: OnDemandJob<Result>, outcome: JobOutcome) => void;
  readonly #settle: {
    readonly resolve: (result: Result) => void;
    readonly reject: (error: DcuError) => void;
  };
  #value: { readonly result: Result } | undefined;

  constructor(
    id: string,
    meter: Meter,
    name: string,
    work: (session: MeterSession) => Promise<Result>,
    hooks: {
      readonly onStarted: (job: OnDemandJob<Result>, line: string) => void;
      readonly onFinished: (job: OnDemandJob<Result>, outcome: JobOutcome) => void;
    },
  ) {
    this.id = id;
    this.key = `on-demand:${id}`;
    this.meter = meter;
    this.name = name;
    this.#work = work;
    this.#onStarted = hooks.onStarted;
    this.#onFinished = hooks.onFinished;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
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
    this.#onStarted(this, line);
  }

  async step(session: MeterSession): Promise<'done'> {
    this.#value = { result: await this.#work(session) };
    return 'done';
  }

  async finished(outcome: JobOutcome): Promise<void> {
    this.#onFinished(this, outcome);
    if (outcome.state === 'done' && this.#value !== undefined) this.#settle.resolve(this.#value.result);
    else if ('error' in outcome) this.#settle.reject(outcome.error);
    else this.#settle.reject(new DcuError('internal', `${this.name} ended without a result`));
  }
}
