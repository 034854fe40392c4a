import { EVENT_LOGS, type EventLog, type Interval, type ProfileKind } from '../base/model.ts';
import { countRows } from './chunk-codec.ts';
import type { Database } from './database.ts';
import { bucketOf, kindNumber } from './kinds.ts';
import type { Counts } from './types.ts';

const single = (db: Database, sql: string, params: readonly number[] = []): number =>
  db.first<{ n: number | null }>(sql, params)?.n ?? 0;

export function readCounts(db: Database, day: Interval, month: Interval): Counts {
  const events = Object.fromEntries(
    EVENT_LOGS.map((log) => [
      log,
      single(db, 'SELECT count(*) AS n FROM events WHERE kind = ? AND time >= ? AND time < ?', [
        kindNumber(log),
        day.fromMs,
        day.toMs,
      ]),
    ]),
  ) as Record<EventLog, number>;
  return {
    meters: single(db, 'SELECT count(*) AS n FROM meters'),
    metersEnabled: single(db, 'SELECT count(*) AS n FROM meters WHERE enabled'),
    billing: countProfile(db, 'billing', month),
    demand: countProfile(db, 'demand', day),
    energy: countProfile(db, 'energy', day),
    events,
  };
}

/** Chunks that lie in the interval are counted by their row number; those at its ends by their times. */
function countProfile(db: Database, kind: ProfileKind, interval: Interval): number {
  const params = [
    kindNumber(kind),
    bucketOf(kind, interval.fromMs),
    bucketOf(kind, interval.toMs),
    interval.fromMs,
    interval.toMs,
  ];
  const whole = single(
    db,
    'SELECT sum(rows) AS n FROM profile_chunks WHERE kind = ? AND bucket BETWEEN ? AND ? AND min_ms >= ? AND max_ms < ?',
    params,
  );
  const cut = db.all<{ data: ArrayBuffer }>(
    `SELECT data FROM profile_chunks WHERE kind = ?1 AND bucket BETWEEN ?2 AND ?3 AND max_ms >= ?4 AND min_ms < ?5
     AND NOT (min_ms >= ?4 AND max_ms < ?5)`,
    params,
  );
  return cut.reduce((sum, { data }) => sum + countRows(new Uint8Array(data), interval), whole);
}

export function readTotals(db: Database): {
  readonly profileRows: number;
  readonly billingRows: number;
  readonly eventRows: number;
} {
  const billing = kindNumber('billing');
  return {
    profileRows: single(db, 'SELECT sum(rows) AS n FROM profile_chunks WHERE kind <> ?', [billing]),
    billingRows: single(db, 'SELECT sum(rows) AS n FROM profile_chunks WHERE kind = ?', [billing]),
    eventRows: single(db, 'SELECT count(*) AS n FROM events'),
  };
}

/** As profiles: what was worked out from their rows. */
const PROFILE_DROPS: readonly string[] = [
  'DELETE FROM balance_intervals WHERE rowid IN (SELECT rowid FROM balance_intervals WHERE to_ms < ? LIMIT ?)',
  'DELETE FROM balance_places WHERE id IN (SELECT id FROM balance_places WHERE to_ms < ? LIMIT ?)',
  'DELETE FROM balance_due WHERE day IN (SELECT day FROM balance_due WHERE (day + 1) * 86400000 < ? LIMIT ?)',
];

/** Each goes through an index, so that a step that finds nothing costs nothing. */
const DROPS: readonly { readonly sql: string; readonly params: readonly number[] }[] = [
  ...EVENT_LOGS.map((log) => ({
    sql: 'DELETE FROM events WHERE id IN (SELECT id FROM events WHERE kind = ? AND time < ? LIMIT ?)',
    params: [kindNumber(log)],
  })),
  ...['logbook', 'audit'].map((table) => ({
    sql: `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE time < ? LIMIT ?)`,
    params: [],
  })),
];

/** Drops at most `limit` chunks or rows that end before the two times; `done` when there was no more. */
export function dropOld(
  db: Database,
  profilesBeforeMs: number,
  othersBeforeMs: number,
  limit: number,
): { readonly rowsDropped: number; readonly done: boolean } {
  const billing = kindNumber('billing');
  const chunks = db.all<{ id: number; rows: number }>(
    `SELECT id, rows FROM profile_chunks WHERE kind IN (?, ?) AND bucket <= ? AND max_ms < ?
     UNION ALL SELECT id, rows FROM profile_chunks WHERE kind = ? AND bucket <= ? AND max_ms < ? LIMIT ?`,
    [
      kindNumber('energy'),
      kindNumber('demand'),
      bucketOf('energy', profilesBeforeMs),
      profilesBeforeMs,
      billing,
      bucketOf('billing', othersBeforeMs),
      othersBeforeMs,
      limit,
    ],
  );
  for (const { id } of chunks) db.run('DELETE FROM profile_chunks WHERE id = ?', [id]);
  let rowsDropped = chunks.reduce((sum, { rows }) => sum + rows, 0);
  let left = limit - chunks.length;
  for (const drop of DROPS) {
    if (left <= 0) break;
    const dropped = db.run(drop.sql, [...drop.params, othersBeforeMs, left]);
    left -= dropped;
    rowsDropped += dropped;
  }
  for (const sql of PROFILE_DROPS) {
    if (left <= 0) break;
    const dropped = db.run(sql, [profilesBeforeMs, left]);
    left -= dropped;
    rowsDropped += dropped;
  }
  return { rowsDropped, done: left > 0 };
}
