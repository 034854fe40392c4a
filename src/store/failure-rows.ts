import { count, desc, eq, sql } from 'drizzle-orm';
import type { FailureCount, FailureRow, ProtectedPort } from './account-types.ts';
import type { Database } from './database.ts';
import { loginFailures, protectedPorts } from './schema.ts';

/** Addresses are the attacker's choice: beyond this many subjects those that block nobody are forgotten. */
const MAX_FAILURE_SUBJECTS = 10_000;
const MOST_LISTED = 1000;
const DEFAULT_MODE = 'on-failures';

export function readFailures(db: Database, subject: string): FailureCount {
  const [row] = db.query.select().from(loginFailures).where(eq(loginFailures.subject, subject)).all();
  return { count: row?.count ?? 0, blocks: row?.blocks ?? 0, blockedUntil: row?.blockedUntil ?? undefined };
}

export function recordFailure(db: Database, failure: FailureRow): void {
  const { subject, port, count: failures, blocks, blockedUntil = null } = failure;
  const values = { port, count: failures, blocks, blockedUntil };
  db.query
    .insert(loginFailures)
    .values({ subject, ...values })
    .onConflictDoUpdate({ target: loginFailures.subject, set: values })
    .run();
  db.query
    .insert(protectedPorts)
    .values({ port, mode: DEFAULT_MODE, failures: 1 })
    .onConflictDoUpdate({
      target: protectedPorts.port,
      set: { failures: sql`${protectedPorts.failures} + 1` },
    })
    .run();
  const [stored] = db.query.select({ n: count() }).from(loginFailures).all();
  if ((stored?.n ?? 0) > MAX_FAILURE_SUBJECTS) {
    db.run('DELETE FROM login_failures WHERE blocked_until IS NULL AND subject <> ?', [subject]);
  }
}

export function clearFailures(db: Database, subject: string): void {
  db.query.delete(loginFailures).where(eq(loginFailures.subject, subject)).run();
}

export function clearPort(db: Database, port: string): number {
  return db.query.delete(loginFailures).where(eq(loginFailures.port, port)).returning().all().length;
}

export function listFailures(db: Database, port?: string): readonly FailureRow[] {
  const rows = db.query
    .select()
    .from(loginFailures)
    .where(port === undefined ? undefined : eq(loginFailures.port, port))
    .orderBy(desc(loginFailures.blockedUntil), desc(loginFailures.count))
    .limit(MOST_LISTED)
    .all();
  return rows.map(({ blockedUntil, ...row }) => ({ ...row, blockedUntil: blockedUntil ?? undefined }));
}

export function listProtectedPorts(db: Database): readonly ProtectedPort[] {
  return db.query.select().from(protectedPorts).all();
}

export function saveProtectionMode(db: Database, port: string, mode: string): void {
  db.query
    .insert(protectedPorts)
    .values({ port, mode, failures: 0 })
    .onConflictDoUpdate({ target: protectedPorts.port, set: { mode } })
    .run();
}
