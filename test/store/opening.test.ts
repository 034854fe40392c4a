import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DcuError } from '../../src/base/errors.ts';
import { Database } from '../../src/store/database.ts';
import { lockDataDirectory } from '../../src/store/lock.ts';
import { type Migration, migrate } from '../../src/store/migrate.ts';
import { MIGRATIONS } from '../../src/store/migrations.gen.ts';
import { createMeter, openTestStore, removeDirectory, temporaryDirectory } from './fixture.ts';

let directory: string;

beforeEach(() => {
  directory = temporaryDirectory();
});

afterEach(() => removeDirectory(directory));

/** What a promise is rejected with; `expect().rejects` keeps the answers of another thread from coming in. */
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

const migration = (name: string, sql: string): Migration => ({
  name,
  sql,
  sha256: new Bun.CryptoHasher('sha256').update(sql).digest('hex'),
});

describe('migrations', () => {
  const first = migration('0000_a', 'CREATE TABLE a (x);');
  const second = migration(
    '0001_b',
    'CREATE TABLE b (x);--> statement-breakpoint\nINSERT INTO b VALUES (1);',
  );
  let path: string;
  let db: Database;

  beforeEach(() => {
    path = join(directory, 'm.db');
    db = new Database(path);
  });

  afterEach(() => db.close());

  test('are applied once, in order', async () => {
    expect(await migrate(path, [first], 1)).toBe(1);
    expect(await migrate(path, [first, second], 2)).toBe(1);
    expect(await migrate(path, [first, second], 3)).toBe(0);
    expect(db.all('SELECT x FROM b')).toEqual([{ x: 1 }]);
  });

  test('an applied one that has changed is refused', async () => {
    await migrate(path, [first, second], 1);
    const changed = migration('0000_a', 'CREATE TABLE a (x, y);');
    expect(await failure(migrate(path, [changed, second], 2))).toMatchObject({ code: 'migration-failed' });
    const renamed = migration('0001_c', second.sql);
    expect(await failure(migrate(path, [first, renamed], 2))).toMatchObject({ code: 'migration-failed' });
  });

  test('a file of a newer program is refused', async () => {
    await migrate(path, [first, second], 1);
    expect(String(await failure(migrate(path, [first], 2)))).toMatch(/newer program/);
  });

  test('one that was tampered with inside the program is refused', async () => {
    expect(await failure(migrate(path, [{ ...first, sql: 'DROP TABLE meters;' }], 1))).toMatchObject({
      code: 'migration-failed',
    });
  });

  test('one that fails leaves nothing behind', async () => {
    const broken = migration(
      '0001_b',
      'CREATE TABLE b (x);--> statement-breakpoint\nINSERT INTO nowhere VALUES (1);',
    );
    expect(await failure(migrate(path, [first, broken], 1))).toMatchObject({ code: 'migration-failed' });
    expect(db.all("SELECT name FROM sqlite_master WHERE name = 'b'")).toEqual([]);
    expect(await migrate(path, [first, second], 2)).toBe(1);
  });

  test('the embedded ones are those of the folder', () => {
    for (const { name, sql } of MIGRATIONS) {
      expect(sql).toBe(readFileSync(join(import.meta.dir, `../../drizzle/${name}.sql`), 'utf8'));
    }
    expect(MIGRATIONS.length).toBeGreaterThan(0);
  });
});

describe('opening', () => {
  test.each(['same', 'own'] as const)('a tampered database is refused (%s thread)', async (thread) => {
    await (await openTestStore(directory)).close();
    const db = new Database(join(directory, 'dcu.db'));
    db.run("UPDATE applied_migrations SET sha256 = 'ff' WHERE position = 0");
    db.close();
    expect(await failure(openTestStore(directory, { thread }))).toMatchObject({ code: 'migration-failed' });
    // The lock was given back.
    lockDataDirectory(directory).release();
  });

  test.each(['same', 'own'] as const)('a file that is no database is refused (%s thread)', async (thread) => {
    writeFileSync(join(directory, 'dcu.db'), 'not a database at all, '.repeat(100));
    expect(await failure(openTestStore(directory, { thread }))).toMatchObject({ code: 'storage-corrupt' });
  });

  test('damage after an unclean stop is found', async () => {
    const store = await openTestStore(directory);
    for (let i = 0; i < 300; i++) await createMeter(store, `meter number ${i}`);
    await store.close();
    const path = join(directory, 'dcu.db');
    const db = new Database(path);
    db.run("UPDATE store_facts SET value = 'open' WHERE key = 'shutdown'");
    db.close();
    const bytes = readFileSync(path);
    const page = 4096;
    // Every page of the tables' contents gets a wild cell count.
    for (let at = page * 2; at < bytes.length; at += page)
      if (bytes[at] === 13) bytes.writeUInt16BE(0xfff0, at + 3);
    writeFileSync(path, bytes);
    await expect(openTestStore(directory)).rejects.toMatchObject({ code: 'storage-corrupt' });
  });

  test('says whether the stop before was in order', async () => {
    const first = await openTestStore(directory);
    expect(first).toMatchObject({ lastShutdownClean: true, lastWriteAt: undefined });
    await first.close();
    const second = await openTestStore(directory);
    expect(second.lastShutdownClean).toBe(true);
    expect(Math.abs((second.lastWriteAt ?? 0) - Date.now())).toBeLessThan(60_000);
    await second.close();
  });

  test('a closed store refuses, and closing twice does nothing', async () => {
    for (const thread of ['same', 'own'] as const) {
      const store = await openTestStore(directory, { thread });
      const pending = store.logbook.record({ time: 1, type: 'software-stop', detail: thread });
      await store.close();
      await store.close();
      await pending;
      expect(await failure(store.archive.list({}))).toMatchObject({ code: 'cancelled' });
    }
  });

  test('the own thread gives the same answers and errors', async () => {
    const store = await openTestStore(directory, { thread: 'own' });
    try {
      const meter = await createMeter(store, 'T1');
      expect(await store.archive.get(meter.id)).toEqual(meter);
      const again = await failure(createMeter(store, 'T1'));
      expect(again).toBeInstanceOf(DcuError);
      expect(again).toMatchObject({ code: 'conflict', field: 'meterNo' });
    } finally {
      await store.close();
    }
  });
});

describe('the lock', () => {
  const HOLDER = `
    import { lockDataDirectory } from '${join(import.meta.dir, '../../src/store/lock.ts')}';
    lockDataDirectory(process.argv[1]);
    console.log('held');
    await Bun.sleep(60000);
  `;

  const hold = async (): Promise<Bun.Subprocess> => {
    const child = Bun.spawn([process.execPath, '-e', HOLDER, directory], {
      stdout: 'pipe',
      stderr: 'inherit',
    });
    await child.stdout.getReader().read();
    return child;
  };

  test('of another process refuses with its pid, and ends with it however it dies', async () => {
    const child = await hold();
    try {
      expect(() => lockDataDirectory(directory)).toThrow(
        expect.objectContaining({
          code: 'data-directory-locked',
          message: expect.stringContaining(`process ${child.pid}`),
          facts: { pid: child.pid, directory },
        }),
      );
      await expect(openTestStore(directory)).rejects.toMatchObject({ code: 'data-directory-locked' });
    } finally {
      child.kill('SIGKILL');
      await child.exited;
    }
    const lock = lockDataDirectory(directory);
    expect(readFileSync(join(directory, 'dcu.lock'), 'utf8')).toBe(`${process.pid}\n`);
    lock.release();
  });

  test('is given to one of many that ask at once', async () => {
    const script = `
      import { lockDataDirectory } from '${join(import.meta.dir, '../../src/store/lock.ts')}';
      try { lockDataDirectory(process.argv[1]); console.log('got'); await Bun.sleep(3000); } catch (e) { console.log(e.code); }
    `;
    const children = Array.from({ length: 5 }, () =>
      Bun.spawn([process.execPath, '-e', script, directory], { stdout: 'pipe', stderr: 'inherit' }),
    );
    const answers = await Promise.all(children.map((child) => new Response(child.stdout).text()));
    expect(answers.filter((text) => text === 'got\n').length).toBe(1);
    expect(answers.filter((text) => text === 'data-directory-locked\n').length).toBe(4);
  });

  test('is not left behind by a release', () => {
    lockDataDirectory(directory).release();
    const again = lockDataDirectory(directory);
    expect(() => lockDataDirectory(directory)).toThrow(
      expect.objectContaining({ code: 'data-directory-locked' }),
    );
    again.release();
  });
});
