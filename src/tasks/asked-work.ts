import type { Clock } from '../base/clock.ts';
import type { CollectionStore } from '../base/collection.ts';
import { DcuError } from '../base/errors.ts';
import type { Meter } from '../base/model.ts';
import type { MeterConnector } from '../meters/connector.ts';
import type { LineAccess, LineOpener } from '../meters/line-channels.ts';
import type { LineJob } from '../meters/line-job.ts';
import type { LineStay, VisitKind } from '../meters/line-visit.ts';
import type { MeterSession } from '../meters/session.ts';
import { type BroadcastGroup, setAllClocks } from './clock-broadcasts.ts';
import type { Desk } from './desk.ts';
import type { JobReports } from './job-reports.ts';
import { LineVisitJob } from './line-visit-job.ts';
import { OnDemandJob } from './on-demand-job.ts';

export interface AskedWorkOptions {
  readonly store: Pick<CollectionStore, 'meters'>;
  readonly clock: Clock;
  readonly openLine: LineOpener;
  readonly connector: MeterConnector;
  readonly desk: Desk;
  readonly reports: JobReports;
}

/** Work that somebody has asked for and waits for, ahead of all that is planned. */
export class AskedWork {
  readonly #options: AskedWorkOptions;

  constructor(options: AskedWorkOptions) {
    this.#options = options;
  }

  /** See `Collector.withSession`. */
  async withSession<Result>(
    meterId: number,
    name: string,
    signal: AbortSignal,
    work: (session: MeterSession) => Promise<Result>,
  ): Promise<Result> {
    const { store, openLine, desk, reports } = this.#options;
    const meter = (await store.meters()).find((candidate) => candidate.id === meterId);
    if (meter === undefined)
      throw new DcuError('not-found', `there is no meter ${meterId}`, { field: 'meterId' });
    const access = openLine(meter);
    const job = new OnDemandJob<Result>(desk.nextId(), meter, name, work, {
      onStarted: (started, line) => reports.started(started, line),
      onFinished: (ended, outcome) => reports.finished(ended, access.lineName, 0, outcome),
    });
    if (signal.aborted) throw new DcuError('cancelled', `${name} was cancelled`);
    return this.#awaited(access, job, signal);
  }

  /** See `Collector.visit`. */
  async visit(
    meter: Meter,
    name: string,
    signal: AbortSignal,
    stay: LineStay,
    kind?: VisitKind,
  ): Promise<void> {
    signal.throwIfAborted();
    const { openLine, connector, desk, reports } = this.#options;
    const access = openLine(meter);
    const { lineName, shared } = access;
    const isWanted = (): boolean => desk.isWanted(lineName);
    const job = new LineVisitJob(
      desk.nextId(),
      meter,
      name,
      (aborted, count) =>
        connector.visit(meter, aborted, (channel, settings, linkFor) =>
          stay({ name: lineName, shared, channel, settings, linkFor, signal: aborted, count, isWanted }),
        ),
      {
        onStarted: (started, line) => reports.started(started, line),
        onFinished: (ended, outcome) => reports.finished(ended, access.lineName, 0, outcome),
      },
      kind,
    );
    await this.#awaited(access, job, signal);
  }

  /** Queues work that a caller waits for, and ends it when the caller does not want it any more. */
  async #awaited<Result>(
    access: LineAccess,
    job: LineJob<MeterSession> & { readonly result: Promise<Result> },
    signal: AbortSignal,
  ): Promise<Result> {
    const { desk } = this.#options;
    const onAbort = (): void => {
      desk.cancel(job.id);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (!desk.submit(access, job)) throw new DcuError('cancelled', 'the line is closed');
      return await job.result;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** False when the moment has passed by the time that the line is free. */
  async setAllClocks(group: BroadcastGroup, ready: () => boolean): Promise<boolean> {
    let sent = false;
    const stay: LineStay = async ({ channel }) => {
      if (!ready()) return 'done';
      await setAllClocks(channel, group, this.#options.clock);
      sent = true;
      return 'done';
    };
    const kind = { type: 'Meter Clock', priority: 1 };
    await this.visit(group.meter, 'all clocks of the line', new AbortController().signal, stay, kind);
    return sent;
  }
}
