import type { DecodedColumn, DecodedProfile } from './types.ts';

interface NullOptions {
  /** Capture period: what a time of null-data lies behind the row before it. */
  readonly periodMs: number;
  /** Index of the column that holds the rows' time; the first date-time column if absent. */
  readonly timeColumn?: number;
  /** Time of the row before the first one, when rows are read in pieces. */
  readonly previousTimeMs?: number;
}

/** Calls `fill` for every row without a value behind one that has it, in order; returns what is valid then. */
function fillGaps(valid: Uint8Array, fill: (row: number) => void): Uint8Array {
  const filled = valid.slice();
  for (let row = 1; row < filled.length; row++) {
    if (filled[row] === 0 && filled[row - 1] !== 0) {
      fill(row);
      filled[row] = 1;
    }
  }
  return filled;
}

function repeat(values: { [row: number]: number | bigint }): (row: number) => void {
  return (row) => {
    const before = values[row - 1];
    if (before !== undefined) values[row] = before;
  };
}

function repeated(column: DecodedColumn): DecodedColumn {
  if (!column.valid.includes(0)) return column;
  switch (column.kind) {
    case 'number': {
      const values = column.values.slice();
      return { ...column, values, valid: fillGaps(column.valid, repeat(values)) };
    }
    case 'int64': {
      const values = column.values.slice();
      return { ...column, values, valid: fillGaps(column.valid, repeat(values)) };
    }
    case 'uint64': {
      const values = column.values.slice();
      return { ...column, values, valid: fillGaps(column.valid, repeat(values)) };
    }
    case 'bytes': {
      const offsets = column.offsets.slice();
      const lengths = column.lengths.slice();
      const fill = (row: number): void => {
        repeat(offsets)(row);
        repeat(lengths)(row);
      };
      return { ...column, offsets, lengths, valid: fillGaps(column.valid, fill) };
    }
    case 'date-time':
      return times(column, 0, undefined);
  }
}

type TimeColumn = Extract<DecodedColumn, { kind: 'date-time' }>;

function times(column: TimeColumn, periodMs: number, previousTimeMs: number | undefined): TimeColumn {
  if (!column.valid.includes(0)) return column;
  const values = column.values.slice();
  const deviation = column.deviation.slice();
  const status = column.status.slice();
  const flags = column.flags.slice();
  const start = column.valid.slice();
  if (start[0] === 0 && previousTimeMs !== undefined) {
    values[0] = previousTimeMs + periodMs;
    start[0] = 1;
  }
  const valid = fillGaps(start, (row) => {
    values[row] = (values[row - 1] ?? Number.NaN) + periodMs;
    repeat(deviation)(row);
    repeat(status)(row);
    repeat(flags)(row);
  });
  return { ...column, values, deviation, status, flags, valid };
}

/**
 * Gives null-data the meaning that profiles compressed by the meter use (Blue Book, profile generic): a time is one
 * capture period after that of the row before, any other value is the value of the row before. What has no row before it
 * stays without a value. Returns a new profile; columns without null-data are shared with the given one.
 */
export function resolveNulls(profile: DecodedProfile, options: NullOptions): DecodedProfile {
  const { periodMs, previousTimeMs } = options;
  const timeColumn = options.timeColumn ?? profile.columns.findIndex((column) => column.kind === 'date-time');
  return {
    ...profile,
    columns: profile.columns.map((column, i) =>
      i === timeColumn && column.kind === 'date-time'
        ? times(column, periodMs, previousTimeMs)
        : repeated(column),
    ),
  };
}
