import type { Line } from '../../../src/api/contract.ts';

/** One meter on one line. */
export type LineRow = Line['meters'][number] & {
  readonly key: string;
  readonly line: string;
  readonly ageMs: number;
};

export type SortKey = Exclude<keyof LineRow, 'lastError' | 'key' | 'meterId' | 'ageMs'>;

/** The meters of a line as rows; a meter keeps its row for every line that it was on. */
export const asMeters = ({ line, ageMs, meters }: Line): LineRow[] =>
  meters.map((meter) => ({ ...meter, key: `${line} ${meter.meterId}`, line, ageMs }));

/** By a column; rows that are alike there stand by MeterNo. */
export function sortRows(rows: readonly LineRow[], by: SortKey, descending: boolean): LineRow[] {
  const sign = descending ? -1 : 1;
  const order = (a: LineRow, b: LineRow): number => {
    const [x, y] = [a[by], b[by]];
    return typeof x === 'number' && typeof y === 'number'
      ? x - y
      : String(x).localeCompare(String(y), 'en', { numeric: true });
  };
  return rows.toSorted((a, b) => sign * order(a, b) || a.meterNo.localeCompare(b.meterNo));
}
