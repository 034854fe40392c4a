import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DcuError, type ErrorCode } from '../base/errors.ts';
import { Database } from './database.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations.gen.ts';

export const DATABASE_FILE = 'dcu.db';

export interface OpenedDatabase {
  readonly db: Database;
  /** Whether the file was closed in order the last time; true for a new one. */
  readonly lastShutdownClean: boolean;
  /** UTC ms at which the file was last written before it was opened; undefined for a new one. */
  readonly lastWriteAt: number | undefined;
}

/**
 * Opens the file of a data directory, checks it when it was not closed in order, and brings it to the newest schema.
 * @throws DcuError `storage-corrupt`, `migration-failed`, `storage-full`, `storage-failed`
 */
export async function openDatabase(directory: string, nowMs: number): Promise<OpenedDatabase> {
  const path = join(directory, DATABASE_FILE);
  const lastWriteAt = lastWriteOf(path);
  // SQLite gives its other files the mode of this one.
  if (lastWriteAt === undefined) closeSync(openSync(path, 'a', 0o600));
  const db = new Database(path);
  try {
    const lastShutdownClean = wasClosedInOrder(db);
    if (!lastShutdownClean) checkIntegrity(db);
    await migrate(path, MIGRATIONS, nowMs);
    writeIfRoom(() => {
      if (shutdownFact(db) !== 'open') markShutdown(db, 'open');
      // Nobody is being read at start, whatever a process that died has left.
      db.run("UPDATE meter_states SET state = 'unknown' WHERE state = 'reading'");
    });
    return { db, lastShutdownClean, lastWriteAt };
  } catch (error) {
    db.close();
    throw error;
  }
}

function lastWriteOf(path: string): number | undefined {
  const times = [path, `${path}-wal`].flatMap((file) => {
    const facts = statSync(file, { throwIfNoEntry: false });
    return facts === undefined ? [] : [Math.floor(facts.mtimeMs)];
  });
  return times.length === 0 ? undefined : Math.max(...times);
}

function wasClosedInOrder(db: Database): boolean {
  const known = db.first("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'store_facts'");
  if (known === undefined) return true;
  const fact = shutdownFact(db);
  return fact === undefined || fact === 'clean';
}

const shutdownFact = (db: Database): string | undefined =>
  db.first<{ value: string }>("SELECT value FROM store_facts WHERE key = 'shutdown'")?.value;

function markShutdown(db: Database, fact: 'open' | 'clean'): void {
  db.run("INSERT OR REPLACE INTO store_facts (key, value) VALUES ('shutdown', ?)", [fact]);
}

/** A full quota shows as a failing write, not as a full disk. */
const UNWRITABLE: ReadonlySet<ErrorCode> = new Set(['storage-full', 'storage-failed']);

/**
 * Writes what may be missing. A full disk must not keep the store from opening and closing: what is in it can be read, and retention
 * makes room. Without the mark of a clean stop the next start checks once more than it must.
 */
function writeIfRoom(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof DcuError) || !UNWRITABLE.has(error.code)) throw error;
  }
}

/** Marks the file as closed in order and closes it. */
export function closeDatabase(db: Database): void {
  try {
    writeIfRoom(() => {
      markShutdown(db, 'clean');
      // libSQL leaves the log where it is; without one the file alone is the whole store.
      db.pragma('wal_checkpoint(TRUNCATE)');
    });
  } finally {
    db.close();
  }
}

function checkIntegrity(db: Database): void {
  const [first] = db.all<{ quick_check: string }>('PRAGMA quick_check(1)');
  if (first?.quick_check === 'ok') return;
  throw new DcuError('storage-corrupt', `the database is damaged: ${first?.quick_check ?? 'no answer'}`);
}
