// The generic walk: one row, tag by tag, every read checked, every byte that steers it marked in AXDR_MASK.

import { AXDR_COLUMN_SIZE, AXDR_COLUMNS, AXDR_MASK, AXDR_MAX_ROW, AXDR_WIDTHS } from './abi';
import {
  CELL_TAG, CONFLICT, CONTENT, KIND, kindOfCell, LENGTH, NOT_A_PROFILE, TAG, TRUNCATED, UNSUPPORTED,
} from './axdr-state';

const UNKNOWN: u32 = 0xff;
const VARIABLE: u32 = 0xfe;
const NESTED: u32 = 0xfd;
const MAX_NESTING: i32 = 4;

const ARRAY: u32 = 1;
const STRUCTURE: u32 = 2;
const BIT_STRING: u32 = 4;
const COMPACT_ARRAY: u32 = 19;

let status: i32 = 0;
let faultAt: u32 = 0;
let rowEnd: usize = 0;
let rowStart: usize = 0;

/** What `readCount` and `element` found beside the address they return. */
let count: u32 = 0;
let content: usize = 0;
let contentLength: u32 = 0;

export function failStatus(): i32 {
  return status;
}

export function failAt(): u32 {
  return faultAt;
}

export function walkEnd(): usize {
  return rowEnd;
}

export function initWidths(): void {
  memory.fill(AXDR_WIDTHS, <u8>UNKNOWN, 256);
  width(0, 0);
  width(3, 1);
  width(13, 1);
  width(15, 1);
  width(17, 1);
  width(22, 1);
  width(16, 2);
  width(18, 2);
  width(5, 4);
  width(6, 4);
  width(23, 4);
  width(20, 8);
  width(21, 8);
  width(24, 8);
  width(25, 12);
  width(26, 5);
  width(27, 4);
  width(BIT_STRING, VARIABLE);
  width(9, VARIABLE);
  width(10, VARIABLE);
  width(12, VARIABLE);
  width(ARRAY, NESTED);
  width(STRUCTURE, NESTED);
}

function width(tag: u32, bytes: u32): void {
  store<u8>(AXDR_WIDTHS + tag, <u8>bytes);
}

function fail(code: i32, at: u32): usize {
  status = code;
  faultAt = at;
  return 0;
}

/** A byte that steers the walk, at an address of the row. */
@inline
function mark(at: usize): void {
  const offset = at - rowStart;
  if (offset < <usize>AXDR_MAX_ROW) store<u8>(AXDR_MASK + offset, 0xff);
}

/** Length or count at p; returns the address behind it, or 0. */
function readCount(p: usize, e: usize): usize {
  if (p >= e) return fail(TRUNCATED, <u32>p);
  const first: u32 = load<u8>(p);
  mark(p);
  if (first < 0x80) {
    count = first;
    return p + 1;
  }
  if (first < 0x81 || first > 0x84) return fail(UNSUPPORTED, <u32>p);
  let value: u32 = 0;
  for (let left = first - 0x80; left > 0; left--) {
    p++;
    if (p >= e) return fail(TRUNCATED, <u32>p);
    mark(p);
    value = (value << 8) | load<u8>(p);
  }
  count = value;
  return p + 1;
}

/** One element; sets content and contentLength (arrays and structures: the whole element). Returns its end, or 0. */
function element(p: usize, e: usize, nesting: i32): usize {
  if (p >= e) return fail(TRUNCATED, <u32>p);
  const start = p;
  const tag: u32 = load<u8>(p);
  mark(p);
  let size: u32 = load<u8>(AXDR_WIDTHS + tag);
  p++;
  if (size >= NESTED) {
    if (size == UNKNOWN || (size == NESTED && nesting == MAX_NESTING)) return fail(UNSUPPORTED, <u32>start);
    p = readCount(p, e);
    if (p == 0) return 0;
    if (size == NESTED) {
      for (let left = count; left > 0; left--) {
        p = element(p, e, nesting + 1);
        if (p == 0) return 0;
      }
      content = start;
      contentLength = <u32>(p - start);
      return p;
    }
    size = tag == BIT_STRING ? (count >> 3) + (count & 7 ? 1 : 0) : count;
  }
  if (size > <u32>(e - p)) return fail(TRUNCATED, <u32>p);
  content = p;
  contentLength = size;
  return p + size;
}

/** Walks the row at p and leaves its cells in the column states; false with status and place of the fault. */
export function walkRow(p: usize, e: usize, columns: i32): bool {
  rowStart = p;
  for (let i: usize = 0; i < <usize>AXDR_MAX_ROW; i += 16) v128.store(AXDR_MASK + i, i64x2.splat(0));
  if (p >= e) {
    fail(TRUNCATED, <u32>p);
    return false;
  }
  if (load<u8>(p) != STRUCTURE) {
    fail(NOT_A_PROFILE, <u32>p);
    return false;
  }
  mark(p);
  p = readCount(p + 1, e);
  if (p == 0) return false;
  if (count != <u32>columns) {
    fail(CONFLICT, min(count, <u32>columns));
    return false;
  }
  for (let i = 0; i < columns; i++) {
    const column = AXDR_COLUMNS + <usize>i * AXDR_COLUMN_SIZE;
    const tag: u32 = p < e ? load<u8>(p) : 0;
    p = element(p, e, 0);
    if (p == 0) return false;
    store<u8>(column, <u8>tag, CELL_TAG);
    store<u32>(column, <u32>content, CONTENT);
    store<u32>(column, contentLength, LENGTH);
    const fixed: u32 = load<u8>(column, TAG);
    if (tag != 0 && fixed != 0 && (tag != fixed || kindOfCell(column) != load<u8>(column, KIND))) {
      fail(CONFLICT, i);
      return false;
    }
  }
  rowEnd = p;
  return true;
}

/** The array header at p: returns the address of the first row, or 0; `announcedRows` has the count. */
export function walkHeader(p: usize, e: usize): usize {
  rowStart = p;
  if (p >= e) return fail(TRUNCATED, <u32>p);
  const tag: u32 = load<u8>(p);
  if (tag != ARRAY) return fail(tag == COMPACT_ARRAY ? UNSUPPORTED : NOT_A_PROFILE, <u32>p);
  return readCount(p + 1, e);
}

export function announcedRows(): u32 {
  return count;
}
