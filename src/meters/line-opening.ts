import { type DcuError, ERROR_TABLE, toDcuError } from '../base/errors.ts';
import { type HealthBook, isProbe, noteFailure, noteSuccess } from './breaker.ts';
import type { Entry } from './line-entry.ts';
import type { LineHooks, LineSession } from './line-job.ts';
import type { LineOccupancy } from './line-occupancy.ts';
import type { Slot } from './slots.ts';

/** A meter that has not answered its opening by then may be dead: its line lets others go on meanwhile. */
const PATIENCE_MS = 1_000;
/** A brief opening, which says little of the meter, and one that does. */
const KNOCKS = 2;

export type Opened<Session> =
  | { readonly session: Session }
  /** `exhausted`: all that waits for this meter fails with it. */
  | { readonly failed: DcuError; readonly exhausted: boolean };

/** Gets the session that a job needs: the standing one of its meter, or a new one. */
export class LineOpener<Session extends LineSession> {
  readonly #line: string;
  readonly #hooks: LineHooks<Session>;
  readonly #health: HealthBook;
  readonly #occupancy: LineOccupancy<Session>;

  constructor(
    line: string,
    hooks: LineHooks<Session>,
    health: HealthBook,
    occupancy: LineOccupancy<Session>,
  ) {
    this.#line = line;
    this.#hooks = hooks;
    this.#health = health;
    this.#occupancy = occupancy;
  }

  /** The open session of the entry's meter, or why there is none. Throws when `signal` was aborted. */
  async sessionFor(
    entry: Entry<Session>,
    signal: AbortSignal,
    slot: Slot,
    urgent: () => boolean,
  ): Promise<Opened<Session>> {
    const { meter } = entry.job;
    const current = this.#occupancy.sessionOf(meter.id, entry.begun);
    if (current !== undefined) {
      this.#bound(entry, current);
      this.#occupancy.resume();
      return { session: current.session };
    }
    await this.#occupancy.close();
    const health = this.#health.of(meter.id);
    const probe = isProbe(health, this.#hooks.backoff);
    let tries = 1;
    let linkRepeats = false;
    let knock = false;
    const keepPatience = this.#hooks.clock.after(PATIENCE_MS, () => slot.lend());
    try {
      const opening = await this.#hooks.prepareOpening(meter);
      ({ tries, linkRepeats, knock = false } = opening);
      this.#bound(entry, opening);
      this.#hooks.meterState(meter, 'reading');
      const session = await opening.open(signal, probe, (counters) =>
        this.#occupancy.countLink(meter, counters),
      );
      this.#occupancy.settle(meter, session, opening);
      noteSuccess(health);
      keepPatience();
      await slot.resume(entry.priority === 0 || urgent());
      signal.throwIfAborted();
      return { session };
    } catch (thrown) {
      if (signal.aborted) {
        this.#hooks.meterState(meter, 'as-before');
        throw thrown;
      }
      const error = toDcuError(thrown);
      const silence = error.code === 'link-timeout' || error.code === 'frame-corrupt';
      if (knock && silence && !probe) {
        return { failed: error, exhausted: this.#failed(entry, error, KNOCKS, 'as-before') };
      }
      const final = probe || !error.retryable || (linkRepeats && silence);
      return { failed: error, exhausted: this.#failed(entry, error, final ? 1 : tries) };
    } finally {
      keepPatience();
    }
  }

  #bound(entry: Entry<Session>, opening: { readonly tries: number; readonly budgetMs?: number }): void {
    entry.tries = opening.tries;
    entry.spent.bound(opening);
  }

  #failed(
    entry: Entry<Session>,
    error: DcuError,
    tries: number,
    silent: 'offline' | 'as-before' = 'offline',
  ): boolean {
    const { meter } = entry.job;
    const { clock, log, backoff } = this.#hooks;
    this.#occupancy.ledger.failed(meter, error, clock.now());
    const { origin } = ERROR_TABLE[error.code];
    // A wrong setting or a full disk says nothing about the meter, and is over as soon as it is mended.
    const itsOwn = origin === 'link' || origin === 'remote' || origin === 'auth';
    // What leads to it may be back in a moment.
    const passing = error.code === 'module-lost';
    const exhausted =
      (!itsOwn && !passing) ||
      noteFailure(this.#health.of(meter.id), backoff, tries, clock.monotonicMs(), itsOwn);
    this.#hooks.meterState(meter, itsOwn ? silent : 'as-before');
    log.warn('meter could not be opened', { line: this.#line, meterNo: meter.meterNo, ...error.toJSON() });
    return exhausted;
  }
}
