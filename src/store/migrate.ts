import { DcuError } from '../base/errors.ts';
import type { Database } from './database.ts';

export interface Migration {
  readonly name: string;
  /** Of `sql`, hex. */
  readonly sha256: string;
  readonly sql: string;
}

const BREAKPOINT = '--> statement-breakpoint';

/**
 * Brings the file to the newest schema, each migration in a transaction of its own. Every one that was ever applied is
 * compared with the program's own, by name and SHA-256.
 * @returns how many were applied
 * @throws DcuError `migration-failed` for a changed migration, a file of a newer program, or failing SQL
 */
export function migrate(db: Database, migrations: readonly Migration[], nowMs: number): number {
  db.exec(
    'CREATE TABLE IF NOT EXISTS applied_migrations (position INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL)',
  );
  const applied = db.all<{ position: number; name: string; sha256: string }>(
    'SELECT position, name, sha256 FROM applied_migrations ORDER BY position',
  );
  for (const migration of migrations) verifyEmbedded(migration);
  for (const [index, row] of applied.entries()) {
    const own = migrations[index];
    if (own === undefined || row.position !== index) {
      throw new DcuError(
        'migration-failed',
        `the database has migration ${row.name}, which this program does not know: it was written by a newer program`,
        { facts: { migration: row.name } },
      );
    }
    if (own.name !== row.name || own.sha256 !== row.sha256) {
      throw new DcuError(
        'migration-failed',
        `migration ${row.name} in the database is not the ${own.name} of this program`,
        { facts: { migration: row.name } },
      );
    }
  }
  const missing = migrations.slice(applied.length);
  for (const [index, migration] of missing.entries()) apply(db, migration, applied.length + index, nowMs);
  return missing.length;
}

function verifyEmbedded(migration: Migration): void {
  const actual = new Bun.CryptoHasher('sha256').update(migration.sql).digest('hex');
  if (actual === migration.sha256) return;
  throw new DcuError('migration-failed', `migration ${migration.name} inside the program has another hash`, {
    facts: { migration: migration.name },
  });
}

function apply(db: Database, migration: Migration, position: number, nowMs: number): void {
  try {
    db.transaction(() => {
      for (const statement of migration.sql.split(BREAKPOINT)) db.exec(statement);
      db.run('INSERT INTO applied_migrations (position, name, sha256, applied_at) VALUES (?, ?, ?, ?)', [
        position,
        migration.name,
        migration.sha256,
        nowMs,
      ]);
    });
  } catch (error) {
    if (error instanceof DcuError && error.code === 'storage-full') throw error;
    throw new DcuError('migration-failed', `migration ${migration.name} failed`, {
      facts: { migration: migration.name },
      cause: error,
    });
  }
}
