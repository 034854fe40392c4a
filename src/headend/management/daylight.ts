import { zoneOffsetMs } from '../../base/zone.ts';

const MINUTE_MS = 60_000;

/** Daylight saving time of a zone in a year; UTC ms. */
export interface DaylightSaving {
  /** Minutes that the zone is ahead of UTC without it. */
  readonly normalMinutes: number;
  /** Minutes that clocks are put forward; 0 where they are not. */
  readonly savedMinutes: number;
  /** When it begins and ends in this year; undefined where it does not. */
  readonly begin: number | undefined;
  readonly end: number | undefined;
}

/** Looks at the first of each month, and between those that differ. */
export function daylightSaving(year: number, zone: string): DaylightSaving {
  const firsts = Array.from({ length: 13 }, (_, month) => Date.UTC(year, month, 1));
  const offsets = firsts.map((at) => zoneOffsetMs(at, zone));
  const normal = Math.min(...offsets);
  let begin: number | undefined;
  let end: number | undefined;
  for (const [i, to] of firsts.entries()) {
    const [before, after] = [offsets[i - 1], offsets[i]];
    if (before === undefined || after === undefined || before === after) continue;
    const at = changeBetween(firsts[i - 1] ?? to, to, zone);
    if (after > before) begin = at;
    else end = at;
  }
  return {
    normalMinutes: normal / MINUTE_MS,
    savedMinutes: (Math.max(...offsets) - normal) / MINUTE_MS,
    begin,
    end,
  };
}

/** The first minute with the offset that the zone has at `toMs`. */
function changeBetween(fromMs: number, toMs: number, zone: string): number {
  const after = zoneOffsetMs(toMs, zone);
  let low = fromMs;
  let high = toMs;
  while (high - low > MINUTE_MS) {
    const middle = Math.floor((low + high) / 2 / MINUTE_MS) * MINUTE_MS;
    if (zoneOffsetMs(middle, zone) === after) high = middle;
    else low = middle;
  }
  return high;
}
