import { type Clock, sleep } from '../base/clock.ts';
import type { CollectionStore } from '../base/collection.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { EventLog, Meter, TaskItem } from '../base/model.ts';
import type { LineOpener } from '../meters/line-channels.ts';
import { CheckJob } from './check-job.ts';
import { CollectJob, type JobDependencies, type JobReason } from './collect-job.ts';
import type { RoundFilter } from './collector-types.ts';
import type { Desk } from './desk.ts';
import type { JobReports } from './job-reports.ts';
import type { LinelessMeters } from './lineless-meters.ts';
import type { LogLooks } from './log-looks.ts';
import { type PlannedTask, tasksOf } from './planner.ts';
import type { Round } from './round.ts';
import { kindOf } from './task-type.ts';
import { TASK_TYPE_DEFINITIONS } from './types/index.ts';

/** Thousands of jobs in one go would keep everything else waiting. */
const ENQUEUED_AT_ONCE = 256;

export interface PlannedWorkOptions {
  readonly store: Pick<CollectionStore, 'meters' | 'taskGroups' | 'taskItems'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly openLine: LineOpener;
  readonly desk: Desk;
  readonly reports: JobReports;
  readonly lineless: LinelessMeters;
  readonly looks: LogLooks;
  readonly jobs: JobDependencies;
}

/** What task items and checks want of meters, as jobs on their lines. */
export class PlannedWork {
  readonly #options: PlannedWorkOptions;
  /** What is to be done again without a tick, by the key of its job. */
  readonly #later = new Map<string, () => void>();
  #stopped = false;

  constructor(options: PlannedWorkOptions) {
    this.#options = options;
  }

  /** Queues nothing more. */
  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#later.values()) cancel();
    this.#later.clear();
  }

  /** Enabled items, of the meters' own task groups and of those of their channels. */
  async #tasks(items: readonly TaskItem[], meterIds?: ReadonlySet<number>): Promise<PlannedTask[]> {
    const { store, openLine } = this.#options;
    const [all, groups] = await Promise.all([store.meters(), store.taskGroups()]);
    const meters = meterIds === undefined ? all : all.filter(({ id }) => meterIds.has(id));
    return tasksOf(meters, groups, items, (meter) => {
      try {
        return openLine(meter).task;
      } catch {
        // The job of the meter's own group meets the same error and reports it.
        return undefined;
      }
    });
  }

  async filtered({ meterIds, types }: RoundFilter): Promise<PlannedTask[]> {
    const items = await this.#options.store.taskItems();
    return this.#tasks(
      items.filter(({ type }) => types === undefined || types.includes(type)),
      meterIds && new Set(meterIds),
    );
  }

  /** Resolves to how many were queued; what else is to be done comes in between. */
  async enqueueAll(tasks: readonly PlannedTask[], reason: JobReason, round?: Round): Promise<number> {
    let queued = 0;
    for (const { meter } of tasks) round?.meter(meter);
    for (const [index, task] of tasks.entries()) {
      if (index > 0 && index % ENQUEUED_AT_ONCE === 0) await sleep(this.#options.clock, 0);
      if (this.#stopped) break;
      if (this.#enqueue(task, reason, round)) queued++;
    }
    return queued;
  }

  /** False when the same item of the same meter waits already, or its line cannot be had. */
  #enqueue({ meter, item }: PlannedTask, reason: JobReason, round: Round | undefined): boolean {
    const { openLine, lineless, desk, jobs } = this.#options;
    const definition = TASK_TYPE_DEFINITIONS[item.type];
    const id = desk.nextId();
    try {
      const access = openLine(meter);
      lineless.reachable(meter);
      const job = new CollectJob(id, { meter, item, definition }, access, reason, jobs);
      round?.add(job);
      const queued = desk.submit(access, job, reason === 'asked');
      if (!queued) round?.finished(job.id, { state: 'skipped', reason: 'the same read is under way' }, 0);
      return queued;
    } catch (thrown) {
      const error = toDcuError(thrown);
      round?.failed(meter, item, error);
      lineless.failed(meter, item, error);
      return false;
    }
  }

  async fire(items: readonly TaskItem[], why: JobReason, meterIds?: ReadonlySet<number>): Promise<void> {
    await this.enqueueAll(await this.#tasks(items, meterIds), why);
  }

  again({ key, meterId, item: { id } }: CollectJob, inMs: number): void {
    const { clock, store, log } = this.#options;
    this.#later.get(key)?.();
    const cancel = clock.after(inMs, () => {
      this.#later.delete(key);
      // The item may have been changed meanwhile.
      store
        .taskItems()
        .then((items) =>
          this.fire(
            items.filter((item) => item.id === id),
            'tick',
            new Set([meterId]),
          ),
        )
        .catch((error: unknown) =>
          log.error('a job that was to be done again is not', { ...toDcuError(error).toJSON() }),
        );
    });
    this.#later.set(key, cancel);
  }

  /** A line that cannot be had says nothing of the meter. */
  check(meter: Meter): void {
    const { openLine, looks, desk, reports } = this.#options;
    try {
      const access = openLine(meter);
      const job = new CheckJob(desk.nextId(), meter, {
        looks,
        onNews: (of, logs) => this.#fetchNews(of, logs),
        onStarted: (started, line) => reports.started(started, line),
        onFinished: (ended, outcome) => reports.finished(ended, access.lineName, 0, outcome),
      });
      desk.submit(access, job);
    } catch (thrown) {
      this.#options.log.debug('a meter cannot be checked', {
        meterNo: meter.meterNo,
        ...toDcuError(thrown).toJSON(),
      });
    }
  }

  async #fetchNews({ id }: Meter, logs: readonly EventLog[]): Promise<void> {
    const items = (await this.#options.store.taskItems()).filter(({ type }) => {
      const kind = kindOf(TASK_TYPE_DEFINITIONS[type]);
      return logs.some((log) => log === kind);
    });
    await this.fire(items, 'news', new Set([id]));
  }
}
