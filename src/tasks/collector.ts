import { Bus } from '../base/bus.ts';
import { type Clock, sleep } from '../base/clock.ts';
import type { CollectionStore } from '../base/collection.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { EventLog, Meter, TaskItem, TaskType } from '../base/model.ts';
import type { Random } from '../base/random.ts';
import { openDlmsClient } from '../channels/dlms-client.ts';
import { DEFAULT_BACKOFF } from '../meters/breaker.ts';
import { type ConnectDlms, MeterConnector } from '../meters/connector.ts';
import type { LineAccess, LineOpener } from '../meters/line-channels.ts';
import type { JobOutcome, LineAccount, LineJob } from '../meters/line-job.ts';
import { LinePool } from '../meters/line-pool.ts';
import type { LineStay, VisitKind, VisitLine } from '../meters/line-visit.ts';
import { BUILT_IN_PROFILES, type ProfileBook } from '../meters/profiles/index.ts';
import type { MeterSession, RelayState } from '../meters/session.ts';
import { AttemptBook, type LastError } from './attempt-book.ts';
import { CheckJob } from './check-job.ts';
import { type BroadcastGroup, ClockBroadcasts, setAllClocks } from './clock-broadcasts.ts';
import { CollectJob, type JobDependencies, type JobReason } from './collect-job.ts';
import type { CollectorEvents, CollectorSnapshot } from './events.ts';
import { Identities } from './identities.ts';
import { LineVisitJob } from './line-visit-job.ts';
import { LinelessMeters } from './lineless-meters.ts';
import { LogLooks } from './log-looks.ts';
import { MeterStates } from './meter-states.ts';
import { OnDemandJob } from './on-demand-job.ts';
import { type PlannedTask, tasksOf } from './planner.ts';
import { Progress } from './progress.ts';
import { Reachability } from './reachability.ts';
import { operateRelay, type ReadNowResult, readNow } from './read-now.ts';
import { Returns } from './returns.ts';
import { Round, type RoundSummary } from './round.ts';
import { Scheduler } from './scheduler.ts';
import { kindOf } from './task-type.ts';
import { TASK_TYPE_DEFINITIONS } from './types/index.ts';
import { isOpen } from './window.ts';

/**
 * Each busy line holds a session and up to a chunk of rows at a time; 64 keep two slow cores busy. Lines that wait for
 * a meter's first word are not among them (see `meters/slots.ts`), so that dead meters take no one's place.
 */
const DEFAULT_MAX_BUSY_LINES = 64;
/** By then the last word of work that was cancelled has been said. */
const TORN_DOWN_MS = 60_000;
/** Thousands of jobs in one go would keep everything else waiting. */
const ENQUEUED_AT_ONCE = 256;

export interface CollectorOptions {
  readonly store: CollectionStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How to reach a meter; throws a DcuError when its channel is unknown or off. */
  readonly openLine: LineOpener;
  /** IANA name of the time zone that crons are read in. */
  readonly zone: () => string;
  /** The concentrator's system title, eight bytes. */
  readonly systemTitle: Uint8Array;
  /** Lines that may be busy at the same time, waiting for dead meters not included; default 64. */
  readonly maxBusyLines?: number;
  /** What meters may have for a profile; those that are built in if not given. */
  readonly profiles?: ProfileBook;
  /** Opens an association; default: the DLMS client of `channels/`. */
  readonly connect?: ConnectDlms;
}

/** Narrows a round; absent = all. */
export interface RoundFilter {
  readonly meterIds?: readonly number[];
  readonly types?: readonly TaskType[];
}

/** Everything that reads meters, behind one face: schedule, lines, sessions, on-demand work. */
export interface Collector {
  readonly bus: Bus<CollectorEvents>;
  /** Begins to fire task items by their crons; resolves when what was missed is queued. */
  start(): Promise<void>;
  /**
   * To be called when channels were set up anew. Work under way ends on the line as it was opened; what comes next opens
   * it anew, and a port that nobody uses any more is closed.
   */
  linesChanged(): Promise<void>;
  /**
   * To be called when meters can be reached again that could not be for so long: what their items lack is fetched soon, once the
   * schedule runs. Meters that fall silent and answer again by themselves need not be told of.
   */
  returned(meterIds: Iterable<number>, awayMs: number): void;
  /** Cancels all work and closes all channels. */
  stop(): Promise<void>;
  /** Queues what the enabled items of one meter or all lack, whatever their crons and Intervals say. */
  runNow(meterId?: number): Promise<{ readonly queued: number }>;
  /** As `runNow`, and waits for the end of all that it queued. Aborting the signal cancels it. */
  round(filter?: RoundFilter, signal?: AbortSignal): Promise<RoundSummary>;
  /** Reads clock, relay and registers ahead of all scheduled work. @throws DcuError `not-found`, or what prevented it. */
  readNow(meterId: number, signal: AbortSignal): Promise<ReadNowResult>;
  relay(
    meterId: number,
    to: 'off' | 'on',
    signal: AbortSignal,
  ): Promise<{ readonly relay: RelayState | null; readonly relayTime: number | null }>;
  readonly visit: VisitLine;
  /** Runs `work` with a session of the meter, ahead of all scheduled work. Rejects with what prevented it, and with `cancelled`. */
  withSession<Result>(
    meterId: number,
    name: string,
    signal: AbortSignal,
    work: (session: MeterSession) => Promise<Result>,
  ): Promise<Result>;
  /** The other meter that has answered at a meter's address is the right one. @throws DcuError `conflict` when there was none */
  acceptIdentity(meterId: number): Promise<void>;
  /** False when there is no such job any more. */
  cancel(jobId: string): boolean;
  /** Ends all work at meters that may not be read any more. */
  cancelMeters(meterIds: ReadonlySet<number>): void;
  /** Ends all work at meters that are in the archive no more, and drops what was kept of them. */
  forget(meterIds: ReadonlySet<number>): void;
  snapshot(): CollectorSnapshot;
  /** The last failed attempt at a meter that the store had no room for; undefined when all is recorded. */
  lastError(meterId: number): LastError | undefined;
  /** What each line and meter has used since the start, and what went wrong there. */
  accounting(): readonly LineAccount[];
}

export function createCollector(options: CollectorOptions): Collector {
  return new LineCollector(options);
}

class LineCollector implements Collector {
  readonly bus: Bus<CollectorEvents>;
  readonly #options: CollectorOptions;
  readonly #connector: MeterConnector;
  readonly #pool: LinePool<MeterSession>;
  readonly #scheduler: Scheduler;
  readonly #jobDeps: JobDependencies;
  readonly #rounds = new Set<Round>();
  readonly #attempts: AttemptBook;
  readonly #lineless: LinelessMeters;
  readonly #states: MeterStates;
  readonly #reachability: Reachability;
  readonly #looks: LogLooks;
  readonly #identities: Identities;
  readonly #progress: Progress;
  readonly #broadcasts: ClockBroadcasts;
  readonly #returns: Returns;
  #scheduled = false;
  /** What is to be done again without a tick, by the key of its job. */
  readonly #later = new Map<string, () => void>();
  #jobNumber = 0;
  #stopped = false;

  constructor(options: CollectorOptions) {
    const { store, clock, log, zone } = options;
    this.#options = options;
    const mostBusy = options.maxBusyLines ?? DEFAULT_MAX_BUSY_LINES;
    this.bus = new Bus((error) => log.error('a listener failed', { ...toDcuError(error).toJSON() }));
    this.#attempts = new AttemptBook(options);
    this.#lineless = new LinelessMeters(this.#attempts, options);
    this.#states = new MeterStates({
      ...options,
      tell: (event) => this.bus.emit('meter-state', event),
      tellChange: (event) => {
        if (event.state === 'online') this.returned([event.meterId], clock.now() - event.since);
        this.bus.emit('meter-reachability', event);
      },
      contacted: (meterId) => this.#reachability.contacted(meterId),
    });
    this.#returns = new Returns({
      ...options,
      fetch: async (meterIds) => this.#fire(await store.taskItems(), 'catch-up', meterIds),
    });
    this.#reachability = new Reachability({ store, clock, log, check: (meter) => this.#check(meter) });
    this.#looks = new LogLooks(options);
    this.#identities = new Identities({
      store,
      clock,
      log,
      tell: (event) => this.bus.emit('meter-identity', event),
    });
    this.#connector = new MeterConnector({
      ...options,
      connect: options.connect ?? openDlmsClient,
      onLineTrouble: (line, message) => this.bus.emit('line-trouble', { line, message }),
    });
    this.#pool = new LinePool<MeterSession>(
      {
        clock,
        log,
        backoff: DEFAULT_BACKOFF,
        prepareOpening: async (meter) =>
          this.#identities.guarded(meter, await this.#connector.prepare(meter)),
        linkState: (meter) => this.#connector.linkState(meter),
        meterState: (meter, state) => this.#states.note(meter, state),
        changed: () => this.#progress.changed(),
      },
      mostBusy,
    );
    this.#progress = new Progress({
      clock,
      lines: () => this.#pool.lines(),
      mostBusy,
      isHeard: () => this.bus.isHeard('progress'),
      tell: (snapshot) => this.bus.emit('progress', snapshot),
    });
    this.#scheduler = new Scheduler({
      clock,
      log,
      zone,
      items: () => store.taskItems(),
      setBack: (nowMs) => store.forgetCoverage(nowMs),
      fire: (items, why, meterIds) => this.#fire(items, why, meterIds),
    });
    this.#broadcasts = new ClockBroadcasts({
      clock,
      log,
      profileOf: ({ profile }) => (options.profiles ?? BUILT_IN_PROFILES).get(profile),
      send: (group, ready) => this.#setAllClocks(group, ready),
    });
    this.#jobDeps = {
      store,
      broadcasts: this.#broadcasts,
      ...(options.profiles === undefined ? {} : { profiles: options.profiles }),
      looks: this.#looks,
      attempts: this.#attempts,
      clock,
      deviations: new Map(),
      missedTick: (item, lastSuccessMs) => this.#scheduler.missedTick(item, lastSuccessMs),
      isOpen: (item) => isOpen(item, clock.now(), zone()),
      hold: (job) => this.#scheduler.hold(job.item.id, job.meterId),
      onCorrected: ({ meter }, correction) =>
        this.bus.emit('meter-clock', { ...correction, meterNo: meter.meterNo }),
      onStarted: (job, line) => this.#started(job, line),
      onRows: (job, added) => this.#rows(job, added),
      onFinished: (job, outcome) => {
        this.#finished(job, job.access.lineName, job.added, outcome);
        if (outcome.state === 'done' && job.againInMs !== undefined) this.#again(job, job.againInMs);
      },
    };
  }

  async start(): Promise<void> {
    this.#scheduled = true;
    await this.#states.load();
    await this.#reachability.start();
    await this.#scheduler.start();
  }

  returned(meterIds: Iterable<number>, awayMs: number): void {
    if (this.#scheduled) this.#returns.note(meterIds, awayMs);
  }

  linesChanged(): Promise<void> {
    return this.#connector.linesChanged();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#reachability.stop();
    this.#broadcasts.stop();
    this.#returns.stop();
    for (const cancel of this.#later.values()) cancel();
    this.#later.clear();
    await this.#scheduler.stop();
    await this.#pool.stop();
    await this.#attempts.close();
    await this.#connector.close();
    this.#progress.stop();
  }

  async runNow(meterId?: number): Promise<{ readonly queued: number }> {
    const filter = meterId === undefined ? {} : { meterIds: [meterId] };
    return { queued: await this.#enqueueAll(await this.#filtered(filter), 'asked', undefined) };
  }

  async round(filter: RoundFilter = {}, signal?: AbortSignal): Promise<RoundSummary> {
    const { clock } = this.#options;
    const round = new Round(clock);
    this.#rounds.add(round);
    const onAbort = (): void => {
      for (const jobId of round.open()) this.cancel(jobId);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await this.#enqueueAll(await this.#filtered(filter), 'asked', round);
      if (signal?.aborted === true) onAbort();
      return await round.end();
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#rounds.delete(round);
    }
  }

  readNow(meterId: number, signal: AbortSignal): Promise<ReadNowResult> {
    const { store, clock } = this.#options;
    return this.#onDemand(meterId, 'read now', signal, (session) => readNow(session, store, clock));
  }

  relay(meterId: number, to: 'off' | 'on', signal: AbortSignal): ReturnType<Collector['relay']> {
    const { store, clock, log } = this.#options;
    return this.#onDemand(meterId, `relay ${to}`, signal, (session) =>
      operateRelay(session, to, store, clock, log),
    );
  }

  async visit(
    meter: Meter,
    name: string,
    signal: AbortSignal,
    stay: LineStay,
    kind?: VisitKind,
  ): Promise<void> {
    signal.throwIfAborted();
    const access = this.#options.openLine(meter);
    const { lineName, shared } = access;
    const isWanted = (): boolean => this.#pool.isWanted(lineName);
    const job = new LineVisitJob(
      this.#nextId(),
      meter,
      name,
      (aborted, count) =>
        this.#connector.visit(meter, aborted, (channel, settings, linkFor) =>
          stay({ name: lineName, shared, channel, settings, linkFor, signal: aborted, count, isWanted }),
        ),
      {
        onStarted: (started, line) => this.#started(started, line),
        onFinished: (ended, outcome) => this.#finished(ended, access.lineName, 0, outcome),
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
    const onAbort = (): void => {
      this.cancel(job.id);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (!this.#submit(access, job)) throw new DcuError('cancelled', 'the line is closed');
      return await job.result;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** False when the moment has passed by the time that the line is free. */
  async #setAllClocks(group: BroadcastGroup, ready: () => boolean): Promise<boolean> {
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

  withSession<Result>(
    meterId: number,
    name: string,
    signal: AbortSignal,
    work: (session: MeterSession) => Promise<Result>,
  ): Promise<Result> {
    return this.#onDemand(meterId, name, signal, work);
  }

  acceptIdentity(meterId: number): Promise<void> {
    return this.#identities.accept(meterId);
  }

  cancel(jobId: string): boolean {
    return this.#pool.cancel(jobId);
  }

  cancelMeters(meterIds: ReadonlySet<number>): void {
    const concerned = [...this.#pool.lines()].flatMap((line) =>
      [...line.entries()].map(({ job }) => job).filter(({ meterId }) => meterIds.has(meterId)),
    );
    for (const { id } of concerned) this.cancel(id);
  }

  forget(meterIds: ReadonlySet<number>): void {
    this.cancelMeters(meterIds);
    this.#drop(meterIds);
    // Work that is being torn down tells of its meter once more.
    const key = `forget:${[...meterIds].join()}`;
    const cancel = this.#options.clock.after(TORN_DOWN_MS, () => {
      this.#later.delete(key);
      this.#drop(meterIds);
    });
    this.#later.set(key, cancel);
  }

  #drop(meterIds: ReadonlySet<number>): void {
    this.#pool.forget(meterIds);
    for (const meterId of meterIds) {
      for (const part of [this.#connector, this.#states, this.#reachability, this.#looks])
        part.forget(meterId);
      this.#jobDeps.deviations.delete(meterId);
    }
  }

  lastError(meterId: number): LastError | undefined {
    return this.#attempts.lastError(meterId);
  }

  snapshot(): CollectorSnapshot {
    return this.#progress.snapshot();
  }

  accounting(): LineAccount[] {
    return [...this.#pool.lines()].map((line) => line.account());
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

  async #filtered({ meterIds, types }: RoundFilter): Promise<PlannedTask[]> {
    const items = await this.#options.store.taskItems();
    return this.#tasks(
      items.filter(({ type }) => types === undefined || types.includes(type)),
      meterIds && new Set(meterIds),
    );
  }

  #nextId(): string {
    return `job-${++this.#jobNumber}`;
  }

  /** Resolves to how many were queued; what else is to be done comes in between. */
  async #enqueueAll(
    tasks: readonly PlannedTask[],
    reason: JobReason,
    round: Round | undefined,
  ): Promise<number> {
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
    const definition = TASK_TYPE_DEFINITIONS[item.type];
    const id = this.#nextId();
    try {
      const access = this.#options.openLine(meter);
      this.#lineless.reachable(meter);
      const job = new CollectJob(id, { meter, item, definition }, access, reason, this.#jobDeps);
      round?.add(job);
      const queued = this.#submit(access, job, reason === 'asked');
      if (!queued) round?.finished(job.id, { state: 'skipped', reason: 'the same read is under way' }, 0);
      return queued;
    } catch (thrown) {
      const error = toDcuError(thrown);
      round?.failed(meter, item, error);
      this.#lineless.failed(meter, item, error);
      return false;
    }
  }

  /** False when the same work waits already. */
  #submit(access: LineAccess, job: LineJob<MeterSession>, urgent = false): boolean {
    if (!this.#pool.enqueue(access, job, urgent)) return false;
    this.#progress.queued(access, job.type);
    return true;
  }

  async #fire(items: readonly TaskItem[], why: JobReason, meterIds?: ReadonlySet<number>): Promise<void> {
    await this.#enqueueAll(await this.#tasks(items, meterIds), why, undefined);
  }

  #again({ key, meterId, item: { id } }: CollectJob, inMs: number): void {
    const { clock, store, log } = this.#options;
    this.#later.get(key)?.();
    const cancel = clock.after(inMs, () => {
      this.#later.delete(key);
      // The item may have been changed meanwhile.
      store
        .taskItems()
        .then((items) =>
          this.#fire(
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
  #check(meter: Meter): void {
    try {
      const access = this.#options.openLine(meter);
      const job = new CheckJob(this.#nextId(), meter, {
        looks: this.#looks,
        onNews: (of, logs) => this.#fetchNews(of, logs),
        onStarted: (started, line) => this.#started(started, line),
        onFinished: (ended, outcome) => this.#finished(ended, access.lineName, 0, outcome),
      });
      this.#submit(access, job);
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
    await this.#fire(items, 'news', new Set([id]));
  }

  async #onDemand<Result>(
    meterId: number,
    name: string,
    signal: AbortSignal,
    work: (session: MeterSession) => Promise<Result>,
  ): Promise<Result> {
    const meter = (await this.#options.store.meters()).find((candidate) => candidate.id === meterId);
    if (meter === undefined)
      throw new DcuError('not-found', `there is no meter ${meterId}`, { field: 'meterId' });
    const access = this.#options.openLine(meter);
    const job = new OnDemandJob<Result>(this.#nextId(), meter, name, work, {
      onStarted: (started, line) => this.#started(started, line),
      onFinished: (ended, outcome) => this.#finished(ended, access.lineName, 0, outcome),
    });
    if (signal.aborted) throw new DcuError('cancelled', `${name} was cancelled`);
    return this.#awaited(access, job, signal);
  }

  #jobEvent(job: LineJob<MeterSession>, line: string): Omit<CollectorEvents['job-started'], 'rows'> {
    const { id: jobId, meterId, name: item, type, meter } = job;
    return { jobId, meterId, meterNo: meter.meterNo, item, type, line };
  }

  #started(job: LineJob<MeterSession>, line: string): void {
    this.#progress.begun(job.id);
    this.bus.emit('job-started', { ...this.#jobEvent(job, line), rows: 0 });
  }

  #rows(job: CollectJob, added: number): void {
    const { added: rows, chunksDone, chunksPlanned, access } = job;
    this.bus.emit('job-progress', {
      ...this.#jobEvent(job, access.lineName),
      rows,
      chunksDone,
      chunksPlanned,
    });
    const kind = kindOf(job.definition);
    if (added > 0 && kind !== undefined) this.bus.emit('meter-data', { meterId: job.meterId, kind, added });
  }

  #finished(job: LineJob<MeterSession>, line: string, rows: number, outcome: JobOutcome): void {
    for (const round of this.#rounds) round.finished(job.id, outcome, rows);
    this.#progress.ended(job, line, outcome);
    this.bus.emit('job-finished', {
      ...this.#jobEvent(job, line),
      rows,
      outcome: outcome.state,
      ...(outcome.state === 'skipped' ? { reason: outcome.reason } : {}),
      ...('error' in outcome ? { error: { code: outcome.error.code, message: outcome.error.message } } : {}),
    });
  }
}
