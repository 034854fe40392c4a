import { pathToFileURL } from 'node:url';
import { type Client, createClient } from '@libsql/client/sqlite3';
import { DcuError } from '../base/errors.ts';
import { storageError } from './database.ts';

export interface Migration {
  readonly name: string;
  /** Of `sql`, hex. */
  readonly sha256: string;
  readonly sql: string;
}

const BREAKPOINT = '--> statement-breakpoint';

/**
 * Brings the file to the newest schema, each migration in a transaction of its own, over a connection that is closed
 * afterwards. Every one that was ever applied is compared with the program's own, by name and SHA-256.
 * @returns how many were applied
 * @throws DcuError `migration-failed` for a changed migration, a file of a newer program, or failing SQL; `storage-full`
 */
export async function migrate(
  path: string,
  migrations: readonly Migration[],
  nowMs: number,
): Promise<number> {
  for (const migration of migrations) verifyEmbedded(migration);
  const client = createClient({ url: pathToFileURL(path).href });
  try {
    const applied = await appliedMigrations(client);
    for (const [index, row] of applied.entries()) verifyApplied(row, index, migrations[index]);
    const missing = migrations.slice(applied.length);
    for (const [index, migration] of missing.entries()) {
      await apply(client, migration, applied.length + index, nowMs);
    }
    return missing.length;
  } finally {
    client.close();
  }
}

interface AppliedMigration {
  readonly position: number;
  readonly name: string;
  readonly sha256: string;
}

/** An up-to-date file is only read: it must open on a full disk. */
async function appliedMigrations(client: Client): Promise<readonly AppliedMigration[]> {
  try {
    const known = await client.execute("SELECT 1 FROM sqlite_master WHERE name = 'applied_migrations'");
    if (known.rows.length === 0) {
      await client.execute(
        'CREATE TABLE applied_migrations (position INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL)',
      );
    }
    const applied = await client.execute(
      'SELECT position, name, sha256 FROM applied_migrations ORDER BY position',
    );
    return applied.rows.map((row) => ({
      position: Number(row['position']),
      name: String(row['name']),
      sha256: String(row['sha256']),
    }));
  } catch (error) {
    throw storageError(error);
  }
}

function verifyApplied(row: AppliedMigration, index: number, own: Migration | undefined): void {
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

function verifyEmbedded(migration: Migration): void {
  const actual = new Bun.CryptoHasher('sha256').update(migration.sql).digest('hex');
  if (actual === migration.sha256) return;
  throw new DcuError('migration-failed', `migration ${migration.name} inside the program has another hash`, {
    facts: { migration: migration.name },
  });
}

async function apply(client: Client, migration: Migration, position: number, nowMs: number): Promise<void> {
  const { name, sha256, sql } = migration;
  try {
    await client.batch(
      [
        ...sql.split(BREAKPOINT),
        {
          sql: 'INSERT INTO applied_migrations (position, name, sha256, applied_at) VALUES (?, ?, ?, ?)',
          args: [position, name, sha256, nowMs],
        },
      ],
      'write',
    );
  } catch (thrown) {
    const error = storageError(thrown);
    if (error instanceof DcuError && error.code === 'storage-full') throw error;
    throw new DcuError('migration-failed', `migration ${name} failed`, {
      facts: { migration: name },
      cause: thrown,
    });
  }
}
