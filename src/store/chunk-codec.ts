import { equalBytes } from '../base/bytes.ts';
import type { ColumnValues, Interval } from '../base/model.ts';
import { ChunkReader, ChunkWriter, damaged } from './chunk-stream.ts';
import {
  FAST_LIMIT,
  readBigIntegers,
  readIntegers,
  writeBigIntegers,
  writeIntegers,
} from './integer-codec.ts';

/**
 * Rows of one chunk as columns, sorted by time. Chunk format, version 1:
 *
 *     u8 version, varint rows
 *     times: u8 unit (0 = ms, 1 = s), varint first, then runs of (varint step, varint repeats) over the other rows
 *     clock status: runs of (u8 status, varint repeats)
 *     varint columns, each: u8 type | 0x80 when a bitmap of present values follows; then the present values
 *
 * Types: 0 numbers, 1 bigints that fit the fast path, 2 bigints, 3 numbers that are no small integers (IEEE 754, LE), 4 byte
 * strings, 5 numbers beyond the fast path.
 */
export interface Chunk {
  readonly times: Float64Array;
  readonly clockStatus: Uint8Array;
  readonly values: readonly ColumnValues[];
}

/** More rows than a day has seconds are no profile. */
export const MAX_CHUNK_ROWS = 90_000;
const MAX_COLUMNS = 1024;
const VERSION = 1;
const TYPE_NUMBER = 0;
const TYPE_BIGINT_FAST = 1;
const TYPE_BIGINT = 2;
const TYPE_FLOAT = 3;
const TYPE_BYTES = 4;
const TYPE_NUMBER_BIG = 5;
const HAS_NULLS = 0x80;

export function encodeChunk(chunk: Chunk): Uint8Array {
  const out = new ChunkWriter();
  out.u8(VERSION);
  out.varint(chunk.times.length);
  writeTimes(out, chunk.times);
  writeStatus(out, chunk.clockStatus);
  out.varint(chunk.values.length);
  for (const column of chunk.values) writeColumn(out, column);
  return out.done();
}

/** @throws DcuError `storage-corrupt` */
export function decodeChunk(bytes: Uint8Array): Chunk {
  const source = new ChunkReader(bytes);
  const rows = readHead(source);
  const times = new Float64Array(rows);
  let at = 0;
  readTimes(source, rows, (firstMs, stepMs, repeats) => {
    for (let i = 0; i < repeats; i++) times[at++] = firstMs + i * stepMs;
  });
  const clockStatus = new Uint8Array(rows);
  for (let row = 0; row < rows; ) {
    const status = source.u8();
    const repeats = readRun(source, rows - row);
    clockStatus.fill(status, row, row + repeats);
    row += repeats;
  }
  const values = Array.from({ length: source.count(MAX_COLUMNS) }, () => readColumn(source, rows));
  return { times, clockStatus, values };
}

/** Rows of a chunk whose time lies in the interval, without decoding anything but the runs of times. */
export function countRows(bytes: Uint8Array, interval: Interval): number {
  const source = new ChunkReader(bytes);
  let count = 0;
  readTimes(source, readHead(source), (firstMs, stepMs, repeats) => {
    if (stepMs === 0) {
      if (firstMs >= interval.fromMs && firstMs < interval.toMs) count += repeats;
      return;
    }
    const from = Math.max(0, Math.ceil((interval.fromMs - firstMs) / stepMs));
    const to = Math.min(repeats, Math.ceil((interval.toMs - firstMs) / stepMs));
    count += Math.max(0, to - from);
  });
  return count;
}

function readHead(source: ChunkReader): number {
  if (source.u8() !== VERSION) throw damaged('unknown version');
  return source.count(MAX_CHUNK_ROWS);
}

function readRun(source: ChunkReader, left: number): number {
  const repeats = source.count(left);
  if (repeats === 0) throw damaged('an empty run');
  return repeats;
}

function writeTimes(out: ChunkWriter, times: Float64Array): void {
  if (times.length === 0) return;
  const seconds = times.every((time) => time % 1000 === 0);
  const divisor = seconds ? 1000 : 1;
  out.u8(seconds ? 1 : 0);
  out.varint((times[0] ?? 0) / divisor);
  for (let i = 1; i < times.length; ) {
    const step = stepAt(times, i);
    let end = i + 1;
    while (end < times.length && stepAt(times, end) === step) end++;
    out.varint(step / divisor);
    out.varint(end - i);
    i = end;
  }
}

const stepAt = (times: Float64Array, i: number): number => (times[i] ?? 0) - (times[i - 1] ?? 0);

/** Calls `run` with arithmetic series that together are the times, in order. */
function readTimes(
  source: ChunkReader,
  rows: number,
  run: (firstMs: number, stepMs: number, repeats: number) => void,
): void {
  if (rows === 0) return;
  const factor = source.u8() === 1 ? 1000 : 1;
  let last = source.varint() * factor;
  run(last, 0, 1);
  for (let row = 1; row < rows; ) {
    const stepMs = source.varint() * factor;
    const repeats = readRun(source, rows - row);
    run(last + stepMs, stepMs, repeats);
    last += stepMs * repeats;
    row += repeats;
  }
}

function writeStatus(out: ChunkWriter, status: Uint8Array): void {
  for (let i = 0; i < status.length; ) {
    let end = i + 1;
    while (end < status.length && status[end] === status[i]) end++;
    out.u8(status[i] ?? 0);
    out.varint(end - i);
    i = end;
  }
}

function writeColumn(out: ChunkWriter, column: ColumnValues): void {
  switch (column.kind) {
    case 'number':
      writeNumbers(out, column.values);
      break;
    case 'bigint':
      writeBigints(out, column.values);
      break;
    case 'bytes':
      writeByteStrings(out, column.values);
      break;
  }
}

function writeType(out: ChunkWriter, type: number, rows: number, isPresent: (row: number) => boolean): void {
  const bitmap = new Uint8Array(Math.ceil(rows / 8));
  let present = 0;
  for (let row = 0; row < rows; row++) {
    if (!isPresent(row)) continue;
    present++;
    bitmap[row >> 3] = (bitmap[row >> 3] ?? 0) | (1 << (row & 7));
  }
  out.u8(present === rows ? type : type | HAS_NULLS);
  if (present < rows) out.put(bitmap);
}

function writeNumbers(out: ChunkWriter, values: Float64Array): void {
  const present = values.filter((value) => !Number.isNaN(value));
  let type = TYPE_NUMBER;
  for (const value of present) {
    if (!Number.isSafeInteger(value)) {
      type = TYPE_FLOAT;
      break;
    }
    if (Math.abs(value) > FAST_LIMIT) type = TYPE_NUMBER_BIG;
  }
  writeType(out, type, values.length, (row) => !Number.isNaN(values[row] ?? Number.NaN));
  if (type === TYPE_NUMBER) writeIntegers(out, present);
  else if (type === TYPE_NUMBER_BIG) writeBigIntegers(out, Array.from(present, BigInt));
  else {
    const view = new DataView(new ArrayBuffer(present.length * 8));
    for (const [i, value] of present.entries()) view.setFloat64(i * 8, value, true);
    out.put(new Uint8Array(view.buffer));
  }
}

function writeBigints(out: ChunkWriter, values: readonly (bigint | undefined)[]): void {
  const present = values.filter((value) => value !== undefined);
  const limit = BigInt(FAST_LIMIT);
  const fast = present.every((value) => value <= limit && value >= -limit);
  writeType(out, fast ? TYPE_BIGINT_FAST : TYPE_BIGINT, values.length, (row) => values[row] !== undefined);
  if (fast) writeIntegers(out, Float64Array.from(present, Number));
  else writeBigIntegers(out, present);
}

function writeByteStrings(out: ChunkWriter, values: readonly (Uint8Array | undefined)[]): void {
  const present = values.filter((value) => value !== undefined);
  writeType(out, TYPE_BYTES, values.length, (row) => values[row] !== undefined);
  for (let i = 0; i < present.length; ) {
    const value = present[i] ?? new Uint8Array();
    let end = i + 1;
    while (end < present.length && equalBytes(present[end] ?? new Uint8Array(), value)) end++;
    out.varint(value.length);
    out.put(value);
    out.varint(end - i);
    i = end;
  }
}

function readColumn(source: ChunkReader, rows: number): ColumnValues {
  const header = source.u8();
  const type = header & ~HAS_NULLS;
  const present = header & HAS_NULLS ? readBitmap(source, rows) : undefined;
  const count = present === undefined ? rows : present.length;
  switch (type) {
    case TYPE_NUMBER:
      return { kind: 'number', values: spreadNumbers(readIntegers(source, count), present, rows) };
    case TYPE_NUMBER_BIG: {
      const values = Float64Array.from(readBigIntegers(source, count), Number);
      return { kind: 'number', values: spreadNumbers(values, present, rows) };
    }
    case TYPE_FLOAT: {
      const bytes = source.take(count * 8);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const values = Float64Array.from({ length: count }, (_, i) => view.getFloat64(i * 8, true));
      return { kind: 'number', values: spreadNumbers(values, present, rows) };
    }
    case TYPE_BIGINT_FAST:
      return {
        kind: 'bigint',
        values: spread(Array.from(readIntegers(source, count), BigInt), present, rows),
      };
    case TYPE_BIGINT:
      return { kind: 'bigint', values: spread(readBigIntegers(source, count), present, rows) };
    case TYPE_BYTES:
      return { kind: 'bytes', values: spread(readByteStrings(source, count), present, rows) };
    default:
      throw damaged('unknown type of column');
  }
}

function readByteStrings(source: ChunkReader, count: number): Uint8Array[] {
  const values: Uint8Array[] = [];
  while (values.length < count) {
    const value = source.take(source.varint());
    for (let left = readRun(source, count - values.length); left > 0; left--) values.push(value);
  }
  return values;
}

/** Rows that have a value. */
function readBitmap(source: ChunkReader, rows: number): readonly number[] {
  const bitmap = source.take(Math.ceil(rows / 8));
  const present: number[] = [];
  for (let row = 0; row < rows; row++) if ((bitmap[row >> 3] ?? 0) & (1 << (row & 7))) present.push(row);
  return present;
}

function spreadNumbers(
  values: Float64Array,
  present: readonly number[] | undefined,
  rows: number,
): Float64Array {
  if (present === undefined) return values;
  const out = new Float64Array(rows).fill(Number.NaN);
  for (const [i, row] of present.entries()) out[row] = values[i] ?? Number.NaN;
  return out;
}

function spread<Value>(
  values: readonly Value[],
  present: readonly number[] | undefined,
  rows: number,
): readonly (Value | undefined)[] {
  if (present === undefined) return values;
  const out = new Array<Value | undefined>(rows).fill(undefined);
  for (const [i, row] of present.entries()) out[row] = values[i];
  return out;
}
