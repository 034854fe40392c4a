import { afterEach, beforeEach, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importCommand } from '../../src/cli/import.ts';
import { runCli } from '../../src/cli/program.ts';
import { openTestStore, removeDirectory, temporaryDirectory } from '../store/fixture.ts';

let directory: string;
let file: string;

beforeEach(async () => {
  directory = temporaryDirectory();
  file = join(directory, 'meters.csv');
  await (await openTestStore(directory)).close();
});

afterEach(() => removeDirectory(directory));

async function dcu(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const signal = new AbortController().signal;
  const io = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    signal,
  };
  const status = await runCli(['import', file, '--data', directory, ...args], io, [importCommand]);
  return { status, out: out.join('\n'), err: err.join('\n') };
}

async function numbers(): Promise<readonly string[]> {
  const store = await openTestStore(directory);
  const { rows } = await store.archive.list({});
  await store.close();
  return rows.map(({ meterNo }) => meterNo);
}

const SOUND = 'MeterNo,Channel,Host,Port\n1,tcp_meters,10.0.0.1,4059\n';
const BROKEN = `${SOUND}2,tcp_meters,,4059\n`;

test('a dry run tells and writes nothing; then it is written, and on record', async () => {
  writeFileSync(file, SOUND);
  expect(await dcu('--dry-run')).toMatchObject({
    status: 0,
    out: '1 new, 0 changed, 0 unchanged, 0 with errors: nothing was written (--dry-run)',
  });
  expect(await numbers()).toEqual([]);
  expect((await dcu()).out).toBe('1 new, 0 changed, 0 unchanged, 0 with errors: done');
  expect(await numbers()).toEqual(['1']);
  const store = await openTestStore(directory);
  expect((await store.audit.list({ limit: 1, offset: 0 })).rows[0]).toMatchObject({
    actor: 'dcu import',
    action: 'meter.import',
    subject: 'meters.csv',
  });
  await store.close();
});

test('a row with an error keeps all out, unless it may be left out', async () => {
  writeFileSync(file, BROKEN);
  const refused = await dcu();
  expect(refused.status).toBe(1);
  expect(refused.err).toContain('line 3 (2): Host is needed');
  expect(await numbers()).toEqual([]);
  const { status, out } = await dcu('--sound-only', '--json');
  expect(status).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ ok: true, applied: true, counts: { create: 1, error: 1 } });
  expect(await numbers()).toEqual(['1']);
});

test('a directory in use is left alone, with what to do', async () => {
  writeFileSync(file, SOUND);
  const store = await openTestStore(directory);
  const { status, err } = await dcu();
  await store.close();
  expect(status).toBe(1);
  expect(err).toContain('Stop the concentrator first');
  expect(await numbers()).toEqual([]);
});

test('what is no data directory, no file or no UTF-8 is refused', async () => {
  expect((await dcu()).status).toBe(2);
  writeFileSync(file, Uint8Array.of(0x4d, 0xe4));
  expect((await dcu()).err).toContain('not UTF-8');
  writeFileSync(file, SOUND);
  const elsewhere = temporaryDirectory();
  expect((await dcu('--data', elsewhere)).err).toContain('is not the data directory');
  removeDirectory(elsewhere);
});
