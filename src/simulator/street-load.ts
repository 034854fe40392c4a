import { DAY_MS } from './calendar.ts';
import { ENERGY, ENERGY_STREAMS, type Load, SLOT_MS } from './load-model.ts';

/** What hangs below a balance meter, and what is lost on the way to it. */
export interface Street {
  /** The metering points below. */
  readonly points: () => readonly StreetPoint[];
  /** Of what they import: cables, and what nobody counts. */
  readonly lossShare: number;
  /** True time, UTC ms: only days that are over stay as they are. */
  readonly now: () => number;
}

/** A metering point, as far as a balance meter sees it. */
export interface StreetPoint {
  energyAt(trueMs: number, out: Float64Array): void;
  readonly model: Pick<Load, 'powerAt'>;
}

const SLOTS = DAY_MS / SLOT_MS;
/** Before it the registers stood at zero: profiles reach back for 40 days. */
const INSTALLED_DAYS = 45;
const IMPORTS: readonly number[] = [ENERGY.tariff1, ENERGY.tariff2, ENERGY.tariff3];

/**
 * What goes through the balance meter of a transformer: the sum of all metering points below it, and a share of their import that is
 * lost. Summed up at quarter hours, which is as finely as their load is spread; days that are over are summed up once.
 */
export class StreetLoad implements Load {
  readonly #street: Street;
  readonly #firstDay: number;
  /** Sums of the points at the 97 quarter-hour marks of a UTC day, mark by mark. */
  readonly #days = new Map<number, Float64Array>();
  #installed: Float64Array | undefined;

  /** @param startMs beginning of the simulation */
  constructor(street: Street, startMs: number) {
    this.#street = street;
    this.#firstDay = Math.floor(startMs / DAY_MS) - INSTALLED_DAYS;
  }

  /** A third of it each. */
  phaseShare(phase: number): number {
    return phase < 3 ? 1 / 3 : 0;
  }

  energyAt(trueMs: number, out: Float64Array): void {
    const day = Math.floor(trueMs / DAY_MS);
    if (day < this.#firstDay) {
      out.fill(0);
      return;
    }
    this.#installed ??= this.#sumAt(this.#firstDay * DAY_MS);
    const installed = this.#installed;
    const isOver = (day + 1) * DAY_MS <= this.#street.now();
    const sums = isOver ? this.#interpolated(day, trueMs) : this.#sumAt(trueMs);
    for (let stream = 0; stream < ENERGY_STREAMS; stream++) {
      const counted = (sums[stream] ?? 0) - (installed[stream] ?? 0);
      out[stream] = Math.floor(counted * (IMPORTS.includes(stream) ? 1 + this.#street.lossShare : 1));
    }
  }

  powerAt(trueMs: number, out: Float64Array): void {
    const one = new Float64Array(ENERGY_STREAMS);
    out.fill(0);
    for (const { model } of this.#street.points()) {
      model.powerAt(trueMs, one);
      for (let stream = 0; stream < ENERGY_STREAMS; stream++)
        out[stream] = (out[stream] ?? 0) + (one[stream] ?? 0);
    }
    for (const stream of IMPORTS) out[stream] = (out[stream] ?? 0) * (1 + this.#street.lossShare);
  }

  #interpolated(day: number, trueMs: number): Float64Array {
    const marks = this.#days.get(day) ?? this.#sumDay(day);
    const position = (trueMs - day * DAY_MS) / SLOT_MS;
    const slot = Math.floor(position);
    const at = slot * ENERGY_STREAMS;
    return Float64Array.from({ length: ENERGY_STREAMS }, (_, stream) => {
      const before = marks[at + stream] ?? 0;
      return before + ((marks[at + ENERGY_STREAMS + stream] ?? 0) - before) * (position - slot);
    });
  }

  #sumDay(day: number): Float64Array {
    const marks = new Float64Array((SLOTS + 1) * ENERGY_STREAMS);
    const one = new Float64Array(ENERGY_STREAMS);
    // Point by point: each remembers the day that it was asked for last.
    for (const point of this.#street.points()) {
      for (let slot = 0; slot <= SLOTS; slot++) {
        point.energyAt(day * DAY_MS + slot * SLOT_MS, one);
        const at = slot * ENERGY_STREAMS;
        for (let stream = 0; stream < ENERGY_STREAMS; stream++) {
          marks[at + stream] = (marks[at + stream] ?? 0) + (one[stream] ?? 0);
        }
      }
    }
    this.#days.set(day, marks);
    const [oldest] = this.#days.keys();
    if (this.#days.size > INSTALLED_DAYS && oldest !== undefined) this.#days.delete(oldest);
    return marks;
  }

  #sumAt(trueMs: number): Float64Array {
    const sum = new Float64Array(ENERGY_STREAMS);
    const one = new Float64Array(ENERGY_STREAMS);
    for (const point of this.#street.points()) {
      point.energyAt(trueMs, one);
      for (let stream = 0; stream < ENERGY_STREAMS; stream++)
        sum[stream] = (sum[stream] ?? 0) + (one[stream] ?? 0);
    }
    return sum;
  }
}
