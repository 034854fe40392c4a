import { DAY_MS, MINUTE_MS, weekdayOf } from './calendar.ts';
import { noise } from './noise.ts';

/**
 * The energy that flows through a metering point, as a pure function of seed, meter and time: any register at any
 * instant costs one day of arithmetic, whatever came before. Each stream's sum up to a midnight has a closed form
 * (level, yearly cosine, weekday table, and noise that telescopes: what a day got more, the next starts with less);
 * within a day the energy is spread over 96 quarter hours by weights.
 */

export const SLOT_MS = 15 * MINUTE_MS;
const SLOTS = 96;

/** What is counted, in this order: three tariffs of active import, active export, reactive import and export. */
export const ENERGY = {
  tariff1: 0,
  tariff2: 1,
  tariff3: 2,
  activeExport: 3,
  reactiveImport: 4,
  reactiveExport: 5,
} as const;
export const ENERGY_STREAMS = 6;

export type LoadKind = 'household' | 'shop' | 'solar';

/** What flows through a metering point while nothing keeps it from flowing. */
export interface Load {
  /** Milli-Wh (milli-varh) of all streams until an instant; never falling. */
  energyAt(utcMs: number, out: Float64Array): void;
  /** Mean power in W (var) of all streams. */
  powerAt(utcMs: number, out: Float64Array): void;
  /** Share of the load that hangs on a phase (0..2). */
  phaseShare(phase: number): number;
}

export interface LoadProfile {
  readonly seed: number;
  readonly meterIndex: number;
  readonly kind: LoadKind;
  readonly phases: 1 | 3;
  /** Day number (since 1970-01-01, local normal time) on which the registers stood at zero. */
  readonly installDay: number;
  /** Local normal time minus UTC: people get up by local time. */
  readonly utcOffsetMinutes: number;
}

/** Relative load by hour of the day. */
const SHAPES: Readonly<
  Record<LoadKind, { readonly workday: readonly number[]; readonly weekend: readonly number[] }>
> = {
  household: {
    workday: [
      3, 2.6, 2.4, 2.4, 2.5, 3.2, 5.2, 6.8, 5.6, 4.2, 3.8, 4, 4.6, 4.2, 3.8, 4, 4.8, 6.6, 8.8, 9.6, 9, 7.6,
      5.6, 4,
    ],
    weekend: [
      3.6, 3, 2.6, 2.4, 2.4, 2.6, 3.2, 4.4, 6, 7, 7, 7.2, 7.8, 6.8, 6, 5.8, 6, 7, 8.4, 9, 8.6, 7.6, 6, 4.6,
    ],
  },
  shop: {
    workday: [
      2, 2, 2, 2, 2, 2.4, 3.4, 6, 10, 12, 12.6, 13, 12.4, 12.6, 12.8, 12.6, 12.2, 11.6, 9, 5, 3, 2.4, 2.2, 2,
    ],
    weekend: [
      2, 2, 2, 2, 2, 2, 2.2, 2.6, 4.6, 6.4, 6.8, 6.6, 5.4, 4, 3, 2.6, 2.4, 2.4, 2.6, 2.4, 2.2, 2, 2, 2,
    ],
  },
  solar: {
    workday: [
      3.4, 3, 2.8, 2.8, 2.8, 3.4, 5.4, 5.6, 3.6, 2, 1.4, 1.2, 1.2, 1.2, 1.4, 2, 3.4, 6, 8.8, 9.6, 9, 7.6, 5.6,
      4.2,
    ],
    weekend: [
      3.8, 3.2, 2.8, 2.6, 2.6, 2.8, 3.4, 4, 3.4, 2.4, 1.8, 1.6, 1.8, 1.6, 1.6, 2.2, 3.8, 6.4, 8.4, 9, 8.6,
      7.6, 6, 4.6,
    ],
  },
};

/** Tariff that an hour of local normal time belongs to: 1 by day, 2 by night, 3 in the evening peak. */
function tariffOfHour(hour: number): number {
  if (hour >= 22 || hour < 7) return ENERGY.tariff2;
  return hour < 17 ? ENERGY.tariff1 : ENERGY.tariff3;
}

/** What one stream does day by day. All amplitudes are fractions of `dailyMilliWh`; their sum stays below one. */
interface Stream {
  readonly dailyMilliWh: number;
  /** Share of the yearly cosine, positive = most in winter. */
  readonly winter: number;
  /** Monday first; sums to zero over a week. */
  readonly weekdays: readonly number[];
  /** Day-to-day noise of this meter, and of the weather that all meters share. */
  readonly ownNoise: number;
  readonly weather: number;
}

const NO_WEEK = [0, 0, 0, 0, 0, 0, 0];
const WEEK: Readonly<Record<LoadKind, readonly number[]>> = {
  household: [-0.04, -0.04, -0.03, -0.03, -0.01, 0.08, 0.07],
  shop: [0.08, 0.08, 0.08, 0.08, 0.1, -0.1, -0.32],
  solar: [-0.04, -0.04, -0.03, -0.03, -0.01, 0.08, 0.07],
};
const DAILY_KWH: Readonly<Record<LoadKind, readonly [number, number]>> = {
  household: [5, 14],
  shop: [22, 60],
  solar: [5, 10],
};

const YEAR_DAYS = 365.2425;
const OMEGA = (2 * Math.PI) / YEAR_DAYS;
/** The coldest days are around the 20th of January; the sun stands lowest on the 21st of December. */
const COLDEST_DAY = 19;
const DARKEST_DAY = -10;

/** Σ cos(ω·(first + k)) for k = 0 … count−1. */
function cosineSum(first: number, count: number): number {
  return (Math.sin((count * OMEGA) / 2) / Math.sin(OMEGA / 2)) * Math.cos(OMEGA * (first + (count - 1) / 2));
}

const WEATHER_METER = 0x7fff_ffff;
/** Days kept, over all meters: neighbouring rows and registers of a request fall into the same few days. */
const CACHED_DAYS = 256;
const dayCache = new Map<string, Float64Array>();
/** The day asked for last: rows of a profile walk through days one by one. */
let recent: { readonly model: LoadModel; readonly day: number; readonly sums: Float64Array } | undefined;

export class LoadModel implements Load {
  readonly profile: LoadProfile;
  readonly #streams: readonly Stream[];
  readonly #phaseShares: readonly number[];

  constructor(profile: LoadProfile) {
    this.profile = profile;
    this.#streams = makeStreams(profile);
    const { seed, meterIndex } = profile;
    const first = profile.phases === 1 ? 1 : 0.25 + 0.2 * noise(seed, meterIndex, 71);
    const second = profile.phases === 1 ? 0 : (1 - first) * (0.35 + 0.3 * noise(seed, meterIndex, 72));
    this.#phaseShares = [first, second, 1 - first - second];
  }

  /** Share of the load that hangs on a phase (0..2); the shares of all phases add up to one. */
  phaseShare(phase: number): number {
    return this.#phaseShares[phase] ?? 0;
  }

  /** Milli-Wh (milli-varh) counted from the day of installation to `utcMs`, all six streams; whole numbers, never falling. */
  energyAt(utcMs: number, out: Float64Array): void {
    const local = utcMs + this.profile.utcOffsetMinutes * MINUTE_MS;
    const day = Math.floor(local / DAY_MS);
    if (day < this.profile.installDay) {
      out.fill(0);
      return;
    }
    const sums = this.#day(day);
    const position = (local - day * DAY_MS) / SLOT_MS;
    const slot = Math.floor(position);
    const fraction = position - slot;
    for (let stream = 0; stream < ENERGY_STREAMS; stream++) {
      const at = stream * (SLOTS + 1) + slot;
      const before = sums[at] ?? 0;
      out[stream] = before + Math.floor(((sums[at + 1] ?? 0) - before) * fraction);
    }
  }

  /** Mean power in W (var) of all streams in the quarter hour that holds `utcMs`, with a flicker of a few percent. */
  powerAt(utcMs: number, out: Float64Array): void {
    const local = utcMs + this.profile.utcOffsetMinutes * MINUTE_MS;
    const day = Math.floor(local / DAY_MS);
    if (day < this.profile.installDay) {
      out.fill(0);
      return;
    }
    const sums = this.#day(day);
    const slot = Math.floor((local - day * DAY_MS) / SLOT_MS);
    const step = Math.floor(utcMs / 5000);
    const { seed, meterIndex } = this.profile;
    for (let stream = 0; stream < ENERGY_STREAMS; stream++) {
      const at = stream * (SLOTS + 1) + slot;
      const milliWh = (sums[at + 1] ?? 0) - (sums[at] ?? 0);
      out[stream] = (milliWh / 250) * (0.96 + 0.08 * noise(seed, meterIndex, step, 90 + stream));
    }
  }

  /** Milli-Wh of a stream from installation to the midnight that begins day number `installDay + days`. */
  #untilMidnight(index: number, stream: Stream, days: number): number {
    if (days === 0) return 0;
    const { seed, meterIndex, installDay } = this.profile;
    const yearly = index === ENERGY.activeExport ? DARKEST_DAY : COLDEST_DAY;
    const weekday = weekdayOf(installDay) - 1;
    let weekSum = 0;
    for (let i = 0; i < days % 7; i++) weekSum += stream.weekdays[(weekday + i) % 7] ?? 0;
    const own = noise(seed, meterIndex, installDay + days, index) - 0.5;
    const weather = noise(seed, WEATHER_METER, installDay + days) - 0.5;
    return Math.round(
      stream.dailyMilliWh *
        (days +
          stream.winter * cosineSum(installDay - yearly, days) +
          weekSum +
          stream.ownNoise * own +
          stream.weather * weather),
    );
  }

  /** Sums at the 97 quarter-hour marks of a day, stream by stream. */
  #day(day: number): Float64Array {
    if (recent !== undefined && recent.model === this && recent.day === day) return recent.sums;
    const { seed, meterIndex, kind, installDay } = this.profile;
    const key = `${seed}/${meterIndex}/${day}/${installDay}/${kind}`;
    const sums = dayCache.get(key) ?? this.#makeDay(day, key);
    recent = { model: this, day, sums };
    return sums;
  }

  #makeDay(day: number, key: string): Float64Array {
    const { installDay } = this.profile;
    const sums = new Float64Array(ENERGY_STREAMS * (SLOTS + 1));
    const weights = new Float64Array(SLOTS);
    this.#streams.forEach((stream, index) => {
      const start = this.#untilMidnight(index, stream, day - installDay);
      const end = this.#untilMidnight(index, stream, day - installDay + 1);
      const total = this.#weigh(index, day, weights);
      const base = index * (SLOTS + 1);
      let sum = 0;
      for (let slot = 0; slot < SLOTS; slot++) {
        sums[base + slot] = start + Math.floor(((end - start) * sum) / total);
        sum += weights[slot] ?? 0;
      }
      sums[base + SLOTS] = end;
    });
    if (dayCache.size >= CACHED_DAYS) {
      const oldest = dayCache.keys().next().value;
      if (oldest !== undefined) dayCache.delete(oldest);
    }
    dayCache.set(key, sums);
    return sums;
  }

  /** Fills the weights of a day's quarter hours and returns their sum. */
  #weigh(index: number, day: number, weights: Float64Array): number {
    const { seed, meterIndex, kind } = this.profile;
    const shape = weekdayOf(day) > 5 ? SHAPES[kind].weekend : SHAPES[kind].workday;
    let total = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      const hour = slot >> 2;
      const random = noise(seed, meterIndex, day * SLOTS + slot, 20 + index);
      let weight: number;
      if (index === ENERGY.activeExport) {
        weight = sunAt(day, slot) * (0.35 + random);
      } else if (index >= ENERGY.reactiveImport) {
        weight = 4 + (shape[hour] ?? 0) * (0.6 + 0.8 * random);
      } else if (tariffOfHour(hour) === index) {
        // Now and then an oven or a kettle multiplies the load of a quarter hour.
        weight = (shape[hour] ?? 0) * (random > 0.93 ? 2.6 : 0.55 + 0.9 * random);
      } else {
        weight = 0;
      }
      weights[slot] = weight;
      total += weight;
    }
    return total;
  }
}

/** Height of the sun over the horizon, 0..1, in a quarter hour; days are long in June. */
function sunAt(day: number, slot: number): number {
  const lightHours = 12 - 4 * Math.cos(OMEGA * (day - DARKEST_DAY));
  const progress = (slot / 4 + 0.125 - (12.3 - lightHours / 2)) / lightHours;
  return progress <= 0 || progress >= 1 ? 0 : Math.sin(Math.PI * progress) ** 1.4;
}

function makeStreams(profile: LoadProfile): Stream[] {
  const { seed, meterIndex, kind } = profile;
  const [low, high] = DAILY_KWH[kind];
  const daily = (low + (high - low) * noise(seed, meterIndex, 60)) * 1e6;
  const { workday } = SHAPES[kind];
  const all = workday.reduce((sum, value) => sum + value, 0);
  const share = (tariff: number): number =>
    workday.reduce((sum, value, hour) => (tariffOfHour(hour) === tariff ? sum + value : sum), 0) / all;
  const active = (tariff: number, winter: number): Stream => ({
    dailyMilliWh: daily * share(tariff),
    winter,
    weekdays: WEEK[kind],
    ownNoise: 0.16,
    weather: 0.08,
  });
  const exported = kind === 'solar' ? (8 + 12 * noise(seed, meterIndex, 61)) * 1e6 : 0;
  return [
    active(ENERGY.tariff1, 0.18),
    active(ENERGY.tariff2, 0.24),
    active(ENERGY.tariff3, 0.26),
    { dailyMilliWh: exported, winter: -0.6, weekdays: NO_WEEK, ownNoise: 0.06, weather: 0.22 },
    {
      dailyMilliWh: daily * (0.15 + 0.2 * noise(seed, meterIndex, 62)),
      winter: -0.08,
      weekdays: WEEK[kind],
      ownNoise: 0.1,
      weather: 0.04,
    },
    {
      dailyMilliWh: daily * 0.04 + exported * 0.05,
      winter: -0.1,
      weekdays: NO_WEEK,
      ownNoise: 0.1,
      weather: 0.04,
    },
  ];
}
