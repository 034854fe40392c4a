import { DAY_MS, daylightSavingActive, HOUR_MS, MINUTE_MS, monthOf, monthStart } from './calendar.ts';
import { EVENT_LOG_OBJECTS, type EventLogObject } from './event-codes.ts';
import { ENERGY, ENERGY_STREAMS } from './load-model.ts';
import type { MeteringPoint } from './metering-point.ts';
import { octetCell, perRow, type RowIndex, StampWriter, u8Cell, u32Cell } from './row-encoding.ts';

/** Bits of the AMR profile status, 0.0.96.10.1.255. */
export const AMR_STATUS = { daylightSaving: 0x08, clockAdjusted: 0x20, powerDown: 0x80 } as const;

/** Days of rows that the energy and demand profiles keep, and months of billing. */
export const PROFILE_DAYS = 40;
export const BILLING_MONTHS = 13;
export const EVENT_ENTRIES = 100;

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
  const registers = perRow((index) => registersAt(point, times[index] ?? 0));
  return {
    count,
    stamps,
    times,
    cells: [
      octetCell(stamp, (index) => stamps[index] ?? 0),
      u8Cell((index) => status[index] ?? 0),
      u32Cell((index) => registers(index).activeImport[0]),
      u32Cell((index) => registers(index).activeExport),
      u32Cell((index) => registers(index).reactiveImport),
      u32Cell((index) => registers(index).reactiveExport),
    ],
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
  const demand = perRow((index) => hourlyDemand(point, times[index] ?? 0));
  return {
    count,
    stamps,
    times,
    cells: [
      octetCell(stamp, (index) => stamps[index] ?? 0),
      u8Cell((index) => status[index] ?? 0),
      u32Cell((index) => demand(index).import),
      u32Cell((index) => demand(index).export),
    ],
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
  const registers = perRow((index) => registersAt(point, times[index] ?? 0));
  const peak = perRow((index) => peakOfMonth(point, all[index] ?? 0, times[index] ?? 0));
  return {
    count: BILLING_MONTHS,
    stamps,
    times,
    cells: [
      octetCell(stamp, (index) => stamps[index] ?? 0),
      ...[0, 1, 2, 3, 4].map((tariff) => u32Cell((index) => registers(index).activeImport[tariff] ?? 0)),
      u32Cell((index) => registers(index).activeExport),
      u32Cell((index) => peak(index).watts),
      octetCell(stamp, (index) => peak(index).stampMs),
    ],
  };
}

/** An event log: clock and event code, or clock and duration of a power failure. */
export function eventRows(point: MeteringPoint, object: EventLogObject, nowMs: number): RowIndex {
  const events = point.events(object.log, nowMs, EVENT_ENTRIES);
  const stamp = new StampWriter(point.plan.zone);
  const eventValue = (index: number): number => events[index]?.value ?? 0;
  const stamps = Float64Array.from(events, (event) => event.stampMs ?? point.clock.at(event.atMs));
  return {
    count: events.length,
    stamps,
    times: Float64Array.from(events, (event) => event.atMs),
    cells: [
      octetCell(stamp, (index) => stamps[index] ?? 0),
      object.capturedClass === 3 ? u32Cell(eventValue) : u8Cell(eventValue),
    ],
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
