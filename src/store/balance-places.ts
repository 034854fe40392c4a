import { BELOW_NONE } from '../base/model.ts';
import type { Database } from './database.ts';
import { DAY_MS, kindNumber } from './kinds.ts';

interface MeterRow {
  readonly id: number;
  readonly meter_no: string;
  readonly enabled: number;
  readonly balance: number;
  readonly balance_meter: string | null;
  readonly replaced_at: number | null;
}

interface OpenPlace {
  readonly id: number;
  readonly meter_id: number;
  readonly balance_id: number;
}

/**
 * Writes down who is below whom from now on, as the archive says. A meter that was never below a balance meter of today has always been
 * where it is now, as far as anybody knows; one that has taken the place of another begins when that one ended. Where something has
 * changed, the balances since then are due again.
 */
export function settleBalancePlaces(db: Database, nowMs: number): void {
  const meters = db.all<MeterRow>(
    'SELECT id, meter_no, enabled, balance, balance_meter, replaced_at FROM meters',
  );
  const below = balanceOfEach(meters);
  const open = db.all<OpenPlace>('SELECT id, meter_id, balance_id FROM balance_places WHERE to_ms IS NULL');
  if (below.size === 0 && open.length === 0) return;
  const changedSince = new Map<number, number>();
  const changed = (balanceId: number, fromMs: number): void => {
    changedSince.set(balanceId, Math.min(fromMs, changedSince.get(balanceId) ?? fromMs));
  };
  const replacedAt = new Map(meters.map(({ id, replaced_at }) => [id, replaced_at]));
  for (const { id, meter_id, balance_id } of open) {
    if (below.get(meter_id) === balance_id) {
      below.delete(meter_id);
      continue;
    }
    const toMs = replacedAt.get(meter_id) ?? replacedAt.get(balance_id) ?? nowMs;
    db.run('UPDATE balance_places SET to_ms = max(?, from_ms) WHERE id = ?', [toMs, id]);
    changed(balance_id, toMs);
  }
  for (const [meterId, balanceId] of below) {
    const fromMs = beginningOf(db, meterId, nowMs);
    db.run('INSERT INTO balance_places (meter_id, balance_id, from_ms) VALUES (?, ?, ?)', [
      meterId,
      balanceId,
      fromMs,
    ]);
    changed(balanceId, fromMs);
  }
  for (const [balanceId, fromMs] of changedSince) markDueSince(db, balanceId, fromMs);
}

/** By meter, the balance meter that it is below; a balance meter is below itself. Who is not in use is below none. */
function balanceOfEach(meters: readonly MeterRow[]): Map<number, number> {
  const inUse = meters.filter(({ enabled }) => enabled === 1);
  const balances = new Map(
    inUse.filter(({ balance }) => balance === 1).map(({ meter_no, id }) => [meter_no, id]),
  );
  const only = balances.size === 1 ? [...balances.values()][0] : undefined;
  const below = new Map<number, number>();
  for (const { id, meter_no, balance_meter } of inUse) {
    const named = balance_meter ?? '';
    const balanceId = balances.get(meter_no) ?? (named === '' ? only : balances.get(named));
    if (balanceId !== undefined && named !== BELOW_NONE) below.set(id, balanceId);
  }
  return below;
}

function beginningOf(db: Database, meterId: number, nowMs: number): number {
  const known = db.first(
    `SELECT 1 FROM balance_places p WHERE p.meter_id = ? AND EXISTS
       (SELECT 1 FROM meters b WHERE b.id = p.balance_id AND b.balance AND b.enabled)`,
    [meterId],
  );
  if (known !== undefined) return nowMs;
  const before = db.first<{ at: number | null }>(
    'SELECT max(replaced_at) AS at FROM meters WHERE replaced_by = ?',
    [meterId],
  );
  return before?.at ?? 0;
}

/** Of a balance meter: the days that it has rows of. */
function markDueSince(db: Database, balanceId: number, fromMs: number): void {
  db.run(
    `INSERT INTO balance_due (day, mark)
     SELECT DISTINCT bucket, 1 FROM profile_chunks WHERE meter_id = ? AND kind = ? AND bucket >= ?
     ON CONFLICT DO UPDATE SET mark = mark + 1`,
    [balanceId, kindNumber('energy'), Math.floor(fromMs / DAY_MS)],
  );
}

/** To be called before a meter and its rows go: when it was below a transformer is known from its rows. */
export function leaveBalancePlaces(db: Database, meterId: number): void {
  db.run('DELETE FROM balance_places WHERE balance_id = ?', [meterId]);
  db.run(
    `UPDATE balance_places SET from_ms = max(1, coalesce((SELECT min_ms FROM profile_chunks
       WHERE meter_id = ?1 AND kind = ?2 ORDER BY bucket LIMIT 1), (SELECT created_at FROM meters WHERE id = ?1), 1))
     WHERE meter_id = ?1 AND from_ms = 0`,
    [meterId, kindNumber('energy')],
  );
}
