import { DcuError } from '../base/errors.ts';
import type { CollectionKind, Interval } from '../base/model.ts';
import type { Database } from './database.ts';
import { kindNumber } from './kinds.ts';

export function readCoverage(db: Database, meterId: number, kind: CollectionKind): readonly Interval[] {
  return db
    .all<{ from_ms: number; to_ms: number }>(
      'SELECT from_ms, to_ms FROM coverage WHERE meter_id = ? AND kind = ? ORDER BY from_ms',
      [meterId, kindNumber(kind)],
    )
    .map((row) => ({ fromMs: row.from_ms, toMs: row.to_ms }));
}

/** Whatever was covered from an instant on is open again. */
export function forgetCoverage(db: Database, fromMs: number): void {
  db.run('DELETE FROM coverage WHERE from_ms >= ?', [fromMs]);
  db.run('UPDATE coverage SET to_ms = ? WHERE to_ms > ?', [fromMs, fromMs]);
}

/** Joins the interval with those that it overlaps or touches. An empty one changes nothing. */
export function addCoverage(db: Database, meterId: number, kind: CollectionKind, added: Interval): void {
  if (!Number.isSafeInteger(added.fromMs) || !Number.isSafeInteger(added.toMs)) {
    throw new DcuError('invalid-argument', 'the ends of a covered interval are not whole milliseconds');
  }
  if (added.fromMs >= added.toMs) return;
  const key = [meterId, kindNumber(kind)];
  const touching = db.all<{ from_ms: number; to_ms: number }>(
    'SELECT from_ms, to_ms FROM coverage WHERE meter_id = ? AND kind = ? AND from_ms <= ? AND to_ms >= ?',
    [...key, added.toMs, added.fromMs],
  );
  const fromMs = Math.min(added.fromMs, ...touching.map((row) => row.from_ms));
  const toMs = Math.max(added.toMs, ...touching.map((row) => row.to_ms));
  const [only] = touching;
  if (touching.length === 1 && only?.from_ms === fromMs) {
    if (only.to_ms === toMs) return;
    db.run('UPDATE coverage SET to_ms = ? WHERE meter_id = ? AND kind = ? AND from_ms = ?', [
      toMs,
      ...key,
      fromMs,
    ]);
    return;
  }
  for (const row of touching) {
    db.run('DELETE FROM coverage WHERE meter_id = ? AND kind = ? AND from_ms = ?', [...key, row.from_ms]);
  }
  db.run('INSERT INTO coverage (meter_id, kind, from_ms, to_ms) VALUES (?, ?, ?, ?)', [...key, fromMs, toMs]);
}
