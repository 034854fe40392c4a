import { DAY_MS } from './calendar.ts';
import { noise } from './noise.ts';

/** A stretch of true time in which the meter's clock runs undisturbed. */
interface Segment {
  readonly fromMs: number;
  /** What the clock showed (UTC ms) at `fromMs`. */
  readonly shownMs: number;
}

/** A capture of a profile: the stamp that the meter gives it, and when it truly happened. */
export interface Captures {
  readonly stamps: Float64Array;
  readonly times: Float64Array;
  /** 1 = first capture after the clock was set. */
  readonly adjusted: Uint8Array;
  readonly count: number;
}

/** A meter's clock: runs too fast or too slow by some ppm and is set right now and then. UTC ms on both sides. */
export class MeterClock {
  readonly driftPpm: number;
  readonly #rate: number;
  /** Ascending; the first reaches back to the beginning. */
  readonly #segments: Segment[];

  /** `syncs`: when it was set right in the past, ascending true times; `residualMs`: the error that each setting left. */
  constructor(driftPpm: number, syncs: readonly number[], residualMs: number) {
    this.driftPpm = driftPpm;
    this.#rate = 1 + driftPpm / 1e6;
    this.#segments = syncs.map((fromMs) => ({ fromMs, shownMs: fromMs + residualMs }));
    if (this.#segments.length === 0) this.#segments.push({ fromMs: 0, shownMs: residualMs });
  }

  /** What the clock shows at a true time. */
  at(trueMs: number): number {
    return this.#shown(this.#segmentAt(trueMs), trueMs);
  }

  /** The first moment at which the clock showed `shownMs` or had been set past it. */
  trueOf(shownMs: number): number {
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i];
      if (segment === undefined || (segment.shownMs > shownMs && i > 0)) continue;
      return Math.min(
        this.#reached(segment, shownMs),
        this.#segments[i + 1]?.fromMs ?? Number.POSITIVE_INFINITY,
      );
    }
    return shownMs;
  }

  /** Sets the clock at a true time; returns what it showed before. */
  set(trueMs: number, shownMs: number): number {
    const before = this.at(trueMs);
    this.#segments.push({ fromMs: trueMs, shownMs });
    return before;
  }

  /** Settings within (fromMs, toMs]: true time, what the clock showed before and after. */
  settings(
    fromMs: number,
    toMs: number,
  ): { readonly atMs: number; readonly before: number; readonly after: number }[] {
    const found = [];
    for (let i = 1; i < this.#segments.length; i++) {
      const segment = this.#segments[i];
      const previous = this.#segments[i - 1];
      if (segment === undefined || previous === undefined) continue;
      if (segment.fromMs <= fromMs || segment.fromMs > toMs) continue;
      found.push({
        atMs: segment.fromMs,
        before: this.#shown(previous, segment.fromMs),
        after: segment.shownMs,
      });
    }
    return found;
  }

  /**
   * Captures at full periods of the meter's own time that fall into (fromMs, toMs] of true time, oldest first. A
   * setting by less than a period neither loses nor doubles a capture: one that was skipped is made at the setting.
   */
  captures(periodMs: number, fromMs: number, toMs: number): Captures {
    const room = Math.ceil(Math.max(0, toMs - fromMs) / periodMs) + 2 * this.#segments.length + 2;
    const stamps = new Float64Array(room);
    const times = new Float64Array(room);
    const adjusted = new Uint8Array(room);
    let count = 0;
    this.#segments.forEach((segment, index) => {
      const endMs = Math.min(toMs, this.#segments[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY);
      if (endMs <= fromMs) return;
      const previous = this.#segments[index - 1];
      const shownBefore = previous === undefined ? undefined : this.#shown(previous, segment.fromMs);
      let begin = index === 0 ? this.#shown(segment, fromMs) : segment.shownMs;
      if (shownBefore !== undefined && Math.abs(segment.shownMs - shownBefore) < periodMs)
        begin = shownBefore;
      if (segment.fromMs < fromMs) begin = Math.max(begin, this.#shown(segment, fromMs));
      let stamp = (Math.floor(begin / periodMs) + 1) * periodMs;
      let first = index > 0 && segment.fromMs > fromMs ? 1 : 0;
      for (; count < room; stamp += periodMs) {
        const time = Math.max(segment.fromMs, this.#reached(segment, stamp));
        if (time > endMs) break;
        if (time <= fromMs) continue;
        stamps[count] = stamp;
        times[count] = time;
        adjusted[count] = first;
        first = 0;
        count++;
      }
    });
    return { stamps, times, adjusted, count };
  }

  #segmentAt(trueMs: number): Segment {
    for (let i = this.#segments.length - 1; i > 0; i--) {
      const segment = this.#segments[i];
      if (segment !== undefined && segment.fromMs <= trueMs) return segment;
    }
    return this.#segments[0] ?? { fromMs: 0, shownMs: 0 };
  }

  #shown(segment: Segment, trueMs: number): number {
    return Math.round(segment.shownMs + (trueMs - segment.fromMs) * this.#rate);
  }

  #reached(segment: Segment, shownMs: number): number {
    return Math.round(segment.fromMs + (shownMs - segment.shownMs) / this.#rate);
  }
}

/** The clock of a meter that has been set right about once a month until `startMs`. */
export function seededClock(seed: number, meterIndex: number, driftPpm: number, startMs: number): MeterClock {
  const every = 30 * DAY_MS;
  const last = startMs - Math.floor(DAY_MS * (2 + 26 * noise(seed, meterIndex, 500)));
  const syncs: number[] = [];
  for (let back = 14; back >= 0; back--) syncs.push(last - back * every);
  return new MeterClock(driftPpm, syncs, Math.floor(noise(seed, meterIndex, 501) * 1500));
}
