import { eq } from 'drizzle-orm';
import type { Database } from './database.ts';
import { networkNodes } from './schema.ts';
import type { NetworkNode } from './types.ts';

/** Nodes of one channel: what has not been seen for longest goes first. */
const MOST_NODES = 4096;
/** Characters of a detail as JSON; more than this is not kept. */
const LONGEST_DETAIL = 65_536;

/** Coordinator first, then by level and address. */
export function listNetworkNodes(db: Database, channel: string): readonly NetworkNode[] {
  return db.query
    .select()
    .from(networkNodes)
    .where(eq(networkNodes.channel, channel))
    .orderBy(networkNodes.level, networkNodes.address)
    .all()
    .map(({ channel: _, detail, ...node }) => ({
      ...node,
      detail: JSON.parse(detail) as NetworkNode['detail'],
    }));
}

/**
 * What a look at the network has shown at `seenAt`. A node that is not among them keeps what was known of it, with the time at
 * which it was seen last.
 */
export function saveNetworkNodes(
  db: Database,
  channel: string,
  nodes: readonly Omit<NetworkNode, 'seenAt'>[],
  seenAt: number,
): void {
  for (const { detail, ...node } of nodes) {
    const text = JSON.stringify(detail);
    const row = { ...node, channel, seenAt, detail: text.length <= LONGEST_DETAIL ? text : '{}' };
    db.query
      .insert(networkNodes)
      .values(row)
      .onConflictDoUpdate({ target: [networkNodes.channel, networkNodes.address], set: row })
      .run();
  }
  db.run(
    `DELETE FROM network_nodes WHERE channel = ?1 AND address NOT IN
       (SELECT address FROM network_nodes WHERE channel = ?1 ORDER BY seen_at DESC, address LIMIT ?2)`,
    [channel, MOST_NODES],
  );
}
