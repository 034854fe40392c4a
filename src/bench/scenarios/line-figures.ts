import { BAUD_RATE, BITS_PER_BYTE } from './line-far-end.ts';

/** What one read of a line has taken. */
export interface LineRead {
  readonly meters: number;
  readonly rows: number;
  /** On the wire, frames with all that is around them, both ways; nothing of it was sent twice. */
  readonly bytes: number;
  readonly seconds: number;
}

export interface LineResult extends LineRead {
  readonly name: string;
  readonly unit: 'ratio';
  /** Useful bit time ÷ elapsed time. */
  readonly value: number;
}

/** The time that the bits of a read need on the line with no pause anywhere, in seconds. */
export const bitSeconds = (bytes: number): number => (bytes * BITS_PER_BYTE) / BAUD_RATE;

export function resultOf(name: string, read: LineRead): LineResult {
  const value = bitSeconds(read.bytes) / read.seconds;
  return { name, unit: 'ratio', value: rounded(value, 4), ...read, seconds: rounded(read.seconds, 3) };
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

/** Lines of a table for people. */
export function lineTable(results: readonly LineResult[], remarks: readonly string[]): string[] {
  const header = ['read', 'meters', 'rows', 'bytes', 'bit time s', 'elapsed s', 'ratio'];
  const rows = results.map(({ name, meters, rows: count, bytes, seconds, value }) => [
    name,
    String(meters),
    String(count),
    String(bytes),
    bitSeconds(bytes).toFixed(2),
    seconds.toFixed(2),
    value.toFixed(3),
  ]);
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((cells) => cells[column]?.length ?? 0)),
  );
  const text = [header, ...rows].map((cells) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  return [
    `a day of 15-minute rows at ${BAUD_RATE} baud; bit time: what the frames of the read need on the line`,
    '',
    ...text,
    ...remarks,
  ];
}
