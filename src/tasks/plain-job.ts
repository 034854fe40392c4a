import type { Meter } from '../base/model.ts';
import type { JobOutcome, LineJob } from '../meters/line-job.ts';
import type { MeterSession } from '../meters/session.ts';

/** Told of the beginning and the end of a job. */
export interface JobHooks {
  readonly onStarted: (job: LineJob<MeterSession>, line: string) => void;
  readonly onFinished: (job: LineJob<MeterSession>, outcome: JobOutcome) => void;
}

type Facts = Pick<LineJob<MeterSession>, 'id' | 'key' | 'meter' | 'name' | 'type' | 'priority'>;

/** A job that is always to be done, however much the store holds. */
export abstract class PlainJob implements LineJob<MeterSession> {
  readonly id: string;
  readonly key: string;
  readonly meter: Meter;
  readonly name: string;
  readonly type: string;
  readonly priority: number;
  progress = 0;
  readonly #hooks: JobHooks;

  constructor({ id, key, meter, name, type, priority }: Facts, hooks: JobHooks) {
    this.id = id;
    this.key = key;
    this.meter = meter;
    this.name = name;
    this.type = type;
    this.priority = priority;
    this.#hooks = hooks;
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

  abstract step(session: MeterSession, signal: AbortSignal): Promise<'more' | 'done'>;

  async finished(outcome: JobOutcome): Promise<void> {
    this.#hooks.onFinished(this, outcome);
  }
}
