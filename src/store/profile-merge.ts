import type { CaptureColumn, ColumnValues, ProfileRows } from '../base/model.ts';
import type { Chunk } from './chunk-codec.ts';
import { type Cell, cellOf, columnOf, equalCells } from './chunk-merge.ts';
import type { Layout } from './layouts.ts';

export interface LayoutRows {
  readonly layout: Layout;
  /** In order of time. */
  readonly chunks: readonly Chunk[];
}

/**
 * Rows of several layouts as one table. The newest layout's columns come first and in its order; a column of an older layout is
 * the same column when object, attribute, data index, scaler, unit and shape agree, else it is appended. Where a layout lacks a
 * column its rows have null-data. Rows are sorted by time. A row of an older layout that has the time of a newer layout's row, and no
 * shared column with another value, is the same row read again and is left out.
 * @param parts newest layout first
 */
export function mergeLayouts(parts: readonly LayoutRows[]): ProfileRows {
  const newest = parts[0];
  if (newest !== undefined && parts.slice(1).every((part) => part.chunks.length === 0)) return joined(newest);
  const used = parts.filter((part, i) => i === 0 || part.chunks.some((chunk) => chunk.times.length > 0));
  const columns: CaptureColumn[] = [];
  const positions = new Map<string, number>();
  const columnMaps = used.map(({ layout }) => {
    const seen = new Map<string, number>();
    return layout.columns.map((column, i) => {
      const base = identityOf(column, layout.shape[i] ?? 'i');
      const nth = seen.get(base) ?? 0;
      seen.set(base, nth + 1);
      const identity = `${base}#${nth}`;
      const known = positions.get(identity);
      if (known !== undefined) return known;
      positions.set(identity, columns.length);
      columns.push(column);
      return columns.length - 1;
    });
  });
  if (newest === undefined) return emptyRows([]);
  const sources = sourcesOf(used, columnMaps);
  return {
    columns,
    times: Float64Array.from(sources, (source) => source.time),
    clockStatus: Uint8Array.from(sources, (source) => source.chunk.clockStatus[source.row] ?? 0xff),
    values: columns.map((_, column) => columnOf(sources.map((source) => cellAt(source, column)))),
  };
}

/** Chunks of one layout, one behind the other. */
function joined({ layout, chunks }: LayoutRows): ProfileRows {
  const rows = chunks.reduce((sum, chunk) => sum + chunk.times.length, 0);
  const clockStatus = new Uint8Array(rows);
  let at = 0;
  for (const chunk of chunks) {
    clockStatus.set(chunk.clockStatus, at);
    at += chunk.times.length;
  }
  return {
    columns: layout.columns,
    times: joinedNumbers(
      chunks.map((chunk) => chunk.times),
      rows,
    ),
    clockStatus,
    values: layout.columns.map((_, column) => joinedColumn(chunks, column, rows)),
  };
}

function joinedNumbers(parts: readonly Float64Array[], rows: number): Float64Array {
  const out = new Float64Array(rows);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function joinedColumn(chunks: readonly Chunk[], column: number, rows: number): ColumnValues {
  const numeric: Float64Array[] = [];
  for (const chunk of chunks) {
    const part = chunk.values[column];
    if (part?.kind === 'number') numeric.push(part.values);
  }
  if (numeric.length === chunks.length) return { kind: 'number', values: joinedNumbers(numeric, rows) };
  return columnOf(
    chunks.flatMap((chunk) => Array.from(chunk.times, (_, row) => cellOf(chunk.values[column], row))),
  );
}

interface Source {
  readonly time: number;
  readonly chunk: Chunk;
  readonly row: number;
  /** Column of the layout for each column of the table. */
  readonly columnOf: readonly (number | undefined)[];
}

function sourcesOf(
  parts: readonly LayoutRows[],
  columnMaps: readonly (readonly number[])[],
): readonly Source[] {
  const sources: Source[] = [];
  const newer = new Map<number, Source[]>();
  for (const [p, part] of parts.entries()) {
    const inverse: (number | undefined)[] = [];
    for (const [own, shared] of (columnMaps[p] ?? []).entries()) inverse[shared] = own;
    const ofPart: Source[] = [];
    for (const chunk of part.chunks) {
      for (const [row, time] of chunk.times.entries()) {
        const source = { time, chunk, row, columnOf: inverse };
        if (newer.get(time)?.some((other) => agree(other, source)) !== true) ofPart.push(source);
      }
    }
    sources.push(...ofPart);
    if (p === parts.length - 1) break;
    for (const source of ofPart) newer.set(source.time, [...(newer.get(source.time) ?? []), source]);
  }
  return parts.length === 1 ? sources : sources.sort((a, b) => a.time - b.time);
}

/** Whether all columns that both have are equal, and there is at least one. */
function agree(a: Source, b: Source): boolean {
  let shared = 0;
  for (const [column, own] of b.columnOf.entries()) {
    if (own === undefined || a.columnOf[column] === undefined) continue;
    shared++;
    if (!equalCells(cellAt(a, column), cellAt(b, column))) return false;
  }
  return shared > 0;
}

function cellAt(source: Source, column: number): Cell {
  const own = source.columnOf[column];
  return own === undefined ? undefined : cellOf(source.chunk.values[own], source.row);
}

function identityOf(column: CaptureColumn, letter: string): string {
  const { classId, obis, attribute, dataIndex, scaler, unit } = column;
  return [classId, obis, attribute, dataIndex, scaler, unit, letter].join(':');
}

function emptyRows(columns: readonly CaptureColumn[]): ProfileRows {
  return { columns, times: new Float64Array(), clockStatus: new Uint8Array(), values: [] };
}
