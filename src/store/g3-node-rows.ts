import { and, eq, isNull, ne, sql } from 'drizzle-orm';
import { type G3Finding, type G3Hop, type G3Path, type G3Stranger, g3Name } from '../base/g3.ts';
import type { Database } from './database.ts';
import { required } from './meter-rows.ts';
import { foundDevices, meters, networkNodes } from './schema.ts';

/** A node that nobody claims for so long is a stranger, though meters are left that have never told their address. */
const SETTLE_MS = 86_400_000;
/** Rows of each table that are kept with a node. */
const MOST_ROWS = 256;
/** Nodes without a meter that are kept of one channel: a hostile table must not fill the disk. */
const MOST_UNCLAIMED = 512;
/** Longer ways are circles. */
const MOST_HOPS = 32;

type NodeRow = typeof networkNodes.$inferSelect;

/** In the `detail` of a node that no meter claims. */
interface Unclaimed {
  readonly panId: number;
  readonly firstSeenAt: number;
  /** It was handed back as a stranger. */
  readonly told?: boolean;
}

const inPan = (panId: number) => sql`json_extract(${networkNodes.detail}, '$.panId') = ${panId}`;
const unclaimed = sql`json_extract(${networkNodes.detail}, '$.meterId') IS NULL`;

/**
 * Keeps what a meter of a G3-PLC network told as a node of its channel, under its MeterNo. Those that it names and that
 * no meter has claimed are kept under PAN and short address, until one does. Hands back which of them are strangers:
 * unclaimed although every meter of the channel has told its address, or for a day.
 * @throws DcuError `not-found`
 */
export function saveG3Finding(db: Database, { meterId, time, view, way }: G3Finding): readonly G3Stranger[] {
  const meter = required(db, meterId);
  const { channel, meterNo } = meter;
  const { panId, shortAddress, coordinator } = view;
  claim(db, channel, panId, shortAddress, meterNo);
  const named = new Set(
    [...view.neighbours, ...view.heard].map((row) => row.shortAddress).filter((one) => one !== coordinator),
  );
  if (way.nextHop !== undefined && way.nextHop !== coordinator) named.add(way.nextHop);
  named.delete(shortAddress);
  const addressOf = (short: number): string =>
    nodeOf(db, channel, panId, short)?.address ?? g3Name(panId, short);
  upsert(db, {
    channel,
    address: g3Name(panId, coordinator),
    shortAddress: coordinator,
    parent: null,
    level: 0,
    role: 'coordinator',
    quality: null,
    phases: null,
    detail: JSON.stringify({ panId }),
    seenAt: time,
  });
  upsert(db, {
    channel,
    address: meterNo,
    shortAddress,
    parent: way.nextHop === undefined ? null : addressOf(way.nextHop),
    level: way.hops ?? null,
    role: view.routes.some(({ destination }) => destination !== coordinator) ? 'proxy' : 'station',
    quality: way.quality ?? null,
    phases: null,
    detail: JSON.stringify(detailOf({ meterId, meterNo, view, way })),
    seenAt: time,
  });
  for (const short of named) noteNamed(db, channel, panId, short, time);
  return strangersOf(db, channel, panId, named, time);
}

/** Nodes without a meter that are named now, or were before it could be told that they have none. */
function strangersOf(
  db: Database,
  channel: string,
  panId: number,
  named: ReadonlySet<number>,
  time: number,
): readonly G3Stranger[] {
  const everyoneTold = hasEveryoneTold(db, channel);
  const strangers: G3Stranger[] = [];
  for (const row of db.query
    .select()
    .from(networkNodes)
    .where(and(eq(networkNodes.channel, channel), eq(networkNodes.role, 'station'), unclaimed, inPan(panId)))
    .all()) {
    const { firstSeenAt, told = false } = JSON.parse(row.detail) as Unclaimed;
    const { shortAddress } = row;
    if (shortAddress === null || (told && !named.has(shortAddress))) continue;
    if (!everyoneTold && time - firstSeenAt < SETTLE_MS) continue;
    strangers.push({ channel, panId, shortAddress });
    if (!told) upsert(db, { ...row, detail: JSON.stringify({ panId, firstSeenAt, told: true }) });
  }
  return strangers;
}

function hasEveryoneTold(db: Database, channel: string): boolean {
  const [row] = db.query
    .select({ silent: sql<number>`count(*)` })
    .from(meters)
    .leftJoin(
      networkNodes,
      and(eq(networkNodes.channel, meters.channel), eq(networkNodes.address, meters.meterNo)),
    )
    .where(and(eq(meters.channel, channel), eq(meters.enabled, true), isNull(networkNodes.address)))
    .all();
  return row?.silent === 0;
}

/** The way of a meter to the coordinator, from node to node as each last told it; undefined before its first finding. */
export function readG3Path(db: Database, meterId: number): G3Path | undefined {
  const { channel, meterNo } = required(db, meterId);
  const own = rowOf(db, channel, meterNo);
  if (own === undefined) return undefined;
  const detail = JSON.parse(own.detail) as Partial<G3Path['detail']>;
  // A node of an HPLC network has a place, but has told no way of its own.
  if (detail.way === undefined) return undefined;
  const hops: G3Hop[] = [];
  const seen = new Set<string>();
  for (let row: NodeRow | undefined = own; row !== undefined && hops.length < MOST_HOPS; ) {
    seen.add(row.address);
    const { meterId: id } = JSON.parse(row.detail) as { meterId?: number };
    hops.push({
      address: row.address,
      shortAddress: row.shortAddress,
      role: row.role,
      quality: row.quality,
      seenAt: row.seenAt,
      ...(id === undefined ? {} : { meterId: id }),
    });
    if (row.role === 'coordinator' || row.parent === null || seen.has(row.parent)) break;
    row = rowOf(db, channel, row.parent);
  }
  return {
    seenAt: own.seenAt,
    complete: hops.at(-1)?.role === 'coordinator',
    hops,
    detail: detail as G3Path['detail'],
  };
}

/** The short address is this meter's now: others that had it have lost it, and what was known of it was this meter. */
function claim(db: Database, channel: string, panId: number, shortAddress: number, meterNo: string): void {
  db.query
    .update(networkNodes)
    .set({ shortAddress: null })
    .where(
      and(
        eq(networkNodes.channel, channel),
        eq(networkNodes.shortAddress, shortAddress),
        ne(networkNodes.address, meterNo),
        inPan(panId),
        sql`NOT (${unclaimed})`,
      ),
    )
    .run();
  const placeholder = g3Name(panId, shortAddress);
  const ofPlaceholder = and(eq(networkNodes.channel, channel), eq(networkNodes.address, placeholder));
  const gone = db.query.delete(networkNodes).where(and(ofPlaceholder, unclaimed)).returning().all();
  if (gone.length === 0) return;
  db.query
    .update(networkNodes)
    .set({ parent: meterNo })
    .where(and(eq(networkNodes.channel, channel), eq(networkNodes.parent, placeholder)))
    .run();
  db.query
    .update(foundDevices)
    .set({ state: 'accepted' })
    .where(
      and(
        eq(foundDevices.channel, channel),
        eq(foundDevices.address, placeholder),
        eq(foundDevices.state, 'new'),
      ),
    )
    .run();
}

/** A node that a meter has claimed is what that meter told. */
function noteNamed(db: Database, channel: string, panId: number, shortAddress: number, time: number): void {
  const known = nodeOf(db, channel, panId, shortAddress);
  const before = known && (JSON.parse(known.detail) as { meterId?: number } & Partial<Unclaimed>);
  if (before?.meterId !== undefined) return;
  if (known === undefined && unclaimedCount(db, channel) >= MOST_UNCLAIMED) return;
  upsert(db, {
    channel,
    address: g3Name(panId, shortAddress),
    shortAddress,
    parent: null,
    level: null,
    role: 'station',
    quality: null,
    phases: null,
    detail: JSON.stringify({ panId, firstSeenAt: time, ...before }),
    seenAt: time,
  });
}

function unclaimedCount(db: Database, channel: string): number {
  return db.query
    .select({ address: networkNodes.address })
    .from(networkNodes)
    .where(and(eq(networkNodes.channel, channel), unclaimed))
    .all().length;
}

function detailOf({
  meterId,
  meterNo,
  view,
  way,
}: Pick<G3Finding, 'meterId' | 'view' | 'way'> & { meterNo: string }) {
  const { neighbours, heard, routes, blacklist, contexts, destinations, ...plain } = view;
  return {
    meterId,
    meterNo,
    ...plain,
    way,
    neighbours: neighbours.slice(0, MOST_ROWS),
    heard: heard.slice(0, MOST_ROWS),
    routes: routes.slice(0, MOST_ROWS),
    blacklist: blacklist.slice(0, MOST_ROWS),
    contexts: contexts.slice(0, MOST_ROWS),
    destinations: destinations.slice(0, MOST_ROWS),
  };
}

function rowOf(db: Database, channel: string, address: string): NodeRow | undefined {
  return db.query
    .select()
    .from(networkNodes)
    .where(and(eq(networkNodes.channel, channel), eq(networkNodes.address, address)))
    .all()[0];
}

function nodeOf(db: Database, channel: string, panId: number, shortAddress: number): NodeRow | undefined {
  return db.query
    .select()
    .from(networkNodes)
    .where(and(eq(networkNodes.channel, channel), eq(networkNodes.shortAddress, shortAddress), inPan(panId)))
    .all()[0];
}

function upsert(db: Database, row: NodeRow): void {
  db.query
    .insert(networkNodes)
    .values(row)
    .onConflictDoUpdate({ target: [networkNodes.channel, networkNodes.address], set: row })
    .run();
}
