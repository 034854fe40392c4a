import { DcuError } from '../base/errors.ts';
import type { Meter } from '../base/model.ts';
import type { JobOutcome } from '../meters/line-job.ts';
import type { MeterSession } from '../meters/session.ts';
import { type JobHooks, PlainJob } from './plain-job.ts';

/** What an operator waits for; goes ahead of all scheduled work on the meter's line. */
export class OnDemandJob<Result> extends PlainJob {
  readonly #work: (session: MeterSession) => Promise<Result>;
  readonly #ended = Promise.withResolvers<Result>();
  #value: { readonly result: Result } | undefined;

  constructor(
    id: string,
    meter: Meter,
    name: string,
    work: (session: MeterSession) => Promise<Result>,
    hooks: JobHooks,
  ) {
    super({ id, key: `on-demand:${id}`, meter, name, type: 'on demand', priority: 0 }, hooks);
    this.#work = work;
  }

  get result(): Promise<Result> {
    return this.#ended.promise;
  }

  async step(session: MeterSession): Promise<'done'> {
    this.#value = { result: await this.#work(session) };
    return 'done';
  }

  override async finished(outcome: JobOutcome): Promise<void> {
    await super.finished(outcome);
    const { resolve, reject } = this.#ended;
    if (outcome.state === 'done' && this.#value !== undefined) resolve(this.#value.result);
    else if ('error' in outcome) reject(outcome.error);
    else reject(new DcuError('internal', `${this.name} ended without a result`));
  }
}
