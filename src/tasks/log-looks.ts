import type { Clock } from '../base/clock.ts';
import type { CollectionStore, LogMark } from '../base/collection.ts';
import { EVENT_LOGS, type EventLog } from '../base/model.ts';
import type { MeterSession } from '../meters/session.ts';

/** What an event log shows without being read. */
export interface LogLook {
  readonly seen: LogMark;
  /** As it was seen when it was read last; undefined before that. */
  readonly before: LogMark | undefined;
  /** It may hold something that has not been read. */
  readonly changed: boolean;
}

/** A look serves all that is asked of a meter within this time. */
const KEPT_MS = 60_000;
/** Entries are short; what a hostile meter sends must not fill the store. */
const LAST_CHARS = 400;

/**
 * Tells cheaply whether the event logs of a meter hold news: by their entries in use (class 7, attribute 7), and where a
 * log is full by its last entry.
 */
export class LogLooks {
  readonly #store: Pick<CollectionStore, 'logMarks' | 'saveLogMark'>;
  readonly #clock: Clock;
  readonly #bySession = new WeakMap<
    MeterSession,
    { readonly atMs: number; readonly looks: Promise<ReadonlyMap<EventLog, LogLook>> }
  >();
  /** Entries that a log has room for, by meter and log. */
  readonly #capacities = new Map<string, number>();

  constructor({
    store,
    clock,
  }: {
    readonly store: Pick<CollectionStore, 'logMarks' | 'saveLogMark'>;
    readonly clock: Clock;
  }) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Of those logs whose entries the meter tells. */
  look(meterId: number, session: MeterSession): Promise<ReadonlyMap<EventLog, LogLook>> {
    const known = this.#bySession.get(session);
    const atMs = this.#clock.monotonicMs();
    if (known !== undefined && atMs - known.atMs < KEPT_MS) return known.looks;
    const looks = this.#look(meterId, session);
    this.#bySession.set(session, { atMs, looks });
    looks.catch(() => this.#bySession.delete(session));
    return looks;
  }

  /**
   * A log has been read since it was looked at. What was counted may bear times up to the look, or beyond where the
   * meter's clock is `driftMs` ahead: only behind that nothing new means nothing to be read.
   */
  async settle(
    meterId: number,
    session: MeterSession,
    { seen, before, changed }: LogLook,
    driftMs: number,
  ): Promise<void> {
    const shownMs = seen.checkedAt + Math.ceil(Math.max(0, driftMs));
    // What was counted before may bear later times than the meter's clock shows now that it was set back.
    const checkedAt =
      before === undefined ? shownMs : changed ? Math.max(shownMs, before.checkedAt) : before.checkedAt;
    const mark = { ...seen, checkedAt };
    await this.#store.saveLogMark(meterId, mark);
    const known = this.#bySession.get(session);
    if (known === undefined) return;
    const looks = new Map(await known.looks);
    looks.set(seen.log, { seen, before: mark, changed: false });
    this.#bySession.set(session, { ...known, looks: Promise.resolve(looks) });
  }

  /** The meter's clock is set back: what its logs hold may bear times up to `untilMs`. */
  async setBack(meterId: number, untilMs: number): Promise<void> {
    const marks = new Map((await this.#store.logMarks(meterId)).map((mark) => [mark.log, mark]));
    for (const log of EVENT_LOGS) {
      const mark = marks.get(log) ?? { log, entries: 0, last: '', checkedAt: 0 };
      if (mark.checkedAt < untilMs) await this.#store.saveLogMark(meterId, { ...mark, checkedAt: untilMs });
    }
  }

  forget(meterId: number): void {
    for (const log of EVENT_LOGS) this.#capacities.delete(`${meterId}:${log}`);
  }

  async #look(meterId: number, session: MeterSession): Promise<ReadonlyMap<EventLog, LogLook>> {
    const marks = new Map((await this.#store.logMarks(meterId)).map((mark) => [mark.log, mark]));
    const checkedAt = this.#clock.now();
    const looks = new Map<EventLog, LogLook>();
    const entries = await session.entriesInUse(EVENT_LOGS);
    for (const [log, counts] of entries) {
      const before = marks.get(log);
      const total = counts.reduce((sum, count) => sum + count, 0);
      const same = before?.entries === total;
      // A log that is not full grows with each entry; of a full one the last entry tells.
      const capacity = total > 0 && same ? await this.#capacity(meterId, session, log) : undefined;
      const isFull = capacity !== undefined && total >= capacity;
      const last = isFull ? (await session.lastEntries(log, counts)).slice(0, LAST_CHARS) : '';
      const changed = before === undefined ? total > 0 : !same || (isFull && last !== before.last);
      looks.set(log, { seen: { log, entries: total, last, checkedAt }, before, changed });
    }
    return looks;
  }

  /** A meter that does not tell is looked at as if its log were full. */
  async #capacity(meterId: number, session: MeterSession, log: EventLog): Promise<number> {
    const key = `${meterId}:${log}`;
    const capacity = this.#capacities.get(key) ?? (await session.logCapacity(log)) ?? 0;
    this.#capacities.set(key, capacity);
    return capacity;
  }
}
