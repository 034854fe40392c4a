import type { BalanceInterval, BalancePlace, Transformer } from '../base/balance.ts';
import type { Interval, ProfileRows } from '../base/model.ts';
import type { Database } from './database.ts';
import { DAY_MS, kindNumber } from './kinds.ts';
import { offerBalance } from './outbox-write.ts';
import { readProfile } from './profile-rows.ts';

interface PlaceRow {
  readonly meter_id: number;
  readonly balance_id: number;
  readonly from_ms: number;
  readonly to_ms: number | null;
  readonly since: number | null;
  readonly replaced_at: number | null;
  readonly phases: number | null;
}

/**
 * Who was below whom at any time in the interval. A place without a known beginning begins with the first that is known of the
 * meter: its first row, or its entry into the archive.
 */
export function listBalancePlaces(db: Database, { fromMs, toMs }: Interval): readonly BalancePlace[] {
  return db
    .all<PlaceRow>(
      `SELECT p.meter_id, p.balance_id, p.from_ms, p.to_ms, m.replaced_at,
         CASE p.from_ms WHEN 0 THEN min(coalesce(m.created_at, 0), coalesce((SELECT c.min_ms FROM profile_chunks c
           WHERE c.meter_id = p.meter_id AND c.kind = ?3 ORDER BY c.bucket LIMIT 1), m.created_at, 0)) END AS since,
         (SELECT n.phases FROM network_nodes n WHERE m.phase = 1 AND n.channel = m.channel
           AND n.address = coalesce(m.node, substr('000000000000' || m.meter_no, -12))) AS phases
       FROM balance_places p LEFT JOIN meters m ON m.id = p.meter_id
       WHERE p.from_ms < ?2 AND coalesce(p.to_ms, ?2) > ?1 ORDER BY p.balance_id, p.meter_id`,
      [fromMs, toMs, kindNumber('energy')],
    )
    .map((row) => {
      const phase = [1, 2, 4].indexOf(row.phases ?? 0) + 1;
      return {
        meterId: row.meter_id,
        balanceId: row.balance_id,
        fromMs: row.since ?? row.from_ms,
        ...(row.to_ms === null ? {} : { toMs: row.to_ms }),
        isFirst: row.since !== null,
        wasReplaced: row.to_ms !== null && row.to_ms === row.replaced_at,
        ...(phase === 0 ? {} : { phase }),
      };
    });
}

/** Rows of the energy profile of each meter with nothing but the columns of these objects. */
export function readEnergyRows(
  db: Database,
  meterIds: readonly number[],
  interval: Interval,
  obisCodes: readonly string[],
): readonly (ProfileRows | undefined)[] {
  const wanted = new Set(obisCodes);
  return meterIds.map((meterId) => {
    const rows = readProfile(db, meterId, 'energy', interval);
    if (rows === undefined) return undefined;
    const { columns, times, clockStatus, values } = rows;
    const kept = columns.map(({ obis }) => wanted.has(obis));
    return {
      columns: columns.filter((_, i) => kept[i]),
      times,
      clockStatus,
      values: values.filter((_, i) => kept[i]),
    };
  });
}

interface IntervalRow {
  readonly meter_id: number;
  readonly to_ms: number;
  readonly from_ms: number;
  readonly scaler: number;
  readonly imported: number;
  readonly exported: number;
  readonly consumed: number;
  readonly fed: number;
  readonly expected: number;
  readonly counted: number;
  readonly missing: string;
  readonly phases: string | null;
}

const intervalOf = ({
  meter_id: _,
  from_ms,
  to_ms,
  missing,
  phases,
  ...sums
}: IntervalRow): BalanceInterval => ({
  fromMs: from_ms,
  toMs: to_ms,
  ...sums,
  missing: JSON.parse(missing) as BalanceInterval['missing'],
  ...(phases === null ? {} : { phases: JSON.parse(phases) as NonNullable<BalanceInterval['phases']> }),
});

/** Intervals that end in [fromMs, toMs), ascending. */
export const readBalance = (db: Database, meterId: number, ends: Interval): readonly BalanceInterval[] =>
  db
    .all<IntervalRow>(
      'SELECT * FROM balance_intervals WHERE meter_id = ? AND to_ms >= ? AND to_ms < ? ORDER BY to_ms',
      [meterId, ends.fromMs, ends.toMs],
    )
    .map(intervalOf);

/** All intervals that end on a UTC day; what is there already is not written again. */
export function saveBalance(
  db: Database,
  meterId: number,
  day: number,
  intervals: readonly BalanceInterval[],
  nowMs: number,
): void {
  // A day that was being worked out when its meter was removed leaves nothing behind.
  if (db.first('SELECT 1 FROM meters WHERE id = ?', [meterId]) === undefined) return;
  const before = new Map(
    readBalance(db, meterId, { fromMs: day * DAY_MS, toMs: (day + 1) * DAY_MS }).map((one) => [
      one.toMs,
      one,
    ]),
  );
  const changed = intervals.filter((one) => !Bun.deepEquals(before.get(one.toMs), one, true));
  for (const interval of changed) writeInterval(db, meterId, interval);
  offerBalance(db, meterId, changed, nowMs);
  for (const { toMs } of intervals) before.delete(toMs);
  for (const toMs of before.keys()) {
    db.run('DELETE FROM balance_intervals WHERE meter_id = ? AND to_ms = ?', [meterId, toMs]);
  }
}

function writeInterval(db: Database, meterId: number, interval: BalanceInterval): void {
  const { fromMs, toMs, scaler, imported, exported, consumed, fed, expected, counted, missing, phases } =
    interval;
  db.run(
    `INSERT OR REPLACE INTO balance_intervals
       (meter_id, to_ms, from_ms, scaler, imported, exported, consumed, fed, expected, counted, missing, phases)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      meterId,
      toMs,
      fromMs,
      scaler,
      imported,
      exported,
      consumed,
      fed,
      expected,
      counted,
      JSON.stringify(missing),
      phases === undefined ? null : JSON.stringify(phases),
    ],
  );
}

interface TransformerRow {
  readonly meter_id: number;
  readonly meter_no: string;
  readonly until: number | null;
  readonly members: number;
  readonly scaler: number | null;
  readonly last: number | null;
}

/** Balance meters of now and before, as far as they are in the archive: those in use first, then by MeterNo. */
export function listTransformers(db: Database, meterId?: number): readonly Transformer[] {
  return db
    .all<TransformerRow>(
      `SELECT m.id AS meter_id, m.meter_no, own.until,
         (SELECT count(*) FROM balance_places p WHERE p.balance_id = m.id AND p.meter_id <> m.id AND p.to_ms IS NULL) AS members,
         (SELECT min(scaler) FROM balance_intervals b WHERE b.meter_id = m.id) AS scaler,
         (SELECT max(to_ms) FROM balance_intervals b WHERE b.meter_id = m.id) AS last
       FROM meters m JOIN (
         SELECT meter_id, CASE WHEN count(*) = count(to_ms) THEN max(to_ms) END AS until FROM balance_places
         WHERE meter_id = balance_id GROUP BY meter_id
       ) own ON own.meter_id = m.id
       WHERE ?1 IS NULL OR m.id = ?1 ORDER BY own.until IS NOT NULL, m.meter_no`,
      [meterId ?? null],
    )
    .map(({ meter_id, meter_no, until, members, scaler, last }) => {
      const [newest] = last === null ? [] : readBalance(db, meter_id, { fromMs: last, toMs: last + 1 });
      return {
        meterId: meter_id,
        meterNo: meter_no,
        ...(until === null ? {} : { untilMs: until }),
        members,
        scaler: scaler ?? 0,
        ...(newest === undefined ? {} : { last: newest }),
      };
    });
}
