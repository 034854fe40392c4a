import { Bus } from '../base/bus.ts';
import { toDcuError } from '../base/errors.ts';
import { openDlmsClient } from '../channels/dlms-client.ts';
import { DEFAULT_BACKOFF } from '../meters/breaker.ts';
import { MeterConnector } from '../meters/connector.ts';
import type { LineAccount } from '../meters/line-job.ts';
import { LinePool } from '../meters/line-pool.ts';
import type { VisitLine } from '../meters/line-visit.ts';
import { BUILT_IN_PROFILES } from '../meters/profiles/index.ts';
import type { MeterSession } from '../meters/session.ts';
import { AskedWork } from './asked-work.ts';
import { AttemptBook, type LastError } from './attempt-book.ts';
import { ClockBroadcasts } from './clock-broadcasts.ts';
import type { JobDependencies } from './collect-job.ts';
import type { Collector, CollectorOptions, RoundFilter } from './collector-types.ts';
import { Desk } from './desk.ts';
import type { CollectorEvents, CollectorSnapshot } from './events.ts';
import { Identities } from './identities.ts';
import { JobReports } from './job-reports.ts';
import { LinelessMeters } from './lineless-meters.ts';
import { LogLooks } from './log-looks.ts';
import { MeterStates } from './meter-states.ts';
import { PlannedWork } from './planned-work.ts';
import { Progress } from './progress.ts';
import { Reachability } from './reachability.ts';
import { operateRelay, type ReadNowResult, readNow } from './read-now.ts';
import { Returns } from './returns.ts';
import { Round, type RoundSummary } from './round.ts';
import { Scheduler } from './scheduler.ts';
import { isOpen } from './window.ts';

/**
 * Each busy line holds a session and up to a chunk of rows at a time; 64 keep two slow cores busy. Lines that wait for
 * a meter's first word are not among them (see `meters/slots.ts`), so that dead meters take no one's place.
 */
const DEFAULT_MAX_BUSY_LINES = 64;
/** By then the last word of work that was cancelled has been said. */
const TORN_DOWN_MS = 60_000;

export type * from './collector-types.ts';

export function createCollector(options: CollectorOptions): Collector {
  return new LineCollector(options);
}

class LineCollector implements Collector {
  readonly bus: Bus<CollectorEvents>;
  readonly visit: VisitLine;
  readonly #options: CollectorOptions;
  readonly #connector: MeterConnector;
  readonly #pool: LinePool<MeterSession>;
  readonly #scheduler: Scheduler;
  readonly #jobDeps: JobDependencies;
  readonly #reports: JobReports;
  readonly #planned: PlannedWork;
  readonly #asked: AskedWork;
  readonly #attempts: AttemptBook;
  readonly #states: MeterStates;
  readonly #reachability: Reachability;
  readonly #looks: LogLooks;
  readonly #identities: Identities;
  readonly #progress: Progress;
  readonly #broadcasts: ClockBroadcasts;
  readonly #returns: Returns;
  #scheduled = false;
  /** Meters that have left the archive, whose last words are still to be dropped. */
  readonly #leaving = new Set<() => void>();

  constructor(options: CollectorOptions) {
    const { store, clock, log, zone } = options;
    this.#options = options;
    const mostBusy = options.maxBusyLines ?? DEFAULT_MAX_BUSY_LINES;
    this.bus = new Bus((error) => log.error('a listener failed', { ...toDcuError(error).toJSON() }));
    this.#attempts = new AttemptBook(options);
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
      fetch: async (meterIds) => this.#planned.fire(await store.taskItems(), 'catch-up', meterIds),
    });
    this.#reachability = new Reachability({
      store,
      clock,
      log,
      check: (meter) => this.#planned.check(meter),
    });
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
    this.#reports = new JobReports(this.bus, this.#progress);
    this.#scheduler = new Scheduler({
      clock,
      log,
      zone,
      items: () => store.taskItems(),
      setBack: (nowMs) => store.forgetCoverage(nowMs),
      fire: (items, why, meterIds) => this.#planned.fire(items, why, meterIds),
    });
    this.#broadcasts = new ClockBroadcasts({
      clock,
      log,
      profileOf: ({ profile }) => (options.profiles ?? BUILT_IN_PROFILES).get(profile),
      send: (group, ready) => this.#asked.setAllClocks(group, ready),
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
      onStarted: (job, line) => this.#reports.started(job, line),
      onRows: (job, added) => this.#reports.rows(job, added),
      onFinished: (job, outcome) => {
        this.#reports.finished(job, job.access.lineName, job.added, outcome);
        if (outcome.state === 'done' && job.againInMs !== undefined) this.#planned.again(job, job.againInMs);
      },
    };
    const desk = new Desk(this.#pool, this.#progress);
    const common = { ...options, desk, reports: this.#reports };
    this.#planned = new PlannedWork({
      ...common,
      lineless: new LinelessMeters(this.#attempts, options),
      looks: this.#looks,
      jobs: this.#jobDeps,
    });
    this.#asked = new AskedWork({ ...common, connector: this.#connector });
    this.visit = (...stay) => this.#asked.visit(...stay);
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
    this.#planned.stop();
    this.#reachability.stop();
    this.#broadcasts.stop();
    this.#returns.stop();
    for (const cancel of this.#leaving) cancel();
    this.#leaving.clear();
    await this.#scheduler.stop();
    await this.#pool.stop();
    await this.#attempts.close();
    await this.#connector.close();
    this.#progress.stop();
  }

  async runNow(meterId?: number): Promise<{ readonly queued: number }> {
    const filter = meterId === undefined ? {} : { meterIds: [meterId] };
    return { queued: await this.#planned.enqueueAll(await this.#planned.filtered(filter), 'asked') };
  }

  async round(filter: RoundFilter = {}, signal?: AbortSignal): Promise<RoundSummary> {
    const { clock } = this.#options;
    const round = new Round(clock);
    this.#reports.rounds.add(round);
    const onAbort = (): void => {
      for (const jobId of round.open()) this.cancel(jobId);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await this.#planned.enqueueAll(await this.#planned.filtered(filter), 'asked', round);
      if (signal?.aborted === true) onAbort();
      return await round.end();
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#reports.rounds.delete(round);
    }
  }

  readNow(meterId: number, signal: AbortSignal): Promise<ReadNowResult> {
    const { store, clock } = this.#options;
    return this.withSession(meterId, 'read now', signal, (session) => readNow(session, store, clock));
  }

  relay(meterId: number, to: 'off' | 'on', signal: AbortSignal): ReturnType<Collector['relay']> {
    const { store, clock, log } = this.#options;
    return this.withSession(meterId, `relay ${to}`, signal, (session) =>
      operateRelay(session, to, store, clock, log),
    );
  }

  withSession<Result>(
    meterId: number,
    name: string,
    signal: AbortSignal,
    work: (session: MeterSession) => Promise<Result>,
  ): Promise<Result> {
    return this.#asked.withSession(meterId, name, signal, work);
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
    const cancel = this.#options.clock.after(TORN_DOWN_MS, () => {
      this.#leaving.delete(cancel);
      this.#drop(meterIds);
    });
    this.#leaving.add(cancel);
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
}
