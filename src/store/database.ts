import { BetterSQLiteSession } from 'drizzle-orm/better-sqlite3/session';
import type { TablesRelationalConfig } from 'drizzle-orm/relations';
import { BaseSQLiteDatabase, SQLiteSyncDialect } from 'drizzle-orm/sqlite-core';
import Libsql from 'libsql';
import { DcuError } from '../base/errors.ts';

export type Bindable = number | string | bigint | null | Uint8Array;

/** Typed queries over the one connection; synchronous, so that they can run inside a transaction. */
export type Query = BaseSQLiteDatabase<
  'sync',
  Libsql.RunResult,
  Record<string, unknown>,
  TablesRelationalConfig
>;

type Prepared = ReturnType<Libsql.Database['prepare']>;

/** Pages of the write-ahead log after which it is copied back: 4 MB. */
const CHECKPOINT_PAGES = 1000;
/** Page cache in KiB. */
const CACHE_KIB = 8192;

/**
 * The one connection to the file. All pragmas are set on it, nobody else opens the file, and everything on it is
 * synchronous: whoever calls decides on which thread and for how long.
 */
export class Database {
  readonly #libsql: Libsql.Database;
  readonly #prepared = new Map<string, Prepared>();
  readonly query: Query;

  /** @throws DcuError `storage-failed`, `storage-full`, `storage-corrupt` */
  constructor(path: string) {
    this.#libsql = guarded(() => new Libsql(path, { timeout: 200 }));
    guarded(() => {
      this.pragma('journal_mode = WAL');
      // FULL: a commit returns only when the write-ahead log has reached the medium.
      this.pragma('synchronous = FULL');
      this.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      this.pragma(`cache_size = -${CACHE_KIB}`);
      this.pragma('temp_store = MEMORY');
      this.pragma('secure_delete = ON');
    });
    const session = new BetterSQLiteSession(this.#libsql, new SQLiteSyncDialect(), undefined);
    this.query = new BaseSQLiteDatabase('sync', new SQLiteSyncDialect(), session, undefined);
  }

  pragma(source: string): readonly Record<string, unknown>[] {
    return guarded(() => this.#libsql.prepare(`PRAGMA ${source}`).all([]) as Record<string, unknown>[]);
  }

  #statement(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const made = this.#libsql.prepare(sql);
    this.#prepared.set(sql, made);
    return made;
  }

  /** Rows of a query; the caller states the shape that its own SQL selects (blobs are ArrayBuffers). Statements are kept: no values in `sql`. */
  all<Row>(sql: string, params: readonly Bindable[] = []): readonly Row[] {
    return guarded(() => this.#statement(sql).all(params)) as Row[];
  }

  first<Row>(sql: string, params: readonly Bindable[] = []): Row | undefined {
    return this.all<Row>(sql, params)[0];
  }

  /** Number of rows changed. */
  run(sql: string, params: readonly Bindable[] = []): number {
    return guarded(() => this.#statement(sql).run(params)).changes;
  }

  /** Several statements at once, unprepared. */
  exec(sql: string): void {
    guarded(() => this.#libsql.exec(sql));
  }

  get inTransaction(): boolean {
    return this.#libsql.inTransaction;
  }

  /** Runs `body` between BEGIN IMMEDIATE and COMMIT; rolled back when it throws. */
  transaction<Result>(body: () => Result): Result {
    this.run('BEGIN IMMEDIATE');
    try {
      const result = body();
      this.run('COMMIT');
      return result;
    } catch (error) {
      this.rollback();
      throw storageError(error);
    }
  }

  rollback(): void {
    // A full disk has already rolled back by itself.
    if (this.#libsql.inTransaction) this.run('ROLLBACK');
  }

  close(): void {
    this.#prepared.clear();
    this.#libsql.close();
  }
}

function guarded<Result>(body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    throw storageError(error);
  }
}

/** SQLite's primary result codes (sqlite.org/rescode.html) that are the file's fault, not the statement's. */
const FAILURES = {
  10: ['storage-failed', 'the disk failed'],
  11: ['storage-corrupt', 'the database file is damaged'],
  13: ['storage-full', 'the disk is full'],
  26: ['storage-corrupt', 'the file is not a database'],
} as const;

const isFailure = (code: number): code is keyof typeof FAILURES => code in FAILURES;

/** What libsql threw as `storage-full`, `storage-failed` or `storage-corrupt`; anything else passes unchanged. */
export function storageError(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof DcuError) return thrown;
  // drizzle wraps what the driver threw.
  if (thrown.cause instanceof Error && !('rawCode' in thrown)) return storageError(thrown.cause);
  const raw = 'rawCode' in thrown && typeof thrown.rawCode === 'number' ? thrown.rawCode : undefined;
  if (raw === undefined) return thrown;
  const code = raw & 0xff;
  const facts = { sqlite: raw };
  if (isFailure(code)) {
    const [name, what] = FAILURES[code];
    return new DcuError(name, `${what}: ${thrown.message}`, { facts, cause: thrown });
  }
  return new DcuError('storage-failed', `the database refused: ${thrown.message}`, { facts, cause: thrown });
}
