import { asc, count, desc, eq, inArray } from 'drizzle-orm';
import { DcuError } from '../base/errors.ts';
import type { Database } from './database.ts';
import { offerFact } from './outbox-write.ts';
import { accounts, audit, logbook, sessions } from './schema.ts';
import type { Account, AuditTrail, Logbook } from './types.ts';
import { checkName } from './validation.ts';

type AccountRow = typeof accounts.$inferSelect;

export function accountByName(db: Database, name: string): AccountRow | undefined {
  return db.query.select().from(accounts).where(eq(accounts.name, name)).all()[0];
}

export function accountById(db: Database, id: number): AccountRow | undefined {
  return db.query.select().from(accounts).where(eq(accounts.id, id)).all()[0];
}

export function listAccounts(db: Database): readonly Account[] {
  return db.query.select().from(accounts).orderBy(asc(accounts.id)).all().map(withoutHash);
}

function withoutHash({ passwordHash: _, ...account }: AccountRow): Account {
  return account;
}

export function createAccount(db: Database, account: Omit<Account, 'id'>, passwordHash: string): Account {
  checkName('name', account.name);
  if (accountByName(db, account.name) !== undefined) {
    throw new DcuError('conflict', `there is an account ${account.name} already`, { field: 'name' });
  }
  const [made] = db.query
    .insert(accounts)
    .values({ ...account, passwordHash })
    .returning()
    .all();
  if (made === undefined) throw new DcuError('storage-failed', 'the account was not stored');
  return withoutHash(made);
}

export function setPassword(db: Database, id: number, passwordHash: string, mustChange: boolean): void {
  const changed = db.query
    .update(accounts)
    .set({ passwordHash, mustChangePassword: mustChange })
    .where(eq(accounts.id, id))
    .returning()
    .all();
  if (changed.length === 0) throw new DcuError('not-found', `there is no account ${id}`);
}

type SessionRow = typeof sessions.$inferSelect;

/** Sessions that ended are dropped on the way. */
export function createSession(db: Database, session: SessionRow): void {
  db.run('DELETE FROM sessions WHERE expires_at <= ?', [session.createdAt]);
  db.query.insert(sessions).values(session).run();
}

export function readSession(db: Database, tokenHash: string): SessionRow | undefined {
  return db.query.select().from(sessions).where(eq(sessions.tokenHash, tokenHash)).all()[0];
}

export function touchSession(db: Database, tokenHash: string, expiresAt: number): void {
  db.query.update(sessions).set({ expiresAt }).where(eq(sessions.tokenHash, tokenHash)).run();
}

export function removeSession(db: Database, tokenHash: string): void {
  db.query.delete(sessions).where(eq(sessions.tokenHash, tokenHash)).run();
}

export function removeSessionsOf(db: Database, accountId: number): void {
  db.query.delete(sessions).where(eq(sessions.accountId, accountId)).run();
}

interface Window {
  readonly limit: number;
  readonly offset: number;
}

export function recordLogbook(db: Database, event: Parameters<Logbook['record']>[0]): void {
  db.query.insert(logbook).values({ time: event.time, type: event.type, detail: event.detail }).run();
  offerFact(db, 0, 'logbook', { type: event.type, detail: event.detail }, event.time);
}

/** Newest first. */
export function listLogbook(
  db: Database,
  { limit, offset, types = [] }: Parameters<Logbook['list']>[0],
): Awaited<ReturnType<Logbook['list']>> {
  const wanted = types.length === 0 ? undefined : inArray(logbook.type, [...types]);
  const rows = db.query
    .select()
    .from(logbook)
    .where(wanted)
    .orderBy(desc(logbook.id))
    .limit(limit)
    .offset(offset)
    .all();
  const [total] = db.query.select({ n: count() }).from(logbook).where(wanted).all();
  return { rows, total: total?.n ?? 0 };
}

export function countLogbook(db: Database): Awaited<ReturnType<Logbook['counts']>> {
  return db.query
    .select({ type: logbook.type, count: count() })
    .from(logbook)
    .groupBy(logbook.type)
    .orderBy(asc(logbook.type))
    .all();
}

export function recordAudit(db: Database, entry: Parameters<AuditTrail['record']>[0]): void {
  const { time, actor, action, subject, detail } = entry;
  db.query.insert(audit).values({ time, actor, action, subject, detail }).run();
}

/** Newest first. */
export function listAudit(db: Database, { limit, offset }: Window): Awaited<ReturnType<AuditTrail['list']>> {
  const rows = db.query.select().from(audit).orderBy(desc(audit.id)).limit(limit).offset(offset).all();
  const [total] = db.query.select({ n: count() }).from(audit).all();
  return { rows, total: total?.n ?? 0 };
}
