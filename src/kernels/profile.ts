import { DcuError } from '../base/errors.ts';
import { type ColumnPart, joinParts, readPart } from './profile-columns.ts';
import type { ColumnHint, DecodedProfile, DecodeStatus } from './types.ts';
import { kernels, memory, regions } from './wasm.ts';

const ARRAY = 1;
const COMPACT_ARRAY = 19;
const HINT_CODES: Readonly<Record<ColumnHint, number>> = { number: 0, 'date-time': 1, bytes: 2 };
/** By the status numbers of asm/axdr-state.ts. */
const STATUSES: readonly DecodeStatus[] = [
  'complete',
  'truncated',
  'unsupported-tag',
  'type-conflict',
  'not-a-profile',
];
const BYTES_PER_CELL = 16;

interface Header {
  readonly status: DecodeStatus;
  /** Offset of the first row, or of the fault. */
  readonly at: number;
  readonly announcedRows: number;
}

function readHeader(buffer: Uint8Array): Header {
  const fault = (status: DecodeStatus, at: number): Header => ({ status, at, announcedRows: 0 });
  const tag = buffer[0];
  if (tag === undefined) return fault('truncated', 0);
  if (tag !== ARRAY) return fault(tag === COMPACT_ARRAY ? 'unsupported-tag' : 'not-a-profile', 0);
  const first = buffer[1];
  if (first === undefined) return fault('truncated', 0);
  if (first < 0x80) return { status: 'complete', at: 2, announcedRows: first };
  const extra = first - 0x80;
  if (extra < 1 || extra > 4) return fault('unsupported-tag', 1);
  if (buffer.length < 2 + extra) return fault('truncated', 0);
  let announcedRows = 0;
  for (let i = 2; i < 2 + extra; i++) announcedRows = announcedRows * 256 + (buffer[i] ?? 0);
  return { status: 'complete', at: 2 + extra, announcedRows };
}

/** Tells the kernel how many columns there are and what they are to be read as. */
export function beginColumns(hints: readonly ColumnHint[]): void {
  if (hints.length > regions.AXDR_MAX_COLUMNS) {
    throw new DcuError('invalid-argument', `a profile has at most ${regions.AXDR_MAX_COLUMNS} columns`, {
      field: 'hints',
    });
  }
  hints.forEach((hint, i) => {
    memory.bytes[regions.AXDR_COLUMNS + i * regions.AXDR_COLUMN_SIZE] = HINT_CODES[hint];
  });
  kernels.axdrBegin(hints.length);
}

/** Slots a column has in the kernel's region when there are `columns` of them; a multiple of 16. */
export function slotsFor(columns: number): number {
  return Math.min(8192, Math.floor(regions.COLUMNS_SIZE / (BYTES_PER_CELL * Math.max(columns, 1)))) & ~15;
}

/**
 * Decodes the A-XDR bytes of a profile buffer (array of structures, one structure a row, one element a capture
 * object) to one typed column per hint. `capacityRows` bounds the rows; what is behind is left with status
 * `truncated`.
 *
 * A hint says how an element is read: `date-time` makes times of 12-byte octet strings and date-times, `bytes`
 * hands out the raw content of any tag, `number` takes what the tag says. The first value that is not null fixes a
 * column's kind and tag; another tag later is a `type-conflict`. Arrays and structures within a row are byte columns
 * that include their own tag. Rows before a fault are good and handed out. A row longer than 128 KiB counts as
 * `unsupported-tag`. More than 128 hints end in DcuError `invalid-argument`.
 */
export function decodeProfile(
  buffer: Uint8Array,
  hints: readonly ColumnHint[],
  capacityRows: number = Number.POSITIVE_INFINITY,
): DecodedProfile {
  beginColumns(hints);
  const header = readHeader(buffer);
  const { announcedRows } = header;
  const parts: ColumnPart[][] = hints.map(() => []);
  let { status, at } = header;
  let consumed = status === 'complete' ? header.at : 0;
  let rows = 0;

  const wanted = Math.min(announcedRows, capacityRows);
  const capacity = slotsFor(hints.length);
  const { INPUT, INPUT_SIZE, RESULT, COLUMNS } = regions;
  while (status === 'complete' && rows < wanted) {
    const start = consumed;
    const end = Math.min(buffer.length, start + INPUT_SIZE);
    memory.bytes.set(start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end), INPUT);
    const limit = Math.min(wanted - rows, capacity);
    const origin = INPUT - start;
    const done = kernels.axdrRows(INPUT, INPUT + end - start, limit, 0, COLUMNS, capacity, origin);
    const word = RESULT >> 2;
    status = STATUSES[memory.words[word] ?? 0] ?? 'truncated';
    consumed = (memory.words[word + 1] ?? 0) - origin;
    at = memory.words[word + 2] ?? 0;
    if (status === 'unsupported-tag' || status === 'not-a-profile') at -= origin;
    rows += done;
    if (done > 0) {
      for (const [i, list] of parts.entries()) list.push(readPart(i, done, capacity));
    }
    if (status === 'truncated' && end < buffer.length) {
      // The row goes on behind the window, unless it already had the whole of it.
      status = done > 0 ? 'complete' : 'unsupported-tag';
      at = consumed;
    }
  }
  if (status === 'complete' && rows < announcedRows) status = 'truncated';
  return {
    rows,
    announcedRows,
    consumed,
    status,
    at: status === 'complete' || status === 'truncated' ? consumed : at,
    columns: parts.map((list, i) => joinParts(list, hints[i] ?? 'bytes')),
  };
}
