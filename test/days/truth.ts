import { ByteReader, ByteWriter } from '../../src/base/bytes.ts';
import { EVENT_LOGS, type EventLog, PROFILE_KINDS, type ProfileKind } from '../../src/base/model.ts';
import { readData } from '../../src/dlms/axdr.ts';
import { DAY_MS, daylightSavingActive } from '../../src/simulator/calendar.ts';
import type { SimulatedMeter } from '../../src/simulator/meter.ts';
import { billingRows, demandRows, EVENT_ENTRIES, energyRows } from '../../src/simulator/profile-rows.ts';
import type { RowIndex } from '../../src/simulator/row-encoding.ts';

/** A row that a meter has written. */
export interface TrueRow {
  /** By the meter's clock, UTC ms. */
  readonly stampMs: number;
  /** When it truly was. */
  readonly timeMs: number;
  /** Clock status as DLMS writes it. */
  readonly clockStatus: number;
  /** Captured values as text, the clock left out. */
  readonly cells: string;
  /** It was in the store when that was looked at. */
  seen?: boolean;
}

export interface TrueEvent {
  readonly stampMs: number;
  readonly timeMs: number;
  readonly value: number;
}

const ROWS: Readonly<Record<ProfileKind, (point: SimulatedMeter['point'], nowMs: number) => RowIndex>> = {
  energy: energyRows,
  demand: demandRows,
  billing: billingRows,
};

/** Scaler and unit of what the simulated meters capture (Blue Book, class 3, units 27 W, 30 Wh, 32 varh). */
export const TRUE_UNITS: Readonly<Record<string, readonly [scaler: number, unit: number]>> = {
  '3:1.0.1.8.0.255:2': [0, 30],
  '3:1.0.1.8.1.255:2': [0, 30],
  '3:1.0.1.8.2.255:2': [0, 30],
  '3:1.0.1.8.3.255:2': [0, 30],
  '3:1.0.1.8.4.255:2': [0, 30],
  '3:1.0.2.8.0.255:2': [0, 30],
  '3:1.0.3.8.0.255:2': [0, 32],
  '3:1.0.4.8.0.255:2': [0, 32],
  '5:1.0.1.4.0.255:3': [0, 27],
  '5:1.0.2.4.0.255:3': [0, 27],
  '4:1.0.1.6.0.255:2': [0, 27],
};

/** Everything that one meter has ever written, kept beside it: what is in the store is held against it. */
export class Truth {
  readonly meter: SimulatedMeter;
  readonly rows: Readonly<Record<ProfileKind, Map<number, TrueRow[]>>> = {
    energy: new Map(),
    demand: new Map(),
    billing: new Map(),
  };
  readonly events: Readonly<Record<EventLog, Map<number, TrueEvent[]>>>;
  readonly #known: Record<ProfileKind, number>;
  readonly fromMs: number;

  /** Rows before `fromMs` are of no interest. */
  constructor(meter: SimulatedMeter, fromMs: number) {
    this.meter = meter;
    this.fromMs = fromMs;
    this.#known = { energy: fromMs, demand: fromMs, billing: Number.NEGATIVE_INFINITY };
    this.events = Object.fromEntries(EVENT_LOGS.map((log) => [log, new Map()])) as Truth['events'];
    this.foresee();
    this.record();
  }

  /** Lets the meter learn of what will happen to it: an outage known later would change the rows of the day before. */
  foresee(): void {
    this.meter.point.isOut(this.meter.now() + 2 * DAY_MS);
  }

  /** Takes down what the meter has written since the last time. */
  record(): void {
    const nowMs = this.meter.now();
    for (const kind of PROFILE_KINDS) this.#recordRows(kind, nowMs);
    for (const log of EVENT_LOGS) this.#recordEvents(log, nowMs);
  }

  /** Values at one time, if the meter has them. */
  find(kind: ProfileKind, stampMs: number, cells: string): TrueRow | undefined {
    return this.rows[kind].get(stampMs)?.find((row) => row.cells === cells);
  }

  *allRows(kind: ProfileKind): IterableIterator<TrueRow> {
    for (const rows of this.rows[kind].values()) yield* rows;
  }

  #recordRows(kind: ProfileKind, nowMs: number): void {
    const { point } = this.meter;
    const index = ROWS[kind](point, nowMs);
    const known = this.#known[kind];
    for (let row = 0; row < index.count; row++) {
      const timeMs = index.times[row] ?? 0;
      const stampMs = index.stamps[row] ?? 0;
      if (timeMs <= known || timeMs > nowMs) continue;
      this.#known[kind] = Math.max(this.#known[kind], timeMs);
      const rows = this.rows[kind].get(stampMs) ?? [];
      this.rows[kind].set(stampMs, rows);
      const clockStatus = daylightSavingActive(point.plan.zone, stampMs) ? 0x80 : 0;
      rows.push({ stampMs, timeMs, clockStatus, cells: cellsOf(index, row) });
    }
  }

  #recordEvents(log: EventLog, nowMs: number): void {
    const { point } = this.meter;
    for (const { atMs, value, stampMs } of point.events(log, nowMs, 3 * EVENT_ENTRIES)) {
      if (atMs < this.fromMs - 400 * DAY_MS) continue;
      const stamp = Math.floor((stampMs ?? point.clock.at(atMs)) / 10) * 10;
      const events = this.events[log].get(stamp) ?? [];
      this.events[log].set(stamp, events);
      if (!events.some((event) => event.timeMs === atMs && event.value === value)) {
        events.push({ stampMs: stamp, timeMs: atMs, value });
      }
    }
  }
}

/** The captured values of a row as the meter encodes them, the clock left out. */
function cellsOf(index: RowIndex, row: number): string {
  const texts: string[] = [];
  for (const cell of index.cells.slice(1)) {
    const writer = new ByteWriter(32);
    cell(row, writer);
    const data = readData(new ByteReader(writer.done()));
    texts.push(
      data.type === 'octet-string' ? data.value.toHex() : 'value' in data ? String(data.value) : data.type,
    );
  }
  return texts.join(' ');
}
