import type { Attempt, MeterContact } from '../base/collection.ts';
import type { MeterState } from '../base/model.ts';
import type { Database } from './database.ts';

interface StateRow {
  readonly meter_id: number;
  readonly state: MeterState;
  readonly last_seen: number | null;
  readonly offline_since: number | null;
}

/** Of every meter that was ever asked. */
export function readContacts(db: Database): readonly MeterContact[] {
  return db
    .all<StateRow>('SELECT meter_id, state, last_seen, offline_since FROM meter_states')
    .map((row) => ({
      meterId: row.meter_id,
      state: row.state,
      ...(row.last_seen === null ? {} : { lastSeen: row.last_seen }),
      ...(row.offline_since === null ? {} : { offlineSince: row.offline_since }),
    }));
}

interface AttemptRow {
  readonly item_id: number;
  readonly started_at: number;
  readonly finished_at: number;
  readonly added: number;
  readonly error: string | null;
  readonly message: string | null;
}

/** The last attempt of each task item at a meter. */
export function readAttempts(db: Database, meterId: number): readonly Attempt[] {
  return db
    .all<AttemptRow>(
      'SELECT item_id, started_at, finished_at, added, error, message FROM attempts WHERE meter_id = ?',
      [meterId],
    )
    .map((row) => ({
      meterId,
      itemId: row.item_id,
      startedAt: row.started_at,
      finishedAt: row.finished_at,
      added: row.added,
      ...(row.error === null ? {} : { error: row.error }),
      ...(row.message === null ? {} : { message: row.message }),
    }));
}
