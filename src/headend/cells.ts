import type { ByteWriter } from '../base/bytes.ts';
import type { ColumnValues } from '../base/model.ts';
import { writeLength } from '../dlms/axdr-length.ts';
import { DATA_TAGS } from '../dlms/axdr-types.ts';

/** Writes the value of a row with its A-XDR tag. */
export type CellWriter = (writer: ByteWriter, row: number) => void;

const TAG = {
  null: DATA_TAGS['null-data'],
  i32: DATA_TAGS['double-long'],
  u32: DATA_TAGS['double-long-unsigned'],
  i64: DATA_TAGS.long64,
  u64: DATA_TAGS['long64-unsigned'],
  f64: DATA_TAGS.float64,
  octets: DATA_TAGS['octet-string'],
} as const;

const LEAST_I32 = -(2 ** 31);
const MOST_I32 = 2 ** 31 - 1;
const MOST_U32 = 2 ** 32 - 1;

/**
 * How the values of a column are written. The store keeps integers without the type in which the meter wrote them: a
 * column has the narrowest of double-long-unsigned, double-long, long64-unsigned and long64 that holds all of its
 * values, so that it is of one type throughout.
 */
export function cellWriter(column: ColumnValues): CellWriter {
  switch (column.kind) {
    case 'number':
      return numberWriter(column.values);
    case 'bigint':
      return bigintWriter(column.values);
    case 'bytes':
      return (writer, row) => writeOctets(writer, column.values[row]);
  }
}

/** An octet-string; null-data where there is none. */
export function writeOctets(writer: ByteWriter, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) {
    writer.u8(TAG.null);
    return;
  }
  writeLength(writer.u8(TAG.octets), bytes.length);
  writer.put(bytes);
}

function numberWriter(values: Float64Array): CellWriter {
  let least = 0;
  let most = 0;
  let whole = true;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
    whole &&= Number.isInteger(value);
  }
  const write = whole ? integerWriter(least, most) : writeFloat;
  return (writer, row) => {
    const value = values[row];
    if (value === undefined || Number.isNaN(value)) writer.u8(TAG.null);
    else write(writer, value);
  };
}

const writeFloat = (writer: ByteWriter, value: number): void => void writer.u8(TAG.f64).f64(value);

function integerWriter(least: number, most: number): (writer: ByteWriter, value: number) => void {
  if (least >= 0) {
    return most <= MOST_U32
      ? (writer, value) => void writer.u8(TAG.u32).u32(value)
      : (writer, value) => void writer.u8(TAG.u64).u64(BigInt(value));
  }
  return least >= LEAST_I32 && most <= MOST_I32
    ? (writer, value) => void writer.u8(TAG.i32).u32(value >>> 0)
    : (writer, value) => void writer.u8(TAG.i64).u64(BigInt.asUintN(64, BigInt(value)));
}

function bigintWriter(values: readonly (bigint | undefined)[]): CellWriter {
  const tag = values.some((value) => value !== undefined && value < 0n) ? TAG.i64 : TAG.u64;
  return (writer, row) => {
    const value = values[row];
    if (value === undefined) writer.u8(TAG.null);
    else writer.u8(tag).u64(BigInt.asUintN(64, value));
  };
}
