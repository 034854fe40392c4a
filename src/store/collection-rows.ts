import type { Attempt, ClockCheck } from '../base/collection.ts';
import { DcuError, ERROR_TABLE } from '../base/errors.ts';
import type { MeterState } from '../base/model.ts';
import type { Database } from './database.ts';
import { offerFact } from './outbox-write.ts';
import { requireMeter } from './profile-rows.ts';

export function saveClockCheck(db: Database, check: ClockCheck): void {
  requireMeter(db, check.meterId);
  db.run(
    `INSERT INTO clock_checks (meter_id, time, drift_ms, action) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET time = excluded.time, drift_ms = excluded.drift_ms, action = excluded.action`,
    [check.meterId, check.time, Math.round(check.driftMs), check.action],
  );
}

export function lastSuccess(db: Database, meterId: number, itemId: number): number | undefined {
  return (
    db.first<{ last_success: number | null }>(
      'SELECT last_success FROM attempts WHERE meter_id = ? AND item_id = ?',
      [meterId, itemId],
    )?.last_success ?? undefined
  );
}

/** Messages are for people; a hostile meter must not fill the disk with them. */
const MAX_MESSAGE = 500;

/** The last attempt is kept per meter and item; counters per item and code. */
export function saveAttempt(db: Database, attempt: Attempt): void {
  requireMeter(db, attempt.meterId);
  const failed = attempt.error !== undefined;
  db.run(
    `INSERT INTO attempts (meter_id, item_id, started_at, finished_at, added, error, message, last_success, successes, failures)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
     ON CONFLICT DO UPDATE SET started_at = ?3, finished_at = ?4, added = ?5, error = ?6, message = ?7,
       last_success = coalesce(?8, last_success), successes = successes + ?9, failures = failures + ?10`,
    [
      attempt.meterId,
      attempt.itemId,
      attempt.startedAt,
      attempt.finishedAt,
      attempt.added,
      attempt.error ?? null,
      attempt.message?.slice(0, MAX_MESSAGE) ?? null,
      failed ? null : attempt.finishedAt,
      failed ? 0 : 1,
      failed ? 1 : 0,
    ],
  );
  db.run(
    `INSERT INTO attempt_counters (item_id, code, count) VALUES (?, ?, 1)
     ON CONFLICT DO UPDATE SET count = count + 1`,
    [attempt.itemId, countedCode(attempt.error)],
  );
}

/** Codes that are not in the table are counted together, so that the counters stay bounded. */
function countedCode(error: string | undefined): string {
  if (error === undefined) return 'ok';
  return Object.hasOwn(ERROR_TABLE, error) ? error : 'other';
}

/** `online` is an answer: it moves `lastSeen` and ends being offline; the first `offline` since then says since when. */
export function saveMeterState(db: Database, meterId: number, state: MeterState, atMs: number): void {
  requireMeter(db, meterId);
  // That it is being read just now is nothing that anybody else would act on.
  if (state === 'online' || state === 'offline') {
    const before = db.first<{ last_seen: number | null; offline_since: number | null }>(
      'SELECT last_seen, offline_since FROM meter_states WHERE meter_id = ?',
      [meterId],
    );
    const wasOffline = (before?.offline_since ?? null) !== null;
    const wasOnline = !wasOffline && (before?.last_seen ?? null) !== null;
    if (state === 'online' ? !wasOnline : !wasOffline) offerFact(db, meterId, 'status', { state }, atMs);
  }
  db.run(
    `INSERT INTO meter_states (meter_id, state, changed_at, last_seen, offline_since) VALUES (?1, ?2, ?3, ?4, ?5)
     ON CONFLICT DO UPDATE SET state = ?2, changed_at = ?3, last_seen = coalesce(?4, last_seen),
       offline_since = CASE WHEN ?4 IS NULL THEN coalesce(offline_since, ?5) END`,
    [meterId, state, atMs, state === 'online' ? atMs : null, state === 'offline' ? atMs : null],
  );
}

/** IEC 62056-5-3: an invocation counter is an unsigned 32-bit number. */
const COUNTER_END = 2 ** 32;

/** 0 for a key that is new. */
export const nextCounter = (db: Database, keyId: string): number =>
  db.first<{ next: number }>('SELECT next FROM invocation_counters WHERE key_id = ?', [keyId])?.next ?? 0;

function setCounter(db: Database, keyId: string, next: number): void {
  db.run(
    'INSERT INTO invocation_counters (key_id, next) VALUES (?, ?) ON CONFLICT DO UPDATE SET next = excluded.next',
    [keyId, next],
  );
}

export function reserveCounters(db: Database, keyId: string, count: number): number {
  if (!Number.isInteger(count) || count < 1) {
    throw new DcuError('invalid-argument', `${count} is no number of counters to reserve`);
  }
  const first = nextCounter(db, keyId);
  if (first + count > COUNTER_END) {
    throw new DcuError('invocation-counter-exhausted', `the invocation counter of ${keyId} is used up`, {
      facts: { keyId },
    });
  }
  setCounter(db, keyId, first + count);
  return first;
}

/** The next value handed out is at least `value`. */
export function raiseCounter(db: Database, keyId: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > COUNTER_END) {
    throw new DcuError('invalid-argument', `${value} is no invocation counter`);
  }
  if (nextCounter(db, keyId) < value) setCounter(db, keyId, value);
}
