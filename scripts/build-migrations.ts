/** Writes `src/store/migrations.gen.ts`: the SQL of `drizzle/` with its SHA-256, so that one executable holds it. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Journal {
  readonly entries: readonly { readonly idx: number; readonly tag: string }[];
}

const root = join(import.meta.dir, '..');
const journal = JSON.parse(readFileSync(join(root, 'drizzle/meta/_journal.json'), 'utf8')) as Journal;
const migrations = [...journal.entries]
  .sort((a, b) => a.idx - b.idx)
  .map(({ tag }) => {
    const sql = readFileSync(join(root, 'drizzle', `${tag}.sql`), 'utf8');
    return { name: tag, sha256: createHash('sha256').update(sql).digest('hex'), sql };
  });

const target = join(root, 'src/store/migrations.gen.ts');
writeFileSync(
  target,
  [
    "import type { Migration } from './migrate.ts';",
    '',
    `export const MIGRATIONS: readonly Migration[] = ${JSON.stringify(migrations, undefined, 2)};`,
    '',
  ].join('\n'),
);
process.stdout.write(`${migrations.length} migrations -> ${target}\n`);
