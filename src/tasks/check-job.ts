import { toDcuError } from '../base/errors.ts';
import type { EventLog, Meter } from '../base/model.ts';
import type { MeterSession } from '../meters/session.ts';
import type { LogLooks } from './log-looks.ts';
import { type JobHooks, PlainJob } from './plain-job.ts';

/** Behind all reading. */
const LAST = 5;

export interface CheckHooks extends JobHooks {
  readonly looks: LogLooks;
  /** Logs that hold something new. */
  readonly onNews: (meter: Meter, logs: readonly EventLog[]) => Promise<void>;
}

/** Whether a meter answers, as cheaply as it can be told: an association, a look at its event logs, and the end. */
export class CheckJob extends PlainJob {
  readonly #hooks: CheckHooks;

  constructor(id: string, meter: Meter, hooks: CheckHooks) {
    const key = `${meter.id}:check`;
    super({ id, key, meter, name: 'reachability check', type: 'check', priority: LAST }, hooks);
    this.#hooks = hooks;
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
}
