import type { Clock } from '../base/clock.ts';
import type { ClockCorrection, CollectionStore } from '../base/collection.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { CollectionKind, EventLog, Interval, Meter, TaskItem } from '../base/model.ts';
import type { LineAccess } from '../meters/line-channels.ts';
import type { JobOutcome, LineJob } from '../meters/line-job.ts';
import { BUILT_IN_PROFILES, type ProfileBook } from '../meters/profiles/index.ts';
import type { MeterSession } from '../meters/session.ts';
import type { AttemptBook } from './attempt-book.ts';
import type { ClockBroadcasts } from './clock-broadcasts.ts';
import type { LogLook, LogLooks } from './log-looks.ts';
import { planRead, succeededLately } from './planner.ts';
import { kindOf, type TaskTypeDefinition } from './task-type.ts';

const DAY_MS = 86_400_000;
const SHORT_CHUNK_MS = DAY_MS / 4;
/** A clock that is further off than this makes its meter's times doubtful. */
const IMPLAUSIBLE_DRIFT_MS = DAY_MS;
/** The deviation at the start of the month may have been another one. */
const MONTH_TOLERANCE_MS = 2 * 3_600_000;

const NOTHING_MISSING = 'nothing is missing';
const WINDOW_CLOSED = 'its time window is closed: it goes on in the next';

/**
 * Why a job was made: a tick of its cron, a tick missed while the concentrator was off, an operator's wish, or a look at
 * the meter's logs that has shown something new.
 */
export type JobReason = 'tick' | 'catch-up' | 'asked' | 'news';

/** News of these logs go before all that is read by schedule. */
const PRESSING: ReadonlySet<string> = new Set<CollectionKind>(['fraud', 'relay', 'power-failure']);
/** Entries of a log are taken as written so long after the event. */
const SETTLE_MS = 10_000;

export interface JobDependencies {
  readonly store: CollectionStore;
  readonly looks: Pick<LogLooks, 'look' | 'settle' | 'setBack'>;
  readonly broadcasts: Pick<ClockBroadcasts, 'course'>;
  readonly attempts: Pick<AttemptBook, 'save' | 'failedLast'>;
  readonly clock: Clock;
  /** What meters may have for a profile; those that are built in if not given. */
  readonly profiles?: ProfileBook;
  /** Deviations of meters' clocks in minutes, as last seen. */
  readonly deviations: Map<number, number>;
  /** Whether a catch-up is due, given the last success. */
  readonly missedTick: (item: TaskItem, lastSuccessMs: number | undefined) => boolean;
  /** Whether the meters may be asked for the item now. */
  readonly isOpen: (item: TaskItem) => boolean;
  /** The window has closed before the job was done. */
  readonly hold: (job: CollectJob) => void;
  readonly onCorrected: (job: CollectJob, correction: ClockCorrection) => void;
  readonly onStarted: (job: CollectJob, line: string) => void;
  readonly onRows: (job: CollectJob, added: number) => void;
  readonly onFinished: (job: CollectJob, outcome: JobOutcome) => void;
}

/** One task item for one meter: fetches what the store lacks, chunk by chunk, or carries out an action. */
export class CollectJob implements LineJob<MeterSession> {
  readonly id: string;
  readonly key: string;
  readonly meter: Meter;
  readonly item: TaskItem;
  readonly definition: TaskTypeDefinition;
  readonly reason: JobReason;
  readonly access: LineAccess;
  /** Rows and events that were new. */
  added = 0;
  progress = 0;
  chunksDone = 0;
  chunksPlanned = 0;
  #chunks: Interval[] | undefined;
  #session: MeterSession | undefined;
  #look: LogLook | undefined;
  #oddity: DcuError | undefined;
  #pending = false;
  #held = false;
  /** To be done again after so many milliseconds. */
  againInMs: number | undefined;
  #newestMs = Number.NEGATIVE_INFINITY;
  /** Start of the running month as the meter counts, and whether its row was fetched before. */
  #month = { startMs: Number.NEGATIVE_INFINITY, known: true };
  #startedAt = 0;
  readonly #deps: JobDependencies;

  constructor(
    id: string,
    task: { readonly meter: Meter; readonly item: TaskItem; readonly definition: TaskTypeDefinition },
    access: LineAccess,
    reason: JobReason,
    deps: JobDependencies,
  ) {
    this.id = id;
    this.meter = task.meter;
    this.item = task.item;
    this.definition = task.definition;
    // Two items of one type would fetch the same gaps: the second sees what the first has left.
    this.key = `${task.meter.id}:${task.item.id}`;
    this.access = access;
    this.reason = reason;
    this.#deps = deps;
  }

  get meterId(): number {
    return this.meter.id;
  }

  get name(): string {
    return this.item.name;
  }

  get type(): string {
    return this.item.type;
  }

  get priority(): number {
    const pressing = this.reason === 'news' && PRESSING.has(kindOf(this.definition) ?? '');
    return pressing ? 1 : this.item.priority;
  }

  async prepare(): Promise<string | undefined> {
    const { store, clock, missedTick } = this.#deps;
    const unfit = this.definition.notApplicable?.(this.access);
    if (unfit !== undefined) return unfit;
    if (this.definition.collects === 'events' && this.#hasNoLog(this.definition.kind)) {
      return 'meters of this profile have no such log';
    }
    if (this.#isClosed()) return WINDOW_CLOSED;
    const lastSuccessMs = await store.lastSuccess(this.meter.id, this.item.id);
    if (this.reason === 'catch-up' && !missedTick(this.item, lastSuccessMs)) return 'no tick was missed';
    if (
      (this.reason === 'tick' || this.reason === 'catch-up') &&
      succeededLately(this.item, lastSuccessMs, clock.now()) &&
      !this.#newMonthSince(lastSuccessMs)
    ) {
      return 'read less than Interval ago';
    }
    if (this.definition.collects === 'nothing') return undefined;
    return (await this.#missing()).length === 0 ? NOTHING_MISSING : undefined;
  }

  started(line: string): void {
    this.#startedAt = this.#deps.clock.now();
    this.#deps.onStarted(this, line);
  }

  async step(session: MeterSession): Promise<'more' | 'done'> {
    if (this.#isClosed()) return 'done';
    if (this.definition.collects === 'nothing') {
      const { store, clock, broadcasts, onCorrected } = this.#deps;
      const outcome = await this.definition.run({
        meter: this.meter,
        session,
        store,
        clock,
        broadcast: (reading, limits) => broadcasts.course(this.meter, this.access, reading, limits),
        settingBack: (untilMs) => this.#deps.looks.setBack(this.meter.id, untilMs),
        corrected: (correction) => onCorrected(this, correction),
      });
      this.#pending = outcome !== 'done';
      this.againInMs = typeof outcome === 'object' ? outcome.againInMs : undefined;
      return 'done';
    }
    // On a new session the store says what earlier steps have settled.
    if (this.#session !== session || this.#chunks === undefined) {
      this.#session = session;
      await this.#noteMonth(session);
      this.#chunks = await this.#withoutQuiet(session, await this.#missing());
      this.chunksPlanned = this.chunksDone + this.#chunks.length;
    }
    const chunk = this.#chunks[0];
    if (chunk !== undefined) {
      try {
        await this.#readOrNote(session, chunk);
      } catch (error) {
        // Part of it may be settled: the store says what is left, also on this session.
        this.#chunks = undefined;
        throw error;
      }
      this.#chunks.shift();
      this.chunksDone++;
      if (this.#chunks.length > 0) return 'more';
    }
    if (this.#oddity !== undefined) throw this.#oddity;
    const { driftMs } = await session.clock();
    if (Math.abs(driftMs) > IMPLAUSIBLE_DRIFT_MS) {
      throw new DcuError(
        'clock-implausible',
        `meter ${this.meter.meterNo}: its clock is ${Math.round(driftMs / 1000)} s off`,
        { facts: { driftMs: Math.round(driftMs) } },
      );
    }
    if (this.#look !== undefined) await this.#deps.looks.settle(this.meter.id, session, this.#look, driftMs);
    this.#pending = this.#lacksMonth();
    return 'done';
  }

  async finished(ended: JobOutcome): Promise<void> {
    const { attempts, clock, hold, onFinished } = this.#deps;
    const closed = this.#held && (ended.state === 'done' || ended.state === 'skipped');
    const outcome: JobOutcome = closed ? { state: 'skipped', reason: WINDOW_CLOSED } : ended;
    try {
      if (closed) hold(this);
      const succeeded = outcome.state === 'done' && !this.#pending;
      // What failed before and lacks nothing now, as another item has fetched it, is over.
      const mended =
        outcome.state === 'skipped' &&
        outcome.reason === NOTHING_MISSING &&
        attempts.failedLast(this.meter.id, this.item.id);
      if (succeeded || mended || outcome.state === 'failed') {
        await attempts.save({
          meterId: this.meter.id,
          itemId: this.item.id,
          startedAt: this.#startedAt === 0 ? clock.now() : this.#startedAt,
          finishedAt: clock.now(),
          added: this.added,
          ...(outcome.state === 'failed'
            ? { error: outcome.error.code, message: outcome.error.message }
            : {}),
        });
      }
    } finally {
      onFinished(this, outcome);
    }
  }

  /** An operator who asks does not wait for the window. */
  #isClosed(): boolean {
    this.#held ||= this.reason !== 'asked' && !this.#deps.isOpen(this.item);
    return this.#held;
  }

  /** What is left to be read of a log; since it was read last it may have held nothing new. */
  async #withoutQuiet(session: MeterSession, chunks: Interval[]): Promise<Interval[]> {
    const { definition, meter } = this;
    const { store, looks, clock } = this.#deps;
    if (definition.collects !== 'events' || chunks.length === 0) return chunks;
    this.#look = (await looks.look(meter.id, session)).get(definition.kind);
    const { before, changed = true, seen } = this.#look ?? {};
    if (changed || before === undefined || seen === undefined) return chunks;
    const fromMs = chunks.find((chunk) => chunk.fromMs >= before.checkedAt)?.fromMs;
    if (fromMs === undefined) return chunks;
    const { driftMs } = await session.clock();
    const settledMs = Math.min(seen.checkedAt, clock.now(), clock.now() + driftMs) - SETTLE_MS;
    const toMs = Math.floor(settledMs / 1000) * 1000;
    if (fromMs < toMs) {
      await store.appendEvents(meter.id, definition.kind, [], { fromMs, toMs });
      this.#gained(0, { fromMs, toMs });
    }
    return chunks.filter((chunk) => chunk.fromMs < fromMs);
  }

  #hasNoLog(log: EventLog): boolean {
    const { profiles = BUILT_IN_PROFILES } = this.#deps;
    return profiles.get(this.meter.profile).logs[log].length === 0;
  }

  async #missing(): Promise<Interval[]> {
    if (this.definition.collects === 'nothing') return [];
    const { store, clock } = this.#deps;
    const plan = planRead({
      nowMs: clock.now(),
      item: this.item,
      coverage: await store.coverage(this.meter.id, this.definition.kind),
      lastSuccessMs: undefined,
      chunkMs: this.definition.chunkMs,
    });
    return 'ranges' in plan ? [...plan.ranges] : [];
  }

  /** One odd value must not stand before all that comes behind it: it is noted, and the job fails at its end. */
  async #readOrNote(session: MeterSession, chunk: Interval): Promise<void> {
    const { progress } = this;
    try {
      await this.#read(session, chunk);
    } catch (thrown) {
      const error = toDcuError(thrown);
      // Where a whole long stretch was of no use, the next would be no better.
      const hopeless = this.progress === progress && chunk.toMs - chunk.fromMs > SHORT_CHUNK_MS;
      if (error.code !== 'type-mismatch' || hopeless) throw error;
      this.#oddity ??= error;
    }
  }

  async #read(session: MeterSession, chunk: Interval): Promise<void> {
    const { definition, meter } = this;
    const { store } = this.#deps;
    if (definition.collects === 'profile') {
      for await (const { rows, covered } of session.readProfile(definition.kind, chunk)) {
        for (const time of rows.times) this.#newestMs = Math.max(this.#newestMs, time);
        const settled = this.#keepMonthOpen(covered);
        const { added } = await store.appendProfile(meter.id, definition.kind, rows, settled);
        this.#gained(added, settled);
      }
    } else if (definition.collects === 'events') {
      for await (const { events, covered } of session.readEvents(definition.kind, chunk)) {
        const { added } = await store.appendEvents(meter.id, definition.kind, events, covered);
        this.#gained(added, covered);
      }
    }
  }

  #gained(added: number, covered: Interval | undefined): void {
    this.added += added;
    if (added > 0 || covered !== undefined) this.progress++;
    this.#deps.onRows(this, added);
  }

  /** A billing row that is not there yet is still asked for, however late the meter writes it. */
  #keepMonthOpen(covered: Interval | undefined): Interval | undefined {
    if (covered === undefined || !this.#lacksMonth()) return covered;
    const toMs = Math.min(covered.toMs, this.#month.startMs);
    return covered.fromMs < toMs ? { ...covered, toMs } : undefined;
  }

  #lacksMonth(): boolean {
    return !this.#month.known && this.#newestMs < this.#month.startMs - MONTH_TOLERANCE_MS;
  }

  get #expectsMonth(): boolean {
    return this.definition.collects === 'profile' && this.definition.expectsMonth === true;
  }

  /** Last month's success says nothing of this month's row. */
  #newMonthSince(successMs: number | undefined): boolean {
    if (!this.#expectsMonth || successMs === undefined) return false;
    const { clock, deviations } = this.#deps;
    return successMs < monthStart(clock.now(), deviations.get(this.meter.id) ?? 0);
  }

  async #noteMonth(session: MeterSession): Promise<void> {
    const { definition } = this;
    if (!this.#expectsMonth || definition.collects === 'nothing') return;
    const { store, clock, deviations } = this.#deps;
    const { deviationMinutes } = await session.clock();
    deviations.set(this.meter.id, deviationMinutes);
    const startMs = monthStart(clock.now(), deviationMinutes);
    const coverage = await store.coverage(this.meter.id, definition.kind);
    // Coverage never passes the start of a month whose row was not there.
    this.#month = { startMs, known: coverage.some((interval) => interval.toMs > startMs) };
  }
}

/** The first instant of the month of a clock with this deviation (minutes from local time to UTC). */
export function monthStart(utcMs: number, deviationMinutes: number): number {
  const local = new Date(utcMs - deviationMinutes * 60_000);
  return Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), 1) + deviationMinutes * 60_000;
}
