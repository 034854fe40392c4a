import { ENERGY_STREAMS, type Load } from './load-model.ts';

/** A stretch of time in which some of the load gets nothing. */
export interface LossInterval {
  readonly startMs: number;
  /** Infinity while it lasts. */
  readonly endMs: number;
  /** Share of the load that is off, 0..1. */
  readonly share: number;
}

/** A load less what outages and open relays kept from flowing; sums never fall. */
export class LossLedger {
  readonly #model: Load;
  #intervals: readonly LossInterval[] = [];
  /** Losses of all intervals before the one with the same index, stream by stream; filled as far as was needed. */
  #before = new Float64Array(0);
  #summed = 0;

  constructor(model: Load) {
    this.#model = model;
  }

  /** Takes new intervals in any order; where they overlap the largest share counts. */
  replace(intervals: readonly LossInterval[]): void {
    this.#intervals = disjoint(intervals);
    this.#before = new Float64Array((this.#intervals.length + 1) * ENERGY_STREAMS);
    this.#summed = 0;
  }

  shareLostAt(trueMs: number): number {
    const interval = this.#intervals[this.#lastBegunBefore(trueMs + 1)];
    return interval !== undefined && trueMs < interval.endMs ? interval.share : 0;
  }

  /** Milli-Wh by stream that flowed from installation until `trueMs`; whole numbers. */
  energyAt(trueMs: number, out: Float64Array): void {
    const last = this.#lastBegunBefore(trueMs);
    this.#model.energyAt(trueMs, out);
    const interval = this.#intervals[last];
    if (interval === undefined) return;
    const over = interval.endMs <= trueMs;
    this.#sumUntil(over ? last + 1 : last);
    const at = (over ? last + 1 : last) * ENERGY_STREAMS;
    const start = over ? undefined : new Float64Array(ENERGY_STREAMS);
    if (start !== undefined) this.#model.energyAt(interval.startMs, start);
    for (let stream = 0; stream < ENERGY_STREAMS; stream++) {
      const counted = out[stream] ?? 0;
      const running = start === undefined ? 0 : lost(counted - (start[stream] ?? 0), interval.share);
      out[stream] = counted - (this.#before[at + stream] ?? 0) - running;
    }
  }

  #sumUntil(index: number): void {
    const start = new Float64Array(ENERGY_STREAMS);
    const end = new Float64Array(ENERGY_STREAMS);
    for (; this.#summed < index; this.#summed++) {
      const interval = this.#intervals[this.#summed];
      if (interval === undefined) return;
      this.#model.energyAt(interval.startMs, start);
      this.#model.energyAt(interval.endMs, end);
      const at = this.#summed * ENERGY_STREAMS;
      for (let stream = 0; stream < ENERGY_STREAMS; stream++) {
        const more = lost((end[stream] ?? 0) - (start[stream] ?? 0), interval.share);
        this.#before[at + ENERGY_STREAMS + stream] = (this.#before[at + stream] ?? 0) + more;
      }
    }
  }

  /** Index of the last interval that begins before `trueMs`, -1 if none. */
  #lastBegunBefore(trueMs: number): number {
    let low = 0;
    let high = this.#intervals.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#intervals[middle]?.startMs ?? 0) < trueMs) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** What is missing of `energy`; what is left of it rises with it, so that a register never falls. */
function lost(energy: number, share: number): number {
  return energy - Math.floor(energy * (1 - share));
}

function disjoint(intervals: readonly LossInterval[]): LossInterval[] {
  const marks = [...new Set(intervals.flatMap(({ startMs, endMs }) => [startMs, endMs]))].sort(
    (a, b) => a - b,
  );
  const found: LossInterval[] = [];
  for (let i = 0; i + 1 < marks.length; i++) {
    const startMs = marks[i] ?? 0;
    const endMs = marks[i + 1] ?? 0;
    let share = 0;
    for (const interval of intervals) {
      if (interval.startMs <= startMs && endMs <= interval.endMs) share = Math.max(share, interval.share);
    }
    const last = found.at(-1);
    if (share === 0) continue;
    if (last !== undefined && last.endMs === startMs && last.share === share) {
      found[found.length - 1] = { ...last, endMs };
    } else {
      found.push({ startMs, endMs, share });
    }
  }
  return found;
}
