import { DcuError } from '../base/errors.ts';
import type { Meter } from '../base/model.ts';
import type { CountLink, JobOutcome } from '../meters/line-job.ts';
import type { VisitKind } from '../meters/line-visit.ts';
import { type JobHooks, PlainJob } from './plain-job.ts';

/** Behind all reading. */
const LOOKING: VisitKind = { type: 'discovery', priority: 6 };

/** Work on a line itself, one stay after the other, so that reading comes in between. */
export class LineVisitJob extends PlainJob {
  readonly #stay: (signal: AbortSignal, count: CountLink) => Promise<'more' | 'done'>;
  readonly #ended = Promise.withResolvers<void>();

  constructor(
    id: string,
    meter: Meter,
    name: string,
    stay: (signal: AbortSignal, count: CountLink) => Promise<'more' | 'done'>,
    hooks: JobHooks,
    { type, priority }: VisitKind = LOOKING,
  ) {
    super({ id, key: `visit:${id}`, meter, name, type, priority }, hooks);
    this.#stay = stay;
  }

  get result(): Promise<void> {
    return this.#ended.promise;
  }

  async step(): Promise<'done'> {
    throw new DcuError('internal', `${this.name} needs no session`);
  }

  readonly visit = async (signal: AbortSignal, count: CountLink): Promise<'more' | 'done'> => {
    const outcome = await this.#stay(signal, count);
    this.progress++;
    return outcome;
  };

  override async finished(outcome: JobOutcome): Promise<void> {
    await super.finished(outcome);
    if ('error' in outcome) this.#ended.reject(outcome.error);
    else this.#ended.resolve();
  }
}
