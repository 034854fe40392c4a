import { dateOfEpochDay, daysSinceEpoch } from '../dlms/datetime.ts';

/** Civil time of a simulated meter, by integer arithmetic alone: the same answer on every machine. */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** Time zone of a meter. Summer time follows the EU rule (last Sundays of March and October, 01:00 UTC). */
export interface TimeZone {
  /** Normal (winter) local time minus UTC, minutes. */
  readonly utcOffsetMinutes: number;
  readonly daylightSaving: boolean;
}

/** Days since 1970-01-01 of a Gregorian date; `month` may lie outside 1..12. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const months = year * 12 + month - 1;
  const wholeYears = Math.floor(months / 12);
  return daysSinceEpoch(wholeYears, months - wholeYears * 12 + 1, day);
}

/** 1 = Monday .. 7 = Sunday. 1970-01-01 was a Thursday. */
export function weekdayOf(days: number): number {
  return ((((days + 3) % 7) + 7) % 7) + 1;
}

/** UTC ms of the last Sunday of `month`, 01:00 UTC. */
function lastSundayAtOne(year: number, month: number): number {
  const last = daysFromCivil(year, month + 1, 1) - 1;
  return (last - (weekdayOf(last) % 7)) * DAY_MS + HOUR_MS;
}

/** The two changes of summer time in a year, UTC ms. */
export function daylightSavingChanges(year: number): { readonly begin: number; readonly end: number } {
  return { begin: lastSundayAtOne(year, 3), end: lastSundayAtOne(year, 10) };
}

const changesOfYear = new Map<number, { readonly begin: number; readonly end: number }>();

export function daylightSavingActive(zone: TimeZone, utcMs: number): boolean {
  if (!zone.daylightSaving) return false;
  // Both changes lie far from the turn of the year, so the mean year length finds the right year near them.
  const year = 1970 + Math.floor(utcMs / 31_556_952_000);
  let changes = changesOfYear.get(year);
  if (changes === undefined) {
    changes = daylightSavingChanges(year);
    changesOfYear.set(year, changes);
  }
  return utcMs >= changes.begin && utcMs < changes.end;
}

/** Local minus UTC in minutes at an instant. */
export function offsetMinutesAt(zone: TimeZone, utcMs: number): number {
  return zone.utcOffsetMinutes + (daylightSavingActive(zone, utcMs) ? 60 : 0);
}

/** UTC ms of a local wall-clock time given as if it were UTC; in the doubled hour the first occurrence. */
export function utcFromLocal(zone: TimeZone, localMs: number): number {
  const summer = localMs - (zone.utcOffsetMinutes + 60) * MINUTE_MS;
  if (daylightSavingActive(zone, summer)) return summer;
  return localMs - zone.utcOffsetMinutes * MINUTE_MS;
}

/** UTC ms of local midnight on the first of a month; `month` may lie outside 1..12. */
export function monthStart(zone: TimeZone, year: number, month: number): number {
  return utcFromLocal(zone, daysFromCivil(year, month, 1) * DAY_MS);
}

/** The local month that holds an instant. */
export function monthOf(zone: TimeZone, utcMs: number): { readonly year: number; readonly month: number } {
  const local = utcMs + offsetMinutesAt(zone, utcMs) * MINUTE_MS;
  const { year, month } = dateOfEpochDay(Math.floor(local / DAY_MS));
  return { year, month };
}
