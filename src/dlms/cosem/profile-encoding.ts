import { ByteWriter, equalBytes } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { decodeData, encodeData } from '../axdr.ts';
import { writeLength } from '../axdr-length.ts';
import { DATA_TAGS } from '../axdr-types.ts';
import type { DlmsData } from '../data.ts';
import { deltaOf } from '../delta-values.ts';
import type { ProfileRowSource } from './profile-rows.ts';

/**
 * How the rows of a profile are written (Blue Book, class 7, buffer): as they are; with null-data for a value that
 * repeats and for a time that is one capture period behind the one before it; as a compact-array; or with differences.
 */
export type ProfileEncoding = 'plain' | 'null-data' | 'compact-array' | 'deltas';

/** Bytes that a row takes at first guess; the buffer grows from there. */
const GUESSED_ROW_BYTES = 48;
const CLOCK = { classId: 8, attribute: 2 } as const;
/** Of a date-time as an octet-string: tag, length, and the 9 bytes before deviation and status. */
const TIME_CELL = { bytes: 14, deviation: 11 } as const;

export interface RowEncoding {
  readonly encoding: ProfileEncoding;
  /** Capture period in seconds; 0 where rows come on events. */
  readonly periodS: number;
}

/** A-XDR bytes of the given rows and columns. What does not fit a compact-array is written as it is. */
export function encodeRows(
  source: ProfileRowSource,
  rows: readonly number[],
  columns: readonly number[],
  { encoding, periodS }: RowEncoding,
): Uint8Array {
  switch (encoding) {
    case 'plain':
      return listOf(rows, columns, (writer, row) => source.writeCells(writer, row, columns));
    case 'null-data':
      return withNulls(source, rows, columns, periodS);
    case 'deltas':
      return withDeltas(source, rows, columns);
    case 'compact-array':
      return compact(source, rows, columns);
  }
}

function listOf(
  rows: readonly number[],
  columns: readonly number[],
  writeRow: (writer: ByteWriter, row: number) => void,
): Uint8Array {
  const writer = new ByteWriter(8 + rows.length * GUESSED_ROW_BYTES).u8(DATA_TAGS.array);
  writeLength(writer, rows.length);
  for (const row of rows) {
    writer.u8(DATA_TAGS.structure);
    writeLength(writer, columns.length);
    writeRow(writer, row);
  }
  return writer.done();
}

function cellOf(source: ProfileRowSource, row: number, column: number): Uint8Array {
  const writer = new ByteWriter(16);
  source.writeCells(writer, row, [column]);
  return writer.done();
}

function withNulls(
  source: ProfileRowSource,
  rows: readonly number[],
  columns: readonly number[],
  periodS: number,
): Uint8Array {
  const before: { cells: readonly Uint8Array[]; row: number } = { cells: [], row: -1 };
  const isClock = (column: number): boolean => {
    const object = source.columns[column];
    return object?.classId === CLOCK.classId && object.attribute === CLOCK.attribute;
  };
  return listOf(rows, columns, (writer, row) => {
    const cells = columns.map((column) => cellOf(source, row, column));
    cells.forEach((cell, i) => {
      const earlier = before.cells[i];
      const isNext = (): boolean =>
        periodS > 0 && source.timeAt(row) - source.timeAt(before.row) === periodS * 1000;
      const isImplied =
        earlier !== undefined &&
        (isClock(columns[i] ?? -1) ? sameClock(earlier, cell) && isNext() : equalBytes(earlier, cell));
      if (isImplied) writer.u8(DATA_TAGS['null-data']);
      else writer.put(cell);
    });
    before.cells = cells;
    before.row = row;
  });
}

/** Whether two times differ in nothing but the time: deviation and status must be what they were. */
function sameClock(a: Uint8Array, b: Uint8Array): boolean {
  return (
    a.length === TIME_CELL.bytes &&
    b.length === TIME_CELL.bytes &&
    equalBytes(a.subarray(TIME_CELL.deviation), b.subarray(TIME_CELL.deviation))
  );
}

function withDeltas(
  source: ProfileRowSource,
  rows: readonly number[],
  columns: readonly number[],
): Uint8Array {
  const before: (DlmsData | undefined)[] = [];
  return listOf(rows, columns, (writer, row) => {
    columns.forEach((column, i) => {
      const value = decodeData(cellOf(source, row, column));
      writer.put(encodeData(deltaOf(before[i], value)));
      before[i] = value;
    });
  });
}

function compact(source: ProfileRowSource, rows: readonly number[], columns: readonly number[]): Uint8Array {
  const elements = rows.map(
    (row): DlmsData => ({
      type: 'structure',
      elements: columns.map((column) => decodeData(cellOf(source, row, column))),
    }),
  );
  try {
    return encodeData({ type: 'compact-array', elements });
  } catch (error) {
    // Rows whose cells differ in type have no common description.
    if (error instanceof DcuError && error.code === 'invalid-argument') {
      return encodeData({ type: 'array', elements });
    }
    throw error;
  }
}
