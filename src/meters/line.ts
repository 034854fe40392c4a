import { DcuError, ERROR_TABLE, toDcuError } from '../base/errors.ts';
import { backoffMs, HealthBook } from './breaker.ts';
import { JobQueue } from './job-queue.ts';
import { LineChoice } from './line-choice.ts';
import { type Entry, madeRoom, newEntry } from './line-entry.ts';
import type {
  CountLink,
  JobOutcome,
  LineAccount,
  LineHooks,
  LineJob,
  LineSession,
  LineView,
} from './line-job.ts';
import { LineOccupancy } from './line-occupancy.ts';
import { LineOpener } from './line-opening.ts';
import { Pause } from './line-pause.ts';
import { RunningStep } from './line-running.ts';
import type { Slot } from './slots.ts';

const CANCELLED = (): DcuError => new DcuError('cancelled', 'cancelled on request');
/**
 * The one owner of a line: a serial port with many meters, or the connection to one TCP meter. Runs one step at a
 * time; the association stays open as long as consecutive steps are for the same meter.
 */
export class Line<Session extends LineSession> {
  readonly name: string;
  /** Of the channel that it belongs to. */
  readonly channel: string;
  /** Told how urgent the work is that is on the line now; see `LineAccess`. */
  prioritise: ((priority: number) => void) | undefined;
  readonly #shared: boolean;
  readonly #sinceMs: number;
  readonly #hooks: LineHooks<Session>;
  readonly #queue = new JobQueue<Entry<Session>>();
  readonly #keys = new Map<string, Entry<Session>>();
  readonly #health = new HealthBook();
  readonly #occupancy: LineOccupancy<Session>;
  readonly #opener: LineOpener<Session>;
  readonly #choice: LineChoice<Entry<Session>>;
  #round = { total: 0, done: 0, failed: 0 };
  #running: RunningStep<Session> | undefined;
  #looping = false;
  #stopped = false;
  readonly #pause: Pause;
  readonly #idle: (() => void)[] = [];

  /** `shared`: several meters take turns on it. */
  constructor(name: string, shared: boolean, hooks: LineHooks<Session>, channel = name) {
    this.name = name;
    this.channel = channel;
    this.#shared = shared;
    this.#sinceMs = hooks.clock.monotonicMs();
    this.#hooks = hooks;
    this.#pause = new Pause(hooks.clock);
    this.#occupancy = new LineOccupancy(hooks, this.#health);
    this.#choice = new LineChoice(this.#queue, this.#health, hooks.clock);
    this.#opener = new LineOpener(name, hooks, this.#health, this.#occupancy);
  }

  /** Whether somebody waits who could begin now. */
  get isWanted(): boolean {
    return this.#choice.earliestMs() <= this.#hooks.clock.monotonicMs();
  }

  account(): LineAccount {
    const occupancy = this.#occupancy;
    return {
      line: this.name,
      channel: this.channel,
      shared: this.#shared,
      state: this.#running !== undefined ? 'busy' : this.#queue.size > 0 ? 'waiting' : 'idle',
      ageMs: this.#hooks.clock.monotonicMs() - this.#sinceMs,
      use: occupancy.ledger.line,
      get meters() {
        return occupancy.meters();
      },
    };
  }

  /** False when a job of this key waits or runs already. `urgent`: does not wait for a back-off to end. */
  enqueue(job: LineJob<Session>, urgent = false): boolean {
    if (this.#stopped || this.#keys.has(job.key)) return false;
    const { meterId, priority } = job;
    if (this.#queue.size === 0 && this.#running === undefined) this.#round = { total: 0, done: 0, failed: 0 };
    const entry = newEntry(job, this.#hooks.clock);
    this.#round.total++;
    this.#keys.set(job.key, entry);
    this.#queue.add(entry);
    if (urgent || priority === 0) this.#health.of(meterId).notBeforeMs = 0;
    this.#pause.wake();
    if (priority === 0) this.#hooks.slots.hurry(this.name);
    if (this.#choice.isReady(entry)) this.#running?.makeRoomFor(entry);
    if (!this.#looping) {
      this.#looping = true;
      void this.#loop();
    }
    return true;
  }

  /** Drops what is kept of meters that are gone. */
  forget(meterIds: Iterable<number>): void {
    for (const meterId of meterIds) {
      this.#health.forget(meterId);
      this.#occupancy.forget(meterId);
    }
  }

  /** Nobody works on it or waits for it, and of no meter anything is kept. */
  get isUnused(): boolean {
    return !this.#looping && this.#occupancy.ledger.byMeter.size === 0;
  }

  /** Ends a waiting job at once and a running one as soon as its transfer is torn down; false when it is not here. */
  cancel(jobId: string): boolean {
    if (this.#running?.entry.id === jobId) {
      this.#running.abort.abort(CANCELLED());
      return true;
    }
    const entry = this.#queue.remove(jobId);
    if (entry === undefined) return false;
    void this.#finish(entry, { state: 'cancelled', error: CANCELLED() });
    return true;
  }

  /** Cancels everything and resolves when the line is closed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const entry of this.#queue.jobs()) this.cancel(entry.id);
    this.#running?.abort.abort(CANCELLED());
    this.#pause.wake();
    while (this.#looping) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Waiting and running jobs, the running one first. */
  *entries(): IterableIterator<{
    readonly job: LineJob<Session>;
    readonly running: boolean;
    readonly queuedAt: number;
    readonly startedAt: number | null;
  }> {
    const running = this.#running?.entry;
    if (running !== undefined) yield { ...running, running: true };
    for (const entry of this.#queue.jobs()) {
      if (entry !== running) yield { ...entry, running: false };
    }
  }

  view(): LineView {
    return {
      line: this.name,
      shared: this.#shared,
      ...this.#round,
      queued: this.#queue.size,
      running: this.#running === undefined ? 0 : 1,
      current: this.#running?.entry.job.meter.meterNo ?? null,
    };
  }

  async #loop(): Promise<void> {
    let slot: Slot | undefined;
    try {
      for (;;) {
        if (this.#stopped) for (const waiting of this.#queue.jobs()) this.cancel(waiting.id);
        const entry = this.#choice.pick(this.#occupancy.meterId);
        if (entry === undefined) {
          const restMs = this.#stopped ? 0 : this.#occupancy.rest();
          if (restMs === 0) await this.#occupancy.close();
          slot?.release();
          slot = undefined;
          if (this.#queue.size === 0 && restMs === 0) return;
          const waitMs = this.#choice.earliestMs() - this.#hooks.clock.monotonicMs();
          if (restMs > 0) this.#hooks.changed();
          await this.#pause.wait(restMs === 0 ? waitMs : Math.min(restMs, waitMs));
          continue;
        }
        if (slot === undefined) {
          const silent = this.#health.of(entry.meterId).failures > 0;
          slot = await this.#hooks.slots.take(this.name, entry.priority, silent);
          continue;
        }
        // What was picked may be gone after a wait.
        if (await slot.resume(this.#queue.urgent)) continue;
        await this.#run(entry, slot);
        this.#hooks.changed();
      }
    } catch (error) {
      this.#hooks.log.error('a line stopped on an internal error', { line: this.name, error });
    } finally {
      slot?.release();
      this.#looping = false;
      for (const resolve of this.#idle.splice(0)) resolve();
      if (this.#queue.size > 0 && !this.#stopped) {
        this.#looping = true;
        void this.#loop();
      } else this.#hooks.changed();
    }
  }

  /** One step of one job. */
  async #run(entry: Entry<Session>, slot: Slot): Promise<void> {
    this.#queue.remove(entry.id);
    const { clock } = this.#hooks;
    const { othersTurn } = this.#choice.turns;
    const running = new RunningStep(entry, clock, othersTurn, () => this.#occupancy.breakOff(true));
    const { signal } = running.abort;
    this.#running = running;
    this.#choice.chosen(entry);
    this.prioritise?.(entry.priority);
    this.#occupancy.begin();
    try {
      if (!entry.prepared) {
        const reason = await entry.job.prepare();
        entry.prepared = true;
        if (reason !== undefined) return await this.#finish(entry, { state: 'skipped', reason });
      }
      signal.throwIfAborted();
      if (entry.job.visit === undefined) await this.#step(running, slot);
      else await this.#visit(entry, entry.job.visit, signal);
      entry.brokenOff = 0;
    } catch (thrown) {
      const error = toDcuError(signal.aborted ? signal.reason : thrown);
      await this.#stepFailed(entry, error, clock.monotonicMs() - running.startedMs);
    } finally {
      running.end();
      this.#occupancy.account(entry.job.meter);
      this.#running = undefined;
    }
  }

  async #step(running: RunningStep<Session>, slot: Slot): Promise<void> {
    const { entry, abort } = running;
    const { signal } = abort;
    const before = this.#occupancy.meterId;
    const opened = await this.#opener.sessionFor(entry, signal, slot, () => this.#queue.urgent);
    if ('failed' in opened) {
      this.#openingFailed(entry, opened.failed, opened.exhausted);
      return;
    }
    const { session } = opened;
    const { clock } = this.#hooks;
    if (before !== entry.meterId) this.#choice.turns.begun(clock.monotonicMs());
    session.breakOff?.(false);
    running.opened();
    this.#begin(entry);
    const tearDown = (): void => session.abort(toDcuError(signal.reason));
    signal.addEventListener('abort', tearDown, { once: true });
    if ((await entry.job.step(session, signal)) === 'done') await this.#finish(entry, { state: 'done' });
    else this.#queue.add(entry, 'first');
  }

  /** Work on the line itself, with no association open. */
  async #visit(
    entry: Entry<Session>,
    visit: NonNullable<LineJob<Session>['visit']>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#occupancy.close();
    this.#begin(entry);
    const count: CountLink = (counters) => this.#occupancy.countLink(entry.job.meter, counters);
    if ((await visit(signal, count)) === 'more') this.#queue.add(entry, 'first');
    else await this.#finish(entry, { state: 'done' });
  }

  #begin(entry: Entry<Session>): void {
    if (entry.begun) return;
    entry.begun = true;
    entry.startedAt = this.#hooks.clock.now();
    entry.job.started(this.name);
    this.#hooks.changed();
  }

  #openingFailed(entry: Entry<Session>, error: DcuError, exhausted: boolean): void {
    if (!exhausted) {
      this.#queue.add(entry, 'first');
      // The others go first: what they show of the line helps with this one.
      this.#queue.toBack(entry.meterId);
      return;
    }
    void this.#finish(entry, { state: 'failed', error });
    for (const other of this.#queue.removeMeter(entry.meterId))
      void this.#finish(other, { state: 'failed', error });
  }

  async #stepFailed(entry: Entry<Session>, error: DcuError, lostMs: number): Promise<void> {
    const { lost } = this.#occupancy;
    if (error.code === 'cancelled') {
      await this.#occupancy.close('as-before');
      return this.#finish(entry, { state: 'cancelled', error });
    }
    if (madeRoom(error)) {
      if (lost) await this.#occupancy.close('as-before');
      entry.brokenOff++;
      this.#queue.add(entry, 'first');
      return;
    }
    if (lost) await this.#occupancy.close();
    entry.failures = entry.job.progress > entry.progress ? 1 : entry.failures + 1;
    entry.progress = entry.job.progress;
    const { clock, backoff, log } = this.#hooks;
    this.#occupancy.ledger.failed(entry.job.meter, error, clock.now());
    log.debug('step failed', {
      line: this.name,
      meterNo: entry.job.meter.meterNo,
      job: entry.job.name,
      ...error.toJSON(),
    });
    const storage = ERROR_TABLE[error.code].origin === 'storage';
    // What a module takes with it when it goes says nothing of the meter, however long it had been waited for.
    const wasted = error.code !== 'module-lost' && entry.spent.failed(lostMs);
    const exhausted = wasted || entry.failures >= entry.tries;
    if (!error.retryable || storage || exhausted || this.#stopped) {
      return this.#finish(entry, { state: 'failed', error });
    }
    const health = this.#health.of(entry.meterId);
    health.notBeforeMs = clock.monotonicMs() + backoffMs(backoff, entry.failures);
    this.#queue.add(entry, 'first');
  }

  async #finish(entry: Entry<Session>, outcome: JobOutcome): Promise<void> {
    this.#keys.delete(entry.job.key);
    if (outcome.state === 'failed') this.#round.failed++;
    else this.#round.done++;
    try {
      await entry.job.finished(outcome);
    } catch (error) {
      this.#hooks.log.error('the end of a job could not be recorded', {
        line: this.name,
        meterNo: entry.job.meter.meterNo,
        ...toDcuError(error).toJSON(),
      });
    }
  }
}
