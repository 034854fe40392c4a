import { DcuError } from './errors.ts';
import type { Interval } from './model.ts';

/** A date and time of day in some zone, without saying which. */
interface LocalTime {
  readonly year: number;
  /** 1-12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  try {
    const made = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, made);
    return made;
  } catch (error) {
    throw new DcuError('invalid-field', `${zone} is not the name of a time zone`, {
      field: 'zone',
      cause: error,
    });
  }
}

/** Whether this is the name of a time zone (IANA, e.g. `Europe/Riga`) that this machine knows. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch (error) {
    if (!(error instanceof DcuError)) throw error;
    return false;
  }
}

/** What the wall clock of a zone shows. @throws DcuError `invalid-field` for an unknown zone */
export function localTime(timeMs: number, zone: string): LocalTime {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(timeMs)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
  };
}

/** Milliseconds that the zone's clocks are ahead of UTC at an instant. */
export function zoneOffsetMs(timeMs: number, zone: string): number {
  const { year, month, day, hour, minute, second } = localTime(timeMs, zone);
  const wholeSecond = Math.floor(timeMs / 1000) * 1000;
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeSecond;
}

const HOUR_MS = 3_600_000;

/** The first instant of a date in a zone: 00:00, or the end of the gap where the clocks jump over it. */
export function startOfDate(year: number, month: number, day: number, zone: string): number {
  const asUtc = Date.UTC(year, month - 1, day);
  // Offsets lie between -12 and +14 hours, and no zone changes its twice within two days.
  const offsets = [zoneOffsetMs(asUtc - 24 * HOUR_MS, zone), zoneOffsetMs(asUtc + 24 * HOUR_MS, zone)];
  const candidates = offsets
    .map((offset) => asUtc - offset)
    .filter((at) => at + zoneOffsetMs(at, zone) === asUtc);
  // Two of them: the clocks were set back over midnight, and the day began the first time.
  if (candidates.length > 0) return Math.min(...candidates);
  return transitionBetween(asUtc - Math.max(...offsets), asUtc - Math.min(...offsets), zone);
}

/** The instant in (from, to] at which the zone's offset changes, to the second. */
function transitionBetween(fromMs: number, toMs: number, zone: string): number {
  const before = zoneOffsetMs(fromMs - 1000, zone);
  let low = fromMs - 1000;
  let high = toMs;
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2000) * 1000;
    if (zoneOffsetMs(middle, zone) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** The day of the zone that an instant lies in; 23 or 25 hours where the clocks change. */
export function dayInterval(nowMs: number, zone: string): Interval {
  const { year, month, day } = localTime(nowMs, zone);
  return { fromMs: startOfDate(year, month, day, zone), toMs: startOfDate(year, month, day + 1, zone) };
}

/** The month of the zone that an instant lies in. */
export function monthInterval(nowMs: number, zone: string): Interval {
  const { year, month } = localTime(nowMs, zone);
  return { fromMs: startOfDate(year, month, 1, zone), toMs: startOfDate(year, month + 1, 1, zone) };
}

/** ISO 8601 to the second with the zone's offset, e.g. `2026-11-23T14:15:00+02:00`. */
export function isoInZone(timeMs: number, zone: string): string {
  const offset = zoneOffsetMs(timeMs, zone);
  const minutes = Math.round(Math.abs(offset) / 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const local = new Date(timeMs + offset).toISOString().slice(0, -'.000Z'.length);
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
