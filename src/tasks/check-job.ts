import { toDcuError } from '../base/errors.ts';
import type { EventLog, Meter } from '../base/model.ts';
import type { LineAccess } from '../meters/line-channels.ts';
import type { JobOutcome, LineJob } from '../meters/line-job.ts';
import type { MeterSession } from '../meters/session.ts';
import type { LogLooks } from './log-looks.ts';

/** Behind all reading. */
const LAST = 5;

export interface CheckHooks {
  readonly looks: LogLooks;
  /** Logs that hold something new. */
  readonly onNews: (meter: Meter, logs: readonly EventLog[]) => Promise<void>;
  readonly onStarted: (job: CheckJob, line: string) => void;
  readonly onFinished: (job: CheckJob, outcome: JobOutcome) => void;
}

/** Whether a meter answers, as cheaply as it can be told: an association, a look at its event logs, and the end. */
export class CheckJob implements LineJob<MeterSession> {
  readonly id: string;
  readonly key: string;
  readonly meter: Meter;
  readonly access: LineAccess;
  readonly name = 'reachability check';
  readonly type = 'check';
  readonly priority = LAST;
  readonly progress = 0;
  readonly #hooks: CheckHooks;

  constructor(id: string, meter: Meter, access: LineAccess, hooks: CheckHooks) {
    this.id = id;
    this.key = `${meter.id}:check`;
    this.meter = meter;
    this.access = access;
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

  async step(session: MeterSession): Promise<'done'> {
    try {
      const looks = await this.#hooks.looks.look(this.meter.id, session);
      const news = [...looks].filter(([, { changed }]) => changed).map(([log]) => log);
      if (news.length > 0) await this.#hooks.onNews(this.meter, news);
    } catch (thrown) {
      // A meter that grants no look has answered all the same.
      const { code } = toDcuError(thrown);
      if (code !== 'not-granted' && code !== 'type-mismatch') throw thrown;
    }
    return 'done';
  }

  async finished(outcome: JobOutcome): Promise<void> {
    this.#hooks.onFinished(this, outcome);
  }
}
