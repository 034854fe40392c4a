import { DcuError } from '../base/errors.ts';
import type { EventLog, Interval, MeterEvent, RegisterReading } from '../base/model.ts';
import { addCoverage } from './coverage-rows.ts';
import type { Bindable, Database } from './database.ts';
import { eventLogOf, kindNumber } from './kinds.ts';
import { offerEvents, offerRegisters } from './outbox-write.ts';
import { requireMeter } from './profile-rows.ts';
import type { Page } from './types.ts';

export interface EventQuery {
  readonly log?: EventLog;
  readonly interval?: Interval;
  readonly limit?: number;
  readonly offset?: number;
}

export type StoredEvent = MeterEvent & { readonly meterId: number; readonly log: EventLog };

/**
 * An event is known by meter, log, time, code, extra values and its ordinal among equal ones of the same delivery: two equal
 * entries in one buffer are two events, the same buffer read again adds none.
 */
export function appendEvents(
  db: Database,
  meterId: number,
  log: EventLog,
  events: readonly MeterEvent[],
  covered: Interval | undefined,
  atMs: number,
): { readonly added: number } {
  requireMeter(db, meterId);
  const kind = kindNumber(log);
  const ordinals = new Map<string, number>();
  const added: MeterEvent[] = [];
  for (const event of events) {
    if (!Number.isSafeInteger(event.time)) {
      throw new DcuError('invalid-argument', `an event of log ${log} has no valid time`);
    }
    const extra = extraText(event.extra);
    const identity = `${event.time} ${event.code} ${extra}`;
    const ordinal = ordinals.get(identity) ?? 0;
    ordinals.set(identity, ordinal + 1);
    const isNew = db.run(
      `INSERT INTO events (meter_id, kind, time, code, clock_status, extra, ordinal) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      [meterId, kind, event.time, event.code, event.clockStatus, extra, ordinal],
    );
    if (isNew > 0) added.push(event);
  }
  if (covered !== undefined) addCoverage(db, meterId, log, covered);
  offerEvents(db, meterId, log, added, atMs);
  return { added: added.length };
}

/** JSON with sorted keys, so that equal extras are equal text. */
function extraText(extra: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(extra).sort(([a], [b]) => (a < b ? -1 : 1))));
}

interface EventRow {
  readonly meter_id: number;
  readonly kind: number;
  readonly time: number;
  readonly code: number;
  readonly clock_status: number;
  readonly extra: string;
}

/** Newest first. */
export function readEvents(db: Database, meterId: number | undefined, query: EventQuery): Page<StoredEvent> {
  const conditions: string[] = [];
  const params: Bindable[] = [];
  const where = (condition: string, ...values: Bindable[]): void => {
    conditions.push(condition);
    params.push(...values);
  };
  if (meterId !== undefined) where('meter_id = ?', meterId);
  if (query.log !== undefined) where('kind = ?', kindNumber(query.log));
  if (query.interval !== undefined)
    where('time >= ? AND time < ?', query.interval.fromMs, query.interval.toMs);
  const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const total = db.first<{ n: number }>(`SELECT count(*) AS n FROM events ${filter}`, params)?.n ?? 0;
  const rows = db.all<EventRow>(
    `SELECT meter_id, kind, time, code, clock_status, extra FROM events ${filter}
     ORDER BY time DESC, id DESC LIMIT ? OFFSET ?`,
    [...params, query.limit ?? 1000, query.offset ?? 0],
  );
  return {
    total,
    rows: rows.map((row) => ({
      meterId: row.meter_id,
      log: eventLogOf(row.kind),
      time: row.time,
      code: row.code,
      clockStatus: row.clock_status,
      extra: JSON.parse(row.extra) as Readonly<Record<string, string>>,
    })),
  };
}

/** Keeps the newest reading of each attribute; an older one than the kept is ignored. */
export function saveRegisters(db: Database, readings: readonly RegisterReading[]): void {
  for (const meterId of new Set(readings.map((reading) => reading.meterId))) requireMeter(db, meterId);
  const taken = readings.filter(
    (r) =>
      db.run(
        `INSERT INTO registers (meter_id, class_id, obis, attribute, time, type, value, scaler, unit)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET time = excluded.time, type = excluded.type, value = excluded.value,
         scaler = excluded.scaler, unit = excluded.unit WHERE excluded.time >= registers.time`,
        [r.meterId, r.classId, r.obis, r.attribute, r.time, r.type, r.value, r.scaler, r.unit],
      ) > 0,
  );
  offerRegisters(db, taken);
}

interface RegisterRow {
  readonly meter_id: number;
  readonly class_id: number;
  readonly obis: string;
  readonly attribute: number;
  readonly time: number;
  readonly type: string;
  readonly value: string;
  readonly scaler: number | null;
  readonly unit: number | null;
}

export function readRegisters(db: Database, meterId: number): readonly RegisterReading[] {
  return db
    .all<RegisterRow>(
      `SELECT meter_id, class_id, obis, attribute, time, type, value, scaler, unit FROM registers
       WHERE meter_id = ? ORDER BY class_id, obis, attribute`,
      [meterId],
    )
    .map((row) => ({
      meterId: row.meter_id,
      classId: row.class_id,
      obis: row.obis,
      attribute: row.attribute,
      time: row.time,
      type: row.type,
      value: row.value,
      scaler: row.scaler,
      unit: row.unit,
    }));
}
