import { DcuError } from '../base/errors.ts';

/** Who sets the clock: a head-end, or a time server, which stands behind it. */
export const CLOCK_SOURCES = ['hes', 'ntp'] as const;
export type ClockSource = (typeof CLOCK_SOURCES)[number];

/** That somebody has said what time it is. */
export interface Synchronisation {
  readonly source: ClockSource;
  /** The head-end's or the server's name. */
  readonly who: string;
  /** UTC milliseconds, by the time that was said. */
  readonly at: number;
}

/** What is kept of the clock over restarts. */
export interface ClockRecord {
  /** Milliseconds to add to the machine's time. */
  readonly offsetMs: number;
  /** The last of each source. */
  readonly last: Readonly<Partial<Record<ClockSource, Synchronisation>>>;
}

export const NEVER_SET: ClockRecord = { offsetMs: 0, last: {} };

/** A century: more is no clock that was set wrong but a record that was damaged. */
const MOST_OFFSET_MS = 36_525 * 86_400_000;
const LONGEST_NAME = 200;

export const writeClockRecord = (record: ClockRecord): string => `${JSON.stringify(record)}\n`;

/** @throws DcuError `storage-corrupt` for what `writeClockRecord` has not written */
export function readClockRecord(text: string): ClockRecord {
  const record = parsed(text);
  const { offsetMs, last } = record;
  if (!isInstant(offsetMs) || Math.abs(offsetMs) > MOST_OFFSET_MS || !isFields(last)) throw damaged();
  const known = CLOCK_SOURCES.flatMap((source): [ClockSource, Synchronisation][] => {
    const one = last[source];
    if (one === undefined) return [];
    if (!isFields(one) || typeof one['who'] !== 'string' || !isInstant(one['at'])) throw damaged();
    return [[source, { source, who: one['who'].slice(0, LONGEST_NAME), at: one['at'] }]];
  });
  return { offsetMs, last: Object.fromEntries(known) };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isFields(value)) return value;
  } catch (error) {
    throw damaged(error);
  }
  throw damaged();
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isInstant = (value: unknown): value is number => Number.isSafeInteger(value);

const damaged = (cause?: unknown): DcuError =>
  new DcuError('storage-corrupt', 'the record of the clock is damaged', { field: 'clock', cause });
