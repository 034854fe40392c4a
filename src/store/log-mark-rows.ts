import type { LogMark } from '../base/collection.ts';
import type { Database } from './database.ts';
import { eventLogOf, kindNumber } from './kinds.ts';
import { requireMeter } from './profile-rows.ts';

interface MarkRow {
  readonly kind: number;
  readonly entries: number;
  readonly last: string;
  readonly checked_at: number;
}

export function logMarks(db: Database, meterId: number): readonly LogMark[] {
  return db
    .all<MarkRow>('SELECT kind, entries, last, checked_at FROM log_marks WHERE meter_id = ?', [meterId])
    .map((row) => ({
      log: eventLogOf(row.kind),
      entries: row.entries,
      last: row.last,
      checkedAt: row.checked_at,
    }));
}

export function saveLogMark(db: Database, meterId: number, mark: LogMark): void {
  requireMeter(db, meterId);
  db.run(
    `INSERT INTO log_marks (meter_id, kind, entries, last, checked_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET entries = excluded.entries, last = excluded.last, checked_at = excluded.checked_at`,
    [meterId, kindNumber(mark.log), mark.entries, mark.last, mark.checkedAt],
  );
}
