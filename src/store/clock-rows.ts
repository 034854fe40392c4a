import type { ClockCheck, ClockCorrection } from '../base/collection.ts';
import type { Database } from './database.ts';
import { requireMeter } from './profile-rows.ts';

/** What is known of a meter's clock. */
export interface ClockHistory {
  /** The last time that it was looked at; undefined before the first. */
  readonly check: ClockCheck | undefined;
  /** Newest first. */
  readonly corrections: readonly ClockCorrection[];
}

/** Corrections kept of each meter: several years of a good clock. */
const KEPT = 500;

export function saveClockCorrection(db: Database, correction: ClockCorrection): void {
  const { meterId, time, driftMs, action, leftMs } = correction;
  requireMeter(db, meterId);
  db.run('INSERT INTO clock_corrections (meter_id, time, drift_ms, action, left_ms) VALUES (?, ?, ?, ?, ?)', [
    meterId,
    time,
    Math.round(driftMs),
    action,
    leftMs === undefined ? null : Math.round(leftMs),
  ]);
  db.run(
    `DELETE FROM clock_corrections WHERE meter_id = ?1 AND id <=
       (SELECT id FROM clock_corrections WHERE meter_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`,
    [meterId, KEPT],
  );
}

interface CorrectionRow {
  readonly time: number;
  readonly drift_ms: number;
  readonly action: ClockCorrection['action'];
  readonly left_ms: number | null;
}

export function readClock(db: Database, meterId: number, limit: number): ClockHistory {
  const check = db.first<{ time: number; drift_ms: number; action: ClockCheck['action'] }>(
    'SELECT time, drift_ms, action FROM clock_checks WHERE meter_id = ?',
    [meterId],
  );
  const corrections = db.all<CorrectionRow>(
    `SELECT time, drift_ms, action, left_ms FROM clock_corrections WHERE meter_id = ?
     ORDER BY time DESC, id DESC LIMIT ?`,
    [meterId, limit],
  );
  return {
    check:
      check === undefined
        ? undefined
        : { meterId, time: check.time, driftMs: check.drift_ms, action: check.action },
    corrections: corrections.map(({ time, drift_ms: driftMs, action, left_ms: leftMs }) => ({
      meterId,
      time,
      driftMs,
      action,
      ...(leftMs === null ? {} : { leftMs }),
    })),
  };
}
