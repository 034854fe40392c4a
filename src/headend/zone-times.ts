import { zoneOffsetMs } from '../base/zone.ts';
import { type CosemDateTime, encodeDateTime, fromUtcMs, toUtcMs } from '../dlms/datetime.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Date-times of one time zone, as DLMS writes them. Asks the zone once for each day on which it does not change. */
export class ZoneTimes {
  readonly #zone: string;
  #dayMs = Number.NaN;
  /** Undefined for a day on which the zone changes. */
  #offsetMs: number | undefined;

  constructor(zone: string) {
    this.#zone = zone;
  }

  /** Minutes to add to the local time to get UTC (Blue Book 4.1.6.1). */
  deviationAt(utcMs: number): number {
    return -this.#offsetAt(utcMs) / MINUTE_MS;
  }

  /** Deviation of a local time that does not say its own. */
  deviationOf(local: CosemDateTime): number {
    const asUtc = toUtcMs(local) ?? 0;
    return this.deviationAt(asUtc - this.#offsetAt(asUtc));
  }

  /** Twelve bytes. `status` is the clock status, 0xff = not specified. */
  bytes(utcMs: number, status: number): Uint8Array {
    return encodeDateTime(fromUtcMs(utcMs, this.deviationAt(utcMs), status));
  }

  #offsetAt(utcMs: number): number {
    const dayMs = Math.floor(utcMs / DAY_MS) * DAY_MS;
    if (dayMs !== this.#dayMs) {
      const [first, last] = [zoneOffsetMs(dayMs, this.#zone), zoneOffsetMs(dayMs + DAY_MS, this.#zone)];
      this.#dayMs = dayMs;
      this.#offsetMs = first === last ? first : undefined;
    }
    return this.#offsetMs ?? zoneOffsetMs(utcMs, this.#zone);
  }
}
