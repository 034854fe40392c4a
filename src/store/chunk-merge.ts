import { equalBytes } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import type { ColumnValues } from '../base/model.ts';
import { type Chunk, MAX_CHUNK_ROWS } from './chunk-codec.ts';

export type Cell = number | bigint | Uint8Array | undefined;

/** The value of a cell; null-data is undefined. */
export function cellOf(column: ColumnValues | undefined, row: number): Cell {
  if (column === undefined) return undefined;
  if (column.kind !== 'number') return column.values[row];
  const value = column.values[row];
  return value === undefined || Number.isNaN(value) ? undefined : value;
}

/** 5 and 5n are the same register value: a meter's generic and its fast encoding may differ. */
export function equalCells(a: Cell, b: Cell): boolean {
  if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b);
  if (typeof a === typeof b) return a === b;

  return typeof a === 'number' && typeof b === 'bigint'
    ? Number.isInteger(a) && BigInt(a) === b
    : typeof a === 'bigint' && typeof b === 'number' && Number.isInteger(b) && BigInt(b) === a;
}

function sameRow(a: Chunk, rowA: number, b: Chunk, rowB: number): boolean {
  return a.values.every((column, i) => equalCells(cellOf(column, rowA), cellOf(b.values[i], rowB)));
}

/**
 * Adds `rows` of `source` to a chunk with the same columns. A row with the time and all values of one that is there is dropped; one with the
 * same time and other values (the meter's clock was set back) is kept behind it. The result is sorted by time; `added` are the rows
 * of the source that are new.
 * @throws DcuError `overflow` when the chunk would get more than `MAX_CHUNK_ROWS` rows
 */
export function mergeChunk(
  existing: Chunk | undefined,
  source: Chunk,
  rows: readonly number[],
): { readonly chunk: Chunk; readonly added: readonly number[] } {
  const sorted = sortedByTime(source.times, rows);
  const fresh: number[] = [];
  const old = existing?.times ?? new Float64Array();
  let at = 0;
  for (const row of sorted) {
    const time = source.times[row] ?? 0;
    while (at < old.length && (old[at] ?? 0) < time) at++;
    if (existing !== undefined && isAmong(existing, at, time, source, row)) continue;
    if (isRepeated(source, fresh, row)) continue;
    fresh.push(row);
  }
  if (existing !== undefined && fresh.length === 0) return { chunk: existing, added: fresh };
  if (old.length + fresh.length > MAX_CHUNK_ROWS) {
    throw new DcuError('overflow', `more than ${MAX_CHUNK_ROWS} rows of one profile in one day`);
  }
  const before = existing ?? emptyLike(source);
  return { chunk: gather(before, source, interleave(old, source.times, fresh)), added: fresh };
}

function sortedByTime(times: Float64Array, rows: readonly number[]): readonly number[] {
  const ascending = rows.every((row, i) => i === 0 || (times[rows[i - 1] ?? 0] ?? 0) <= (times[row] ?? 0));
  return ascending ? rows : [...rows].sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
}

function isAmong(existing: Chunk, from: number, time: number, source: Chunk, row: number): boolean {
  for (let i = from; i < existing.times.length && existing.times[i] === time; i++) {
    if (sameRow(existing, i, source, row)) return true;
  }
  return false;
}

function isRepeated(source: Chunk, fresh: readonly number[], row: number): boolean {
  for (let i = fresh.length - 1; i >= 0; i--) {
    const other = fresh[i] ?? 0;
    if (source.times[other] !== source.times[row]) return false;
    if (sameRow(source, other, source, row)) return true;
  }
  return false;
}

function emptyLike(chunk: Chunk): Chunk {
  return {
    times: new Float64Array(),
    clockStatus: new Uint8Array(),
    values: chunk.values.map(() => ({ kind: 'number', values: new Float64Array() })),
  };
}

/** Rows of the result by time: a row of `old` as its index, a fresh one as the complement (`~`) of its index in the source. */
function interleave(old: Float64Array, times: Float64Array, fresh: readonly number[]): Int32Array {
  const order = new Int32Array(old.length + fresh.length);
  let at = 0;
  let i = 0;
  for (const row of fresh) {
    const time = times[row] ?? 0;
    while (i < old.length && (old[i] ?? 0) <= time) order[at++] = i++;
    order[at++] = ~row;
  }
  while (i < old.length) order[at++] = i++;
  return order;
}

function gather(old: Chunk, source: Chunk, order: Int32Array): Chunk {
  const clockStatus = new Uint8Array(order.length);
  for (const [i, from] of order.entries()) {
    clockStatus[i] = (from >= 0 ? old.clockStatus[from] : source.clockStatus[~from]) ?? 0xff;
  }
  return {
    times: gatherNumbers(old.times, source.times, order),
    clockStatus,
    values: source.values.map((column, i) => gatherColumn(old.values[i], column, order)),
  };
}

function gatherNumbers(old: Float64Array, source: Float64Array, order: Int32Array): Float64Array {
  const out = new Float64Array(order.length);
  for (let i = 0; i < order.length; i++) {
    const from = order[i] ?? 0;
    out[i] = (from >= 0 ? old[from] : source[~from]) ?? Number.NaN;
  }
  return out;
}

function gatherColumn(old: ColumnValues | undefined, source: ColumnValues, order: Int32Array): ColumnValues {
  if (old?.kind === 'number' && source.kind === 'number') {
    return { kind: 'number', values: gatherNumbers(old.values, source.values, order) };
  }
  return columnOf(Array.from(order, (from) => (from >= 0 ? cellOf(old, from) : cellOf(source, ~from))));
}

/**
 * Cells as the narrowest column that holds them exactly: numbers, or bigints when one is a bigint and no other a fraction. Byte
 * strings never meet numbers here, for those are of different layouts.
 */
export function columnOf(cells: readonly Cell[]): ColumnValues {
  if (cells.some((cell) => cell instanceof Uint8Array)) {
    return { kind: 'bytes', values: cells.map((cell) => (cell instanceof Uint8Array ? cell : undefined)) };
  }
  if (cells.some((cell) => typeof cell === 'bigint')) {
    return {
      kind: 'bigint',
      values: cells.map((cell) =>
        typeof cell === 'bigint' ? cell : typeof cell === 'number' ? BigInt(cell) : undefined,
      ),
    };
  }
  return {
    kind: 'number',
    values: Float64Array.from(cells, (cell) => (typeof cell === 'number' ? cell : Number.NaN)),
  };
}
