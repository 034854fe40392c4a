// A-XDR profile rows (an array of structures) to columns (IEC 62056-5-3, A-XDR of IEC 61334-6).
//
// The generic walk decodes one row and learns its template: which bytes (tags, counts, lengths) drove the walk.
// A row in which exactly those bytes are the same must take the same path, so that whole blocks of rows are
// compared with the template and then decoded column by column without looking at a tag again.

import {
  AXDR_BACKUP, AXDR_COLUMN_SIZE, AXDR_COLUMNS, AXDR_MASK, AXDR_MAX_COLUMNS, AXDR_MAX_ROW, AXDR_TEMPLATE, RESULT,
} from './abi';
import { initWidths, walkRow, walkEnd, failAt, failStatus } from './axdr-walk';
import { clearDefaults, storeCell, storeRun } from './axdr-columns';
import { COMPLETE, HINT, KIND, CONTENT, TAG, CELL_TAG, T_OFFSET, T_NULL, kindOfCell, NONE } from './axdr-state';

const BLOCK: i32 = 64;
const TEMPLATE_COLUMNS: i32 = 64;

let columns: i32 = 0;
/** Bytes of the template's row; 0 = no template. */
let width: usize = 0;
let vectors: i32 = 0;

export function initAxdr(): void {
  initWidths();
}

/** Starts a profile of `count` columns, whose hints the host has written; 0 when there are too many. */
export function axdrBegin(count: i32): i32 {
  if (<u32>count > <u32>AXDR_MAX_COLUMNS) return 0;
  columns = count;
  width = 0;
  for (let i = 0; i < count; i++) {
    const column = AXDR_COLUMNS + <usize>i * AXDR_COLUMN_SIZE;
    const hint = load<u8>(column, HINT);
    memory.fill(column, 0, AXDR_COLUMN_SIZE);
    store<u8>(column, hint, HINT);
  }
  return 1;
}

/**
 * Decodes rows of [p, e) until `maxRows`, the end or a fault. Row r goes to slot first + r of columns that lie at
 * `out` with room for `capacity` slots each (a multiple of 16; first + maxRows must not exceed it). `origin` is the
 * address that offsets of byte columns count from. Returns the rows decoded.
 * RESULT: status, address behind the last row, address or column of the fault.
 */
export function axdrRows(
  p: usize, e: usize, maxRows: i32, first: i32, out: usize, capacity: i32, origin: usize,
): i32 {
  let rows = 0;
  let status = COMPLETE;
  while (rows < maxRows) {
    if (width != 0) {
      const fit = <i32>((e - p) / width);
      const limit = min(min(maxRows - rows, BLOCK), fit);
      const same = vectors <= 3 ? matchShort(p, limit) : matchLong(p, limit);
      if (same > 0) {
        for (let i = 0; i < columns; i++) {
          storeRun(AXDR_COLUMNS + <usize>i * AXDR_COLUMN_SIZE, p, width, same, first + rows, columnAt(out, i, capacity), capacity, origin);
        }
        rows += same;
        p += <usize>same * width;
        if (same == limit) continue;
      }
    }
    if (!walkRow(p, e, columns)) {
      status = failStatus();
      break;
    }
    const end = walkEnd();
    for (let i = 0; i < columns; i++) {
      const column = AXDR_COLUMNS + <usize>i * AXDR_COLUMN_SIZE;
      const at = columnAt(out, i, capacity);
      if (load<u8>(column, KIND) == NONE && load<u8>(column, CELL_TAG) != 0) {
        store<u8>(column, kindOfCell(column), KIND);
        store<u8>(column, load<u8>(column, CELL_TAG), TAG);
        clearDefaults(column, 0, first + rows, at, capacity);
      }
      storeCell(column, first + rows, at, capacity, origin);
    }
    learn(p, end);
    rows++;
    p = end;
  }
  store<i32>(RESULT, status);
  store<u32>(RESULT, <u32>p, 4);
  store<u32>(RESULT, status == COMPLETE ? <u32>p : failAt(), 8);
  return rows;
}

@inline
function columnAt(out: usize, i: i32, capacity: i32): usize {
  return out + ((<usize>i * <usize>capacity) << 4);
}

/** Keeps the column states, so that a run that fails can be undone. */
export function axdrSave(): void {
  copyStates(AXDR_BACKUP, AXDR_COLUMNS);
}

export function axdrRestore(): void {
  copyStates(AXDR_COLUMNS, AXDR_BACKUP);
  width = 0;
}

/** By vectors: a call of memory.copy costs more than these few. */
function copyStates(to: usize, from: usize): void {
  for (const end = to + <usize>columns * AXDR_COLUMN_SIZE; to < end; to += 16, from += 16) {
    v128.store(to, v128.load(from));
  }
}

/** Makes the row that was just walked the template. */
function learn(p: usize, end: usize): void {
  const length = end - p;
  width = 0;
  if (length > <usize>AXDR_MAX_ROW || columns > TEMPLATE_COLUMNS) return;
  const count = <i32>((length + 15) >> 4);
  for (let i: usize = 0; i < <usize>max(count, 3) << 4; i += 16) {
    v128.store(AXDR_TEMPLATE + i, v128.and(v128.load(p + i), v128.load(AXDR_MASK + i)));
  }
  for (let i = 0; i < columns; i++) {
    const column = AXDR_COLUMNS + <usize>i * AXDR_COLUMN_SIZE;
    store<u32>(column, load<u32>(column, CONTENT) - <u32>p, T_OFFSET);
    store<u8>(column, load<u8>(column, CELL_TAG) == 0 ? 1 : 0, T_NULL);
  }
  width = length;
  vectors = count;
}

@inline
function misses(p: usize, t0: v128, t1: v128, t2: v128, m0: v128, m1: v128, m2: v128): v128 {
  return v128.or(
    v128.or(
      v128.and(v128.xor(v128.load(p), t0), m0),
      v128.and(v128.xor(v128.load(p, 16), t1), m1),
    ),
    v128.and(v128.xor(v128.load(p, 32), t2), m2),
  );
}

/** How many of `limit` rows from p on have the template's layout; rows of up to 48 bytes. */
function matchShort(p: usize, limit: i32): i32 {
  const t0 = v128.load(AXDR_TEMPLATE), t1 = v128.load(AXDR_TEMPLATE, 16), t2 = v128.load(AXDR_TEMPLATE, 32);
  const m0 = v128.load(AXDR_MASK), m1 = v128.load(AXDR_MASK, 16), m2 = v128.load(AXDR_MASK, 32);
  const w = width;
  let n = 0;
  for (; n + 4 <= limit; n += 4, p += w << 2) {
    const two = v128.or(misses(p, t0, t1, t2, m0, m1, m2), misses(p + w, t0, t1, t2, m0, m1, m2));
    const others = v128.or(
      misses(p + (w << 1), t0, t1, t2, m0, m1, m2),
      misses(p + w * 3, t0, t1, t2, m0, m1, m2),
    );
    if (v128.any_true(v128.or(two, others))) break;
  }
  for (; n < limit; n++, p += w) {
    if (v128.any_true(misses(p, t0, t1, t2, m0, m1, m2))) break;
  }
  return n;
}

/** The same for longer rows. */
function matchLong(p: usize, limit: i32): i32 {
  const bytes = <usize>vectors << 4;
  for (let n = 0; n < limit; n++, p += width) {
    let miss = i64x2.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) {
      const difference = v128.xor(v128.load(p + i), v128.load(AXDR_TEMPLATE + i));
      miss = v128.or(miss, v128.and(difference, v128.load(AXDR_MASK + i)));
    }
    if (v128.any_true(miss)) return n;
  }
  return limit;
}
