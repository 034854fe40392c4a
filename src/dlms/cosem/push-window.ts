import type { DlmsData } from '../data.ts';
import { type CosemDateTime, decodeDateTime } from '../datetime.ts';

/** When a push may be sent (Blue Book, class 40, communication_window). Unspecified fields match anything. */
export interface CommunicationWindow {
  readonly start: CosemDateTime;
  readonly end: CosemDateTime;
}

/** Windows of the attribute; undefined when the value is none. */
export function windowsOf(value: DlmsData): readonly CommunicationWindow[] | undefined {
  if (value.type !== 'array' && value.type !== 'compact-array') return undefined;
  const windows = value.elements.map((element) => {
    const [start, end] = element.type === 'structure' ? element.elements.map(timeOf) : [];
    return start === undefined || end === undefined ? undefined : { start, end };
  });
  return windows.includes(undefined) ? undefined : windows.filter((window) => window !== undefined);
}

function timeOf(value: DlmsData): CosemDateTime | undefined {
  const bytes = value.type === 'octet-string' || value.type === 'date-time' ? value.value : undefined;
  return bytes?.length === 12 ? decodeDateTime(bytes) : undefined;
}

const MINUTE_MS = 60_000;
/** Farther ahead than any yearly window. */
const MOST_DAYS = 366;
const DAY_MINUTES = 24 * 60;

/**
 * Milliseconds until a window is open, in steps of a minute: 0 inside of one, and where there are none; undefined when
 * none opens within a year. `localAt` is the meter's local time so many milliseconds from now.
 */
export function untilWindow(
  windows: readonly CommunicationWindow[],
  localAt: (aheadMs: number) => CosemDateTime,
): number | undefined {
  if (windows.length === 0 || isOpen(windows, localAt(0))) return 0;
  const { second = 0, hundredths = 0 } = localAt(0);
  const toMinuteMs = MINUTE_MS - second * 1000 - hundredths * 10;
  for (let minute = 0; minute < MOST_DAYS * DAY_MINUTES; minute++) {
    const aheadMs = toMinuteMs + minute * MINUTE_MS;
    if (isOpen(windows, localAt(aheadMs))) return aheadMs;
  }
  return undefined;
}

function isOpen(windows: readonly CommunicationWindow[], now: CosemDateTime): boolean {
  return windows.some((window) => contains(window, now));
}

/**
 * Fields that neither end specifies are left out of the comparison, so that a window of hours comes every day, and one
 * whose end lies before its start goes over midnight. A weekday must be that of `now`.
 */
function contains({ start, end }: CommunicationWindow, now: CosemDateTime): boolean {
  if (start.weekday !== undefined && start.year === undefined && start.weekday !== now.weekday) return false;
  const from = keyOf(start, start, end, 0);
  const to = keyOf(end, start, end, 99);
  const at = keyOf(now, start, end, 0);
  return from <= to ? from <= at && at <= to : at >= from || at <= to;
}

const FIELDS = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const;

/** A text that sorts as the times do; `open` stands for a field that only the other end specifies. */
function keyOf(time: CosemDateTime, start: CosemDateTime, end: CosemDateTime, open: number): string {
  return FIELDS.filter((field) => start[field] !== undefined || end[field] !== undefined)
    .map((field) => String(time[field] ?? open).padStart(4, '0'))
    .join('');
}
