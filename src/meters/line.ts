import { DcuError, ERROR_TABLE, toDcuError } from '../base/errors.ts';
import { backoffMs, type Health, HealthBook, isProbe, noteFailure, noteSuccess } from './breaker.ts';
import { JobQueue } from './job-queue.ts';
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
import type { Slot } from './slots.ts';

interface Entry<Session extends LineSession> {
  readonly id: string;
  readonly meterId: number;
  readonly priority: number;
  readonly job: LineJob<Session>;
  readonly queuedAt: number;
  startedAt: number | null;
  prepared: boolean;
  begun: boolean;
  failures: number;
  progress: number;
  /** Repetitions of a step that its line allows. */
  tries: number;
}

/** A meter that has not answered its opening by then may be dead: its line lets others go on meanwhile. */
const PATIENCE_MS = 1_000;

const CANCELLED = (): DcuError => new DcuError('cancelled', 'cancelled on request');

/**
 * The one owner of a line: a serial port with many meters, or the connection to one TCP meter. Runs one step at a
 * time; the association stays open as long as consecutive steps are for the same meter.
 */
export class Line<Session extends LineSession> {
  readonly name: string;
  readonly #shared: boolean;
  readonly #sinceMs: number;
  readonly #hooks: LineHooks<Session>;
  readonly #queue = new JobQueue<Entry<Session>>();
  readonly #keys = new Map<string, Entry<Session>>();
  readonly #health = new HealthBook();
  readonly #occupancy: LineOccupancy<Session>;
  #round = { total: 0, done: 0, failed: 0 };
  #running: { readonly entry: Entry<Session>; readonly abort: AbortController } | undefined;
  #looping = false;
  #stopped = false;
  #wake: (() => void) | undefined;
  readonly #idle: (() => void)[] = [];

  /** `shared`: several meters take turns on it. */
  constructor(name: string, shared: boolean, hooks: LineHooks<Session>) {
    this.name = name;
    this.#shared = shared;
    this.#sinceMs = hooks.clock.monotonicMs();
    this.#hooks = hooks;
    this.#occupancy = new LineOccupancy(hooks, this.#health);
  }

  account(): LineAccount {
    const { ledger } = this.#occupancy;
    return {
      line: this.name,
      shared: this.#shared,
      state: this.#running !== undefined ? 'busy' : this.#queue.size > 0 ? 'waiting' : 'idle',
      ageMs: this.#hooks.clock.monotonicMs() - this.#sinceMs,
      use: ledger.line,
      meters: ledger.byMeter,
    };
  }

  /** False when a job of this key waits or runs already. `urgent`: does not wait for a back-off to end. */
  enqueue(job: LineJob<Session>, urgent = false): boolean {
    if (this.#stopped || this.#keys.has(job.key)) return false;
    const { id, meterId, priority } = job;
    if (this.#queue.size === 0 && this.#running === undefined) this.#round = { total: 0, done: 0, failed: 0 };
    const entry: Entry<Session> = {
      id,
      meterId,
      priority,
      job,
      queuedAt: this.#hooks.clock.now(),
      startedAt: null,
      prepared: false,
      begun: false,
      failures: 0,
      progress: 0,
      tries: 1,
    };
    this.#round.total++;
    this.#keys.set(job.key, entry);
    this.#queue.add(entry);
    if (urgent || priority === 0) this.#health.of(meterId).notBeforeMs = 0;
    this.#wakeUp();
    if (priority === 0) this.#hooks.slots.hurry(this.name);
    if (!this.#looping) {
      this.#looping = true;
      void this.#loop();
    }
    return true;
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
    this.#wakeUp();
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
        const entry = this.#pick();
        if (entry === undefined) {
          await this.#occupancy.close();
          slot?.release();
          slot = undefined;
          if (this.#queue.size === 0) return;
          await this.#wait(this.#earliestMs() - this.#hooks.clock.monotonicMs());
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

  #pick(): Entry<Session> | undefined {
    const nowMs = this.#hooks.clock.monotonicMs();
    const current = this.#occupancy.meterId;
    return this.#queue.pick(current, (meterId, priority) => {
      const health = this.#health.of(meterId);
      if (this.#waitUntil(health, meterId === current ? 0 : priority) > nowMs) return undefined;
      return health.failures === 0 ? 0 : 1;
    });
  }

  #waitUntil(health: Health, priority: number): number {
    return priority === 0 ? health.notBeforeMs : Math.max(health.notBeforeMs, health.quietUntilMs);
  }

  #earliestMs(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { meterId, priority } of this.#queue.meters()) {
      earliest = Math.min(earliest, this.#waitUntil(this.#health.of(meterId), priority));
    }
    return earliest;
  }

  /** One step of one job. */
  async #run(entry: Entry<Session>, slot: Slot): Promise<void> {
    const abort = new AbortController();
    this.#queue.remove(entry.id);
    this.#running = { entry, abort };
    const startedMs = this.#hooks.clock.monotonicMs();
    try {
      if (!entry.prepared) {
        const reason = await entry.job.prepare();
        entry.prepared = true;
        if (reason !== undefined) return await this.#finish(entry, { state: 'skipped', reason });
      }
      abort.signal.throwIfAborted();
      if (entry.job.visit !== undefined) {
        await this.#occupancy.close();
        this.#begin(entry);
        const count: CountLink = (counters) => this.#occupancy.ledger.link(entry.job.meter, counters);
        if ((await entry.job.visit(abort.signal, count)) === 'more') this.#queue.add(entry, 'first');
        else await this.#finish(entry, { state: 'done' });
        return;
      }
      const session = await this.#sessionFor(entry, abort.signal, slot);
      if (session === undefined) return;
      this.#begin(entry);
      const tearDown = (): void => session.abort(toDcuError(abort.signal.reason));
      abort.signal.addEventListener('abort', tearDown, { once: true });
      if ((await entry.job.step(session, abort.signal)) === 'done') {
        await this.#finish(entry, { state: 'done' });
      } else {
        this.#queue.add(entry, 'first');
      }
    } catch (thrown) {
      await this.#stepFailed(entry, toDcuError(abort.signal.aborted ? abort.signal.reason : thrown));
    } finally {
      this.#occupancy.account(entry.job.meter, this.#hooks.clock.monotonicMs() - startedMs);
      this.#running = undefined;
    }
  }

  #begin(entry: Entry<Session>): void {
    if (entry.begun) return;
    entry.begun = true;
    entry.startedAt = this.#hooks.clock.now();
    entry.job.started(this.name);
    this.#hooks.changed();
  }

  /** The open session of the entry's meter; undefined when opening failed, which is then settled. */
  async #sessionFor(entry: Entry<Session>, signal: AbortSignal, slot: Slot): Promise<Session | undefined> {
    const { meter } = entry.job;
    const current = this.#occupancy.sessionOf(meter.id, entry.begun);
    if (current !== undefined) {
      entry.tries = current.tries;
      return current.session;
    }
    await this.#occupancy.close();
    const health = this.#health.of(meter.id);
    const probe = isProbe(health, this.#hooks.backoff);
    let tries = 1;
    let linkRepeats = false;
    const keepPatience = this.#hooks.clock.after(PATIENCE_MS, () => slot.lend());
    try {
      const opening = await this.#hooks.prepareOpening(meter);
      ({ tries, linkRepeats } = opening);
      entry.tries = tries;
      this.#hooks.meterState(meter, 'reading');
      const session = await opening.open(signal, probe, (counters) =>
        this.#occupancy.ledger.link(meter, counters),
      );
      this.#occupancy.settle(meter, session, opening);
      noteSuccess(health);
      keepPatience();
      await slot.resume(entry.priority === 0 || this.#queue.urgent);
      signal.throwIfAborted();
      return session;
    } catch (thrown) {
      if (signal.aborted) {
        this.#hooks.meterState(meter, 'as-before');
        throw thrown;
      }
      const error = toDcuError(thrown);
      const final = probe || !error.retryable || (linkRepeats && error.code === 'link-timeout');
      this.#openingFailed(entry, error, final ? 1 : tries);
      return undefined;
    } finally {
      keepPatience();
    }
  }

  #openingFailed(entry: Entry<Session>, error: DcuError, tries: number): void {
    const { meter } = entry.job;
    const { clock, log, backoff } = this.#hooks;
    this.#occupancy.ledger.failed(meter, error, clock.now());
    const { origin } = ERROR_TABLE[error.code];
    // A wrong setting or a full disk says nothing about the meter, and is over as soon as it is mended.
    const itsOwn = origin === 'link' || origin === 'remote' || origin === 'auth';
    const exhausted = !itsOwn || noteFailure(this.#health.of(meter.id), backoff, tries, clock.monotonicMs());
    this.#hooks.meterState(meter, itsOwn ? 'offline' : 'as-before');
    log.warn('meter could not be opened', { line: this.name, meterNo: meter.meterNo, ...error.toJSON() });
    if (!exhausted) {
      this.#queue.add(entry, 'first');
      return;
    }
    void this.#finish(entry, { state: 'failed', error });
    for (const other of this.#queue.removeMeter(meter.id))
      void this.#finish(other, { state: 'failed', error });
  }

  async #stepFailed(entry: Entry<Session>, error: DcuError): Promise<void> {
    const { lost } = this.#occupancy;
    if (error.code === 'cancelled') {
      await this.#occupancy.close('as-before');
      return this.#finish(entry, { state: 'cancelled', error });
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
    if (!error.retryable || storage || entry.failures >= entry.tries || this.#stopped) {
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

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#hooks.clock.after(ms, done);
      function done(): void {
        cancel();
        resolve();
      }
      this.#wake = done;
    });
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
