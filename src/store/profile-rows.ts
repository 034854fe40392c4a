import { DcuError } from '../base/errors.ts';
import type { CaptureColumn, ColumnValues, Interval, ProfileKind, ProfileRows } from '../base/model.ts';
import { noteBalanceDue } from './balance-due.ts';
import { type Chunk, decodeChunk, encodeChunk } from './chunk-codec.ts';
import { mergeChunk } from './chunk-merge.ts';
import { addCoverage } from './coverage-rows.ts';
import type { Database } from './database.ts';
import { LAST_MS } from './interval.ts';
import { bucketOf, kindNumber } from './kinds.ts';
import { layoutById, layoutFor, layoutsOf, newestLayout } from './layouts.ts';
import { offerProfile } from './outbox-write.ts';
import { type LayoutRows, mergeLayouts } from './profile-merge.ts';

/** @throws DcuError `not-found`, so that a reading that outlives its meter leaves nothing behind */
export function requireMeter(db: Database, meterId: number): void {
  if (db.first('SELECT 1 FROM meters WHERE id = ?', [meterId]) !== undefined) return;
  throw new DcuError('not-found', `there is no meter ${meterId}`, { facts: { meterId } });
}

export function appendProfile(
  db: Database,
  meterId: number,
  kind: ProfileKind,
  rows: ProfileRows,
  covered: Interval | undefined,
  atMs: number,
): { readonly added: number } {
  checkShape(rows);
  requireMeter(db, meterId);
  const number = kindNumber(kind);
  let added = 0;
  // Columns are worth keeping even when there is no row yet: they say how to ask the next time.
  if (rows.columns.length > 0) {
    const layout = layoutFor(db, meterId, number, rows.columns, rows.values);
    for (const [bucket, indices] of bucketsOf(kind, rows.times)) {
      const fresh = appendChunk(db, { meterId, kind: number, bucket, layoutId: layout.id }, rows, indices);
      offerProfile(db, { meterId, kind, layoutId: layout.id }, rows, fresh, atMs);
      if (kind === 'energy')
        noteBalanceDue(
          db,
          fresh.map((row) => rows.times[row] ?? 0),
        );
      added += fresh.length;
    }
  }
  if (covered !== undefined) addCoverage(db, meterId, kind, covered);
  return { added };
}

interface ChunkKey {
  readonly meterId: number;
  readonly kind: number;
  readonly bucket: number;
  readonly layoutId: number;
}

function appendChunk(db: Database, key: ChunkKey, chunk: Chunk, rows: readonly number[]): readonly number[] {
  const stored = db.first<{ id: number; data: ArrayBuffer }>(
    'SELECT id, data FROM profile_chunks WHERE meter_id = ? AND kind = ? AND bucket = ? AND layout_id = ?',
    [key.meterId, key.kind, key.bucket, key.layoutId],
  );
  const merged = mergeChunk(
    stored === undefined ? undefined : decodeChunk(new Uint8Array(stored.data)),
    chunk,
    rows,
  );
  if (merged.added.length === 0) return merged.added;
  const { times } = merged.chunk;
  const facts = [times.length, times[0] ?? 0, times[times.length - 1] ?? 0, encodeChunk(merged.chunk)];
  if (stored === undefined) {
    db.run(
      `INSERT INTO profile_chunks (meter_id, kind, bucket, layout_id, rows, min_ms, max_ms, data)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [key.meterId, key.kind, key.bucket, key.layoutId, ...facts],
    );
  } else {
    db.run('UPDATE profile_chunks SET rows = ?, min_ms = ?, max_ms = ?, data = ? WHERE id = ?', [
      ...facts,
      stored.id,
    ]);
  }
  return merged.added;
}

function checkShape(rows: ProfileRows): void {
  const count = rows.times.length;
  const lengths = [rows.clockStatus.length, ...rows.values.map((column) => column.values.length)];
  if (rows.values.length !== rows.columns.length || lengths.some((length) => length !== count)) {
    throw new DcuError('invalid-argument', 'columns of a profile are of different lengths');
  }
  const wrong = rows.times.findIndex((time) => !Number.isInteger(time) || time < 0 || time > LAST_MS);
  if (wrong === -1) return;
  throw new DcuError('invalid-argument', `row ${wrong} of a profile has no valid time`, {
    facts: { row: wrong },
  });
}

function bucketsOf(kind: ProfileKind, times: Float64Array): Map<number, number[]> {
  const buckets = new Map<number, number[]>();
  for (const [row, time] of times.entries()) {
    const bucket = bucketOf(kind, time);
    const rows = buckets.get(bucket);
    if (rows === undefined) buckets.set(bucket, [row]);
    else rows.push(row);
  }
  return buckets;
}

export function profileColumns(
  db: Database,
  meterId: number,
  kind: ProfileKind,
): readonly CaptureColumn[] | undefined {
  return newestLayout(db, meterId, kindNumber(kind))?.columns;
}

/** Rows of all layouts with a time in the interval, merged as `mergeLayouts` says. */
export function readProfile(
  db: Database,
  meterId: number,
  kind: ProfileKind,
  interval: Interval,
): ProfileRows | undefined {
  const number = kindNumber(kind);
  const layouts = layoutsOf(db, meterId, number);
  if (layouts.length === 0) return undefined;
  const stored = db.all<{ layout_id: number; min_ms: number; max_ms: number; data: ArrayBuffer }>(
    `SELECT layout_id, min_ms, max_ms, data FROM profile_chunks
     WHERE meter_id = ? AND kind = ? AND bucket BETWEEN ? AND ? AND max_ms >= ? AND min_ms < ? ORDER BY bucket`,
    [
      meterId,
      number,
      bucketOf(kind, interval.fromMs),
      bucketOf(kind, interval.toMs),
      interval.fromMs,
      interval.toMs,
    ],
  );
  const byLayout = new Map<number, Chunk[]>();
  for (const row of stored) {
    const chunk = decodeChunk(new Uint8Array(row.data));
    const whole = row.min_ms >= interval.fromMs && row.max_ms < interval.toMs;
    const list = byLayout.get(row.layout_id) ?? [];
    byLayout.set(row.layout_id, list);
    list.push(whole ? chunk : within(chunk, interval));
  }
  const parts: LayoutRows[] = layouts.map((layout) => ({
    layout: layoutById(db, layout.id),
    chunks: byLayout.get(layout.id) ?? [],
  }));
  return mergeLayouts(parts);
}

function within(chunk: Chunk, interval: Interval): Chunk {
  // Rows are sorted by time, so that a slice is enough.
  const from = chunk.times.findIndex((time) => time >= interval.fromMs);
  if (from === -1) return slice(chunk, 0, 0);
  const to = chunk.times.findIndex((time) => time >= interval.toMs);
  return slice(chunk, from, to === -1 ? chunk.times.length : to);
}

function slice(chunk: Chunk, from: number, to: number): Chunk {
  return {
    times: chunk.times.slice(from, to),
    clockStatus: chunk.clockStatus.slice(from, to),
    values: chunk.values.map((column) => sliceColumn(column, from, to)),
  };
}

function sliceColumn(column: ColumnValues, from: number, to: number): ColumnValues {
  switch (column.kind) {
    case 'number':
      return { kind: 'number', values: column.values.slice(from, to) };
    case 'bigint':
      return { kind: 'bigint', values: column.values.slice(from, to) };
    case 'bytes':
      return { kind: 'bytes', values: column.values.slice(from, to) };
  }
}
