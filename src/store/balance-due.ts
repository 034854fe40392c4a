import type { BalanceDue } from '../base/balance.ts';
import type { Database } from './database.ts';
import { DAY_MS } from './kinds.ts';

/**
 * Notes that rows of energy have come. The last rows of a day are also where the first interval of the next begins. To be called in the
 * transaction that stores them.
 */
export function noteBalanceDue(db: Database, timesMs: readonly number[]): void {
  const days = new Set(timesMs.flatMap((time) => [dayOf(time), dayOf(time + LONGEST_INTERVAL_MS)]));
  for (const day of days) markDue(db, day);
}

/** A balance is made of intervals of an hour at most. */
const LONGEST_INTERVAL_MS = 3_600_000;
const dayOf = (timeMs: number): number => Math.floor(timeMs / DAY_MS);

const markDue = (db: Database, day: number): number =>
  db.run('INSERT INTO balance_due (day, mark) VALUES (?, 1) ON CONFLICT DO UPDATE SET mark = mark + 1', [
    day,
  ]);

/** The newest days first. */
export const listBalanceDue = (db: Database, limit: number): readonly BalanceDue[] =>
  db.all<{ day: number; mark: number }>('SELECT day, mark FROM balance_due ORDER BY day DESC LIMIT ?', [
    limit,
  ]);

/** Nothing happens when there is a new reason since. */
export function endBalanceDue(db: Database, { day, mark }: BalanceDue): void {
  db.run('DELETE FROM balance_due WHERE day = ? AND mark = ?', [day, mark]);
}
