import type { Line } from '../../../src/api/contract.ts';

/** One meter on one line. */
export type LineRow = Line['meters'][number] & {
  readonly key: string;
  readonly line: string;
  readonly ageMs: number;
  /** Smoothed time of an answer; -1 before the first, so that it sorts below all. */
  readonly answersMs: number;
  /** Information field and window that were granted last. */
  readonly frame: string;
};

export type SortKey = Exclude<keyof LineRow, 'lastError' | 'key' | 'meterId' | 'ageMs' | 'link'>;

/** The meters of a line as rows; a meter keeps its row for every line that it was on. */
export const asMeters = ({ line, ageMs, meters }: Line): LineRow[] =>
  meters.map((meter) => ({
    ...meter,
    key: `${line} ${meter.meterId}`,
    line,
    ageMs,
    answersMs: meter.link?.srttMs ?? -1,
    frame: meter.link?.field == null ? '' : `${meter.link.field} × ${meter.link.window ?? 1}`,
  }));

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
