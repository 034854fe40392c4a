import { asc, eq } from 'drizzle-orm';
import { deviceKey } from '../base/device-address.ts';
import { DcuError } from '../base/errors.ts';
import type { Database } from './database.ts';
import { blacklist } from './schema.ts';
import type { BlacklistRow } from './types.ts';
import { checkText } from './validation.ts';

/** As many as a concentrator has meters, and as many strangers. */
const MOST_ENTRIES = 4096;

export const listBlacklist = (db: Database): readonly BlacklistRow[] =>
  db.query.select().from(blacklist).orderBy(asc(blacklist.id)).all();

/** @throws DcuError `invalid-field`, `conflict` when the device is on it already, in whatever spelling */
export function addToBlacklist(db: Database, address: string, reason: string, nowMs: number): BlacklistRow {
  checkText('address', address, 1, 64);
  checkText('reason', reason, 0, 200);
  const key = deviceKey(address);
  const rows = listBlacklist(db);
  const known = rows.find((row) => deviceKey(row.address) === key);
  if (known !== undefined) {
    throw new DcuError('conflict', `${address} is on the blacklist already, as ${known.address}`, {
      field: 'address',
    });
  }
  if (rows.length >= MOST_ENTRIES) {
    throw new DcuError('conflict', `the blacklist is full with ${MOST_ENTRIES} entries`, {
      field: 'address',
    });
  }
  return db.query.insert(blacklist).values({ address, reason, createdAt: nowMs }).returning().get();
}

/** Hands back what was taken off. @throws DcuError `not-found` */
export function removeFromBlacklist(db: Database, id: number): BlacklistRow {
  const [row] = db.query.delete(blacklist).where(eq(blacklist.id, id)).returning().all();
  if (row === undefined) throw new DcuError('not-found', `there is no entry ${id} in the blacklist`);
  return row;
}
