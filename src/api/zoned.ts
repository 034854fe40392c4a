import type { Interval } from '../base/model.ts';

/** What a wall clock in an IANA zone shows at an instant. */
interface WallClock {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string): Intl.DateTimeFormat {
  let made = formats.get(zone);
  if (made === undefined) {
    made = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, made);
  }
  return made;
}

function parts(zone: string, ms: number): Record<string, number> {
  const found: Record<string, number> = {};
  for (const part of format(zone).formatToParts(ms)) found[part.type] = Number(part.value);
  return found;
}

/** Milliseconds that local time in the zone is ahead of UTC at the instant. */
export function zoneOffsetMs(zone: string, ms: number): number {
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts(zone, ms);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
}

export function wallClock(zone: string, ms: number): WallClock {
  const { year = 0, month = 1, day = 1 } = parts(zone, ms);
  return { year, month, day };
}

/** The first instant of a local date. Where midnight is skipped by a change of the clocks, the first that exists. */
export function startOfDate(zone: string, year: number, month: number, day: number): number {
  const local = Date.UTC(year, month - 1, day);
  const first = local - zoneOffsetMs(zone, local);
  const second = local - zoneOffsetMs(zone, first);
  if (second + zoneOffsetMs(zone, second) === local) return second;
  return Math.max(first, second);
}

/** The local day that holds the instant. */
export function dayOf(zone: string, ms: number): Interval {
  const { year, month, day } = wallClock(zone, ms);
  return { fromMs: startOfDate(zone, year, month, day), toMs: startOfDate(zone, year, month, day + 1) };
}

/** The local calendar month that holds the instant. */
export function monthOf(zone: string, ms: number): Interval {
  const { year, month } = wallClock(zone, ms);
  return { fromMs: startOfDate(zone, year, month, 1), toMs: startOfDate(zone, year, month + 1, 1) };
}

/** ISO 8601 with the zone's offset, e.g. `2026-11-23T14:15:00+02:00`. */
export function isoInZone(zone: string, ms: number): string {
  const offset = zoneOffsetMs(zone, ms);
  const minutes = Math.round(offset / 60_000);
  const sign = minutes < 0 ? '-' : '+';
  const two = (value: number): string => String(value).padStart(2, '0');
  const local = new Date(ms + offset).toISOString().slice(0, 19);
  return `${local}${sign}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}
