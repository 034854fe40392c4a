import { and, count, desc, eq, type SQL, sql } from 'drizzle-orm';
import { DcuError } from '../base/errors.ts';
import type { Database } from './database.ts';
import { foundDevices } from './schema.ts';
import type { FoundDevice, FoundNote, FoundQuery, FoundState, Page } from './types.ts';

/** A network full of strangers must not fill the disk: beyond these the one that was not seen for longest goes. */
const MOST_DEVICES = 4096;
/** Characters of a proposal as JSON. */
const LONGEST_PROPOSAL = 65_536;

export function listFound(db: Database, query: FoundQuery): Page<FoundDevice> {
  const condition = conditionOf(query);
  const [total] = db.query.select({ n: count() }).from(foundDevices).where(condition).all();
  const rows = db.query
    .select()
    .from(foundDevices)
    .where(condition)
    .orderBy(desc(foundDevices.seenAt), desc(foundDevices.id))
    .limit(query.limit)
    .offset(query.offset)
    .all();
  return { total: total?.n ?? 0, rows: rows.map(deviceOf) };
}

function conditionOf({ channel, state, search }: FoundQuery): SQL | undefined {
  return and(
    channel === undefined ? undefined : eq(foundDevices.channel, channel),
    state === undefined ? undefined : eq(foundDevices.state, state),
    search === undefined || search === ''
      ? undefined
      : sql`${foundDevices.address} LIKE ${`%${search.replaceAll(/[\\%_]/g, '\\$&')}%`} ESCAPE '\\'`,
  );
}

export function getFound(db: Database, id: number): FoundDevice | undefined {
  const [row] = db.query.select().from(foundDevices).where(eq(foundDevices.id, id)).all();
  return row === undefined ? undefined : deviceOf(row);
}

/**
 * Notes a device that is no meter of the archive. True when it is news: never seen before, or accepted once and no meter any more.
 * One that was ignored stays ignored.
 */
export function noteFound(db: Database, device: FoundNote): boolean {
  const { channel, address, via, seenAt, proposal } = device;
  const text = proposal === undefined ? undefined : proposalText(proposal);
  const [known] = db.query
    .select()
    .from(foundDevices)
    .where(and(eq(foundDevices.channel, channel), eq(foundDevices.address, address)))
    .all();
  if (known === undefined) {
    db.query
      .insert(foundDevices)
      .values({ channel, address, via, state: 'new', foundAt: seenAt, seenAt, proposal: text ?? '{}' })
      .run();
    makeRoom(db);
    return true;
  }
  const again = known.state === 'accepted';
  db.query
    .update(foundDevices)
    .set({
      via,
      seenAt: Math.max(known.seenAt, seenAt),
      ...(text === undefined ? {} : { proposal: text }),
      ...(again ? { state: 'new' } : {}),
    })
    .where(eq(foundDevices.id, known.id))
    .run();
  return again;
}

/** @throws DcuError `not-found` */
export function setFoundState(db: Database, id: number, state: FoundState): FoundDevice {
  const [row] = db.query.update(foundDevices).set({ state }).where(eq(foundDevices.id, id)).returning().all();
  if (row === undefined) throw new DcuError('not-found', `there is no found device ${id}`);
  return deviceOf(row);
}

function proposalText(proposal: unknown): string {
  const text = JSON.stringify(proposal) ?? '{}';
  if (text.length <= LONGEST_PROPOSAL) return text;
  throw new DcuError('invalid-field', `proposal is longer than ${LONGEST_PROPOSAL} characters`, {
    field: 'proposal',
  });
}

function makeRoom(db: Database): void {
  const [stored] = db.query.select({ n: count() }).from(foundDevices).all();
  const tooMany = (stored?.n ?? 0) - MOST_DEVICES;
  if (tooMany <= 0) return;
  db.run(
    `DELETE FROM found_devices WHERE id IN
       (SELECT id FROM found_devices ORDER BY state = 'ignored', seen_at, id LIMIT ?)`,
    [tooMany],
  );
}

const deviceOf = ({ proposal, ...row }: typeof foundDevices.$inferSelect): FoundDevice => ({
  ...row,
  proposal: JSON.parse(proposal) as unknown,
});
