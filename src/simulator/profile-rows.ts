import { ByteWriter } from '../base/bytes.ts';
import { CLOCK_STATUS, dateOfEpochDay } from '../dlms/datetime.ts';
import {
  DAY_MS,
  daylightSavingActive,
  HOUR_MS,
  MINUTE_MS,
  monthOf,
  monthStart,
  type TimeZone,
} from './calendar.ts';
import { EVENT_LOG_OBJECTS, type EventLogObject } from './event-codes.ts';
import { ENERGY, ENERGY_STREAMS } from './load-model.ts';
import type { MeteringPoint } from './metering-point.ts';

/** Bits of the AMR profile status, 0.0.96.10.1.255. */
export const AMR_STATUS = { daylightSaving: 0x08, clockAdjusted: 0x20, powerDown: 0x80 } as const;

/** A-XDR tags of what rows are made of. */
const TAG = { array: 1, structure: 2, u32: 6, octets: 9, u8: 17 } as const;

/** Rows of a profile, before their values are worked out. `stamps` are UTC ms of the meter's own clock, oldest first. */
export interface RowIndex {
  readonly count: number;
  readonly stamps: Float64Array;
  /** True time of each capture. */
  readonly times: Float64Array;
  /** Writes row `index` as an A-XDR structure. */
  write(index: number, writer: ByteWriter): void;
}

/** Writes date-times of one time zone; the date part of the day written last is kept. */
class StampWriter {
  readonly #zone: TimeZone;
  #day = Number.NaN;
  #date = new Uint8Array(5);

  constructor(zone: TimeZone) {
    this.#zone = zone;
  }

  /** 12 bytes: local date and time, deviation (minutes from local time to UTC), clock status. */
  put(writer: ByteWriter, utcMs: number): void {
    const summer = daylightSavingActive(this.#zone, utcMs);
    const offset = this.#zone.utcOffsetMinutes + (summer ? 60 : 0);
    const local = utcMs + offset * MINUTE_MS;
    const day = Math.floor(local / DAY_MS);
    if (day !== this.#day) {
      const { year, month, day: dayOfMonth, weekday } = dateOfEpochDay(day);
      this.#date = Uint8Array.of(year >> 8, year & 0xff, month, dayOfMonth, weekday);
      this.#day = day;
    }
    const second = Math.floor((local - day * DAY_MS) / 1000);
    writer
      .put(this.#date)
      .u8(Math.floor(second / 3600))
      .u8(Math.floor(second / 60) % 60)
      .u8(second % 60)
      .u8(Math.floor((local % 1000) / 10))
      .u16(-offset & 0xffff)
      .u8(summer ? CLOCK_STATUS.daylightSaving : 0);
  }
}

/** The 12 bytes of a date-time for an instant of the meter's own clock. */
export function stampBytes(zone: TimeZone, utcMs: number): Uint8Array {
  const writer = new ByteWriter(12);
  new StampWriter(zone).put(writer, utcMs);
  return writer.done();
}

/** Days of rows that the energy and demand profiles keep, and months of billing. */
export const PROFILE_DAYS = 40;
export const BILLING_MONTHS = 13;
export const EVENT_ENTRIES = 100;

/** Encodes rows `from`..`to` (0-based, `to` excluded) as an A-XDR array. */
export function encodeRows(rows: RowIndex, from: number, to: number): Uint8Array {
  const count = Math.max(0, to - from);
  const writer = new ByteWriter(16 + count * 48);
  writer.u8(TAG.array);
  if (count < 0x80) writer.u8(count);
  else if (count < 0x100) writer.u8(0x81).u8(count);
  else writer.u8(0x82).u16(count);
  for (let i = from; i < to; i++) rows.write(i, writer);
  return writer.done();
}

/** First and last+1 row whose stamp lies in [fromMs, toMs]; after a jump back there may be others between them. */
export function rowsInRange(rows: RowIndex, fromMs: number, toMs: number): { from: number; to: number } {
  let from = 0;
  while (from < rows.count && (rows.stamps[from] ?? 0) < fromMs) from++;
  let to = rows.count;
  while (to > from && (rows.stamps[to - 1] ?? 0) > toMs) to--;
  return { from, to };
}

/** Captures of a period over the last days, those left out that fell into an outage. */
function periodic(point: MeteringPoint, periodMs: number, nowMs: number) {
  const fromMs = nowMs - PROFILE_DAYS * DAY_MS;
  const { stamps, times, adjusted, count } = point.clock.captures(periodMs, fromMs, nowMs);
  const outages = point.outages(nowMs);
  const status = new Uint8Array(count);
  let kept = 0;
  let next = 0;
  let afterOutage = false;
  for (let i = 0; i < count; i++) {
    const time = times[i] ?? 0;
    for (let outage = outages[next]; outage !== undefined && outage.endMs <= time; outage = outages[next]) {
      afterOutage ||= outage.endMs > fromMs;
      next++;
    }
    const running = outages[next];
    if (running !== undefined && running.startMs <= time) continue;
    const stamp = stamps[i] ?? 0;
    stamps[kept] = stamp;
    times[kept] = time;
    status[kept] =
      (daylightSavingActive(point.plan.zone, stamp) ? AMR_STATUS.daylightSaving : 0) |
      (adjusted[i] === 1 ? AMR_STATUS.clockAdjusted : 0) |
      (afterOutage ? AMR_STATUS.powerDown : 0);
    afterOutage = false;
    kept++;
  }
  return { stamps: stamps.subarray(0, kept), times: times.subarray(0, kept), status, count: kept };
}

/** Registers in Wh and varh as the meter shows them. */
export interface Registers {
  /** Active import: total, then tariffs 1..4. */
  readonly activeImport: readonly [number, number, number, number, number];
  readonly activeExport: number;
  readonly reactiveImport: number;
  readonly reactiveExport: number;
}

export function registersAt(point: MeteringPoint, trueMs: number): Registers {
  const energy = new Float64Array(ENERGY_STREAMS);
  point.energyAt(trueMs, energy);
  const whole = (stream: number): number => Math.floor((energy[stream] ?? 0) / 1000);
  const tariff1 = whole(ENERGY.tariff1);
  const tariff2 = whole(ENERGY.tariff2);
  const tariff3 = whole(ENERGY.tariff3);
  return {
    activeImport: [tariff1 + tariff2 + tariff3, tariff1, tariff2, tariff3, 0],
    activeExport: whole(ENERGY.activeExport),
    reactiveImport: whole(ENERGY.reactiveImport),
    reactiveExport: whole(ENERGY.reactiveExport),
  };
}

/** Quarter-hourly registers: clock, AMR status, 1.8.0, 2.8.0, 3.8.0, 4.8.0. */
export function energyRows(point: MeteringPoint, nowMs: number): RowIndex {
  const { stamps, times, status, count } = periodic(point, 15 * MINUTE_MS, nowMs);
  const stamp = new StampWriter(point.plan.zone);
  return {
    count,
    stamps,
    times,
    write: (index, writer) => {
      const registers = registersAt(point, times[index] ?? 0);
      writer.u8(TAG.structure).u8(6).u8(TAG.octets).u8(12);
      stamp.put(writer, stamps[index] ?? 0);
      writer.u8(TAG.u8).u8(status[index] ?? 0);
      writer.u8(TAG.u32).u32(registers.activeImport[0]);
      writer.u8(TAG.u32).u32(registers.activeExport);
      writer.u8(TAG.u32).u32(registers.reactiveImport);
      writer.u8(TAG.u32).u32(registers.reactiveExport);
    },
  };
}

/** Demand is averaged over an hour, so that a difference in Wh is a mean power in W. */
export const DEMAND_PERIOD_MS = HOUR_MS;

/** Mean import and export in W over the hour that ends at a true time. */
export function hourlyDemand(point: MeteringPoint, endMs: number): { import: number; export: number } {
  const before = registersAt(point, endMs - DEMAND_PERIOD_MS);
  const after = registersAt(point, endMs);
  return {
    import: after.activeImport[0] - before.activeImport[0],
    export: after.activeExport - before.activeExport,
  };
}

/** Hourly demand: clock, AMR status, mean power import and export. */
export function demandRows(point: MeteringPoint, nowMs: number): RowIndex {
  const { stamps, times, status, count } = periodic(point, DEMAND_PERIOD_MS, nowMs);
  const stamp = new StampWriter(point.plan.zone);
  return {
    count,
    stamps,
    times,
    write: (index, writer) => {
      const demand = hourlyDemand(point, times[index] ?? 0);
      writer.u8(TAG.structure).u8(4).u8(TAG.octets).u8(12);
      stamp.put(writer, stamps[index] ?? 0);
      writer.u8(TAG.u8).u8(status[index] ?? 0);
      writer.u8(TAG.u32).u32(demand.import);
      writer.u8(TAG.u32).u32(demand.export);
    },
  };
}

/** Peaks of months that are over, by meter and beginning of the month: they cannot change any more. */
const monthPeaks = new WeakMap<MeteringPoint, Map<string, Peak>>();

interface Peak {
  readonly watts: number;
  readonly stampMs: number;
}

function peakOfMonth(point: MeteringPoint, fromMs: number, toMs: number): Peak {
  const known = monthPeaks.get(point) ?? new Map<string, Peak>();
  monthPeaks.set(point, known);
  const key = `${fromMs}-${toMs}`;
  const peak = known.get(key) ?? maximumDemand(point, fromMs, toMs);
  known.delete(key);
  known.set(key, peak);
  const oldest = known.size > BILLING_MONTHS ? known.keys().next().value : undefined;
  if (oldest !== undefined) known.delete(oldest);
  return peak;
}

/** The largest hourly demand of the meter's hours that end in (fromMs, toMs] of true time, and its stamp. */
export function maximumDemand(point: MeteringPoint, fromMs: number, toMs: number): Peak {
  const { stamps, times, count } = point.clock.captures(DEMAND_PERIOD_MS, fromMs, toMs);
  let watts = -1;
  let stampMs = point.clock.at(toMs);
  const energy = new Float64Array(ENERGY_STREAMS);
  let before = 0;
  let beforeMs = Number.NaN;
  const totalAt = (trueMs: number): number => {
    point.energyAt(trueMs, energy);
    const wh = (stream: number): number => Math.floor((energy[stream] ?? 0) / 1000);
    return wh(ENERGY.tariff1) + wh(ENERGY.tariff2) + wh(ENERGY.tariff3);
  };
  for (let i = 0; i < count; i++) {
    const time = times[i] ?? 0;
    if (beforeMs !== time - DEMAND_PERIOD_MS) before = totalAt(time - DEMAND_PERIOD_MS);
    const after = totalAt(time);
    if (after - before > watts) {
      watts = after - before;
      stampMs = stamps[i] ?? 0;
    }
    before = after;
    beforeMs = time;
  }
  return { watts: Math.max(0, watts), stampMs };
}

/** Month ends: clock, 1.8.0..1.8.4, 2.8.0, greatest demand of the month and its time. */
export function billingRows(point: MeteringPoint, nowMs: number): RowIndex {
  const { zone } = point.plan;
  const shown = point.clock.at(nowMs);
  const { year, month } = monthOf(zone, shown);
  const marks: number[] = [];
  for (let back = BILLING_MONTHS; back >= 0; back--) marks.push(monthStart(zone, year, month - back));
  const all = marks.map((mark) => point.clock.trueOf(mark));
  const stamps = Float64Array.from(marks.slice(1));
  const times = Float64Array.from(all.slice(1));
  const stamp = new StampWriter(zone);
  return {
    count: BILLING_MONTHS,
    stamps,
    times,
    write: (index, writer) => {
      const time = times[index] ?? 0;
      const registers = registersAt(point, time);
      const peak = peakOfMonth(point, all[index] ?? 0, time);
      writer.u8(TAG.structure).u8(9).u8(TAG.octets).u8(12);
      stamp.put(writer, stamps[index] ?? 0);
      for (const register of registers.activeImport) writer.u8(TAG.u32).u32(register);
      writer.u8(TAG.u32).u32(registers.activeExport);
      writer.u8(TAG.u32).u32(peak.watts);
      writer.u8(TAG.octets).u8(12);
      stamp.put(writer, peak.stampMs);
    },
  };
}

/** An event log: clock and event code, or clock and duration of a power failure. */
export function eventRows(point: MeteringPoint, object: EventLogObject, nowMs: number): RowIndex {
  const events = point.events(object.log, nowMs, EVENT_ENTRIES);
  const stamp = new StampWriter(point.plan.zone);
  const stamps = Float64Array.from(events, (event) => event.stampMs ?? point.clock.at(event.atMs));
  return {
    count: events.length,
    stamps,
    times: Float64Array.from(events, (event) => event.atMs),
    write: (index, writer) => {
      const value = events[index]?.value ?? 0;
      writer.u8(TAG.structure).u8(2).u8(TAG.octets).u8(12);
      stamp.put(writer, stamps[index] ?? 0);
      if (object.capturedClass === 3) writer.u8(TAG.u32).u32(value);
      else writer.u8(TAG.u8).u8(value);
    },
  };
}

/** The profile generics of a meter by OBIS code. */
export const PROFILES: Readonly<Record<string, (point: MeteringPoint, nowMs: number) => RowIndex>> = {
  '1.0.99.1.0.255': energyRows,
  '1.0.99.2.0.255': demandRows,
  '0.0.98.1.0.255': billingRows,
  ...Object.fromEntries(
    EVENT_LOG_OBJECTS.map((object) => [
      object.obis,
      (point: MeteringPoint, nowMs: number) => eventRows(point, object, nowMs),
    ]),
  ),
};
