import type { LineMeter } from '../../../src/api/contract.ts';

/** One meter on one line. */
export type LineRow = LineMeter & {
  readonly key: string;
  /** Smoothed time of an answer; -1 before the first. */
  readonly answersMs: number;
  /** Information field and window that were granted last. */
  readonly frame: string;
};

/** What the table can be sorted by. */
export type SortKey =
  | 'meterNo'
  | 'line'
  | 'breaker'
  | 'answersMs'
  | 'frames'
  | 'bytes'
  | 'busyMs'
  | 'badFcs'
  | 'rejectedHeaders'
  | 'retransmissions'
  | 'timeouts'
  | 'failures';

/** A meter has a row for every line that it was on. */
export const asRow = (meter: LineMeter): LineRow => ({
  ...meter,
  key: `${meter.line} ${meter.meterId}`,
  answersMs: meter.link?.srttMs ?? -1,
  frame: meter.link?.field == null ? '' : `${meter.link.field} × ${meter.link.window ?? 1}`,
});
