import type { ColumnHint, DecodedColumn } from './types.ts';
import { memory, regions } from './wasm.ts';

/** Rows of a column that one kernel call decoded, copied out; a column without any value yet has no kind. */
export type ColumnPart = DecodedColumn | { readonly kind: 'none'; readonly rows: number };

/** Numbers of asm/axdr-state.ts. */
const NUMBER = 1;
const INT64 = 2;
const UINT64 = 3;
const DATE_TIME = 4;
const BYTES = 5;
const NO_DEVIATION = -32768;

/** Copies the first `rows` slots of column `index`; layout in asm/axdr-columns.ts. */
export function readPart(index: number, rows: number, capacity: number): ColumnPart {
  const { buffer } = memory.bytes;
  const state = regions.AXDR_COLUMNS + index * regions.AXDR_COLUMN_SIZE;
  const tag = memory.bytes[state + 2] ?? 0;
  const at = regions.COLUMNS + index * capacity * 16;
  const bytesAt = (offset: number): Uint8Array => memory.bytes.slice(at + offset, at + offset + rows);
  const kind = memory.bytes[state + 1];
  switch (kind) {
    case NUMBER:
      return {
        kind: 'number',
        tag,
        values: new Float64Array(buffer, at, rows).slice(),
        valid: bytesAt(12 * capacity),
      };
    case INT64:
      return {
        kind: 'int64',
        tag,
        values: new BigInt64Array(buffer, at, rows).slice(),
        valid: bytesAt(12 * capacity),
      };
    case UINT64:
      return {
        kind: 'uint64',
        tag,
        values: new BigUint64Array(buffer, at, rows).slice(),
        valid: bytesAt(12 * capacity),
      };
    case DATE_TIME:
      return {
        kind: 'date-time',
        tag,
        values: new Float64Array(buffer, at, rows).slice(),
        valid: bytesAt(12 * capacity),
        deviation: new Int16Array(buffer, at + 8 * capacity, rows).slice(),
        status: bytesAt(10 * capacity),
        flags: bytesAt(11 * capacity),
      };
    case BYTES:
      return {
        kind: 'bytes',
        tag,
        offsets: new Uint32Array(buffer, at, rows).slice(),
        lengths: new Uint32Array(buffer, at + 4 * capacity, rows).slice(),
        valid: bytesAt(12 * capacity),
      };
    default:
      return { kind: 'none', rows };
  }
}

function rowsOf(part: ColumnPart): number {
  return part.kind === 'none' ? part.rows : part.valid.length;
}

/** A column of null-data only. */
function emptyColumn(kind: DecodedColumn['kind'], tag: number, rows: number): DecodedColumn {
  const valid = new Uint8Array(rows);
  switch (kind) {
    case 'number':
      return { kind, tag, valid, values: new Float64Array(rows).fill(Number.NaN) };
    case 'int64':
      return { kind, tag, valid, values: new BigInt64Array(rows) };
    case 'uint64':
      return { kind, tag, valid, values: new BigUint64Array(rows) };
    case 'date-time':
      return {
        kind,
        tag,
        valid,
        values: new Float64Array(rows).fill(Number.NaN),
        deviation: new Int16Array(rows).fill(NO_DEVIATION),
        status: new Uint8Array(rows).fill(0xff),
        flags: new Uint8Array(rows),
      };
    case 'bytes':
      return { kind, tag, valid, offsets: new Uint32Array(rows), lengths: new Uint32Array(rows) };
  }
}

/** Copies a part into a column of the same kind, from `row` on. */
function place(column: DecodedColumn, part: DecodedColumn, row: number): void {
  column.valid.set(part.valid, row);
  if (column.kind === 'number' && part.kind === 'number') column.values.set(part.values, row);
  if (column.kind === 'int64' && part.kind === 'int64') column.values.set(part.values, row);
  if (column.kind === 'uint64' && part.kind === 'uint64') column.values.set(part.values, row);
  if (column.kind === 'bytes' && part.kind === 'bytes') {
    column.offsets.set(part.offsets, row);
    column.lengths.set(part.lengths, row);
  }
  if (column.kind === 'date-time' && part.kind === 'date-time') {
    column.values.set(part.values, row);
    column.deviation.set(part.deviation, row);
    column.status.set(part.status, row);
    column.flags.set(part.flags, row);
  }
}

/** One column of all its parts; without any value its kind is what the hint asks for and its tag 0. */
export function joinParts(parts: readonly ColumnPart[], hint: ColumnHint): DecodedColumn {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && only.kind !== 'none') return only;
  const typed = parts.find((part): part is DecodedColumn => part.kind !== 'none');
  const rows = parts.reduce((sum, part) => sum + rowsOf(part), 0);
  const column = emptyColumn(typed?.kind ?? hint, typed?.tag ?? 0, rows);
  let row = 0;
  for (const part of parts) {
    if (part.kind !== 'none') place(column, part, row);
    row += rowsOf(part);
  }
  return column;
}
