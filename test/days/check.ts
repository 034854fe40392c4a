import {
  type CaptureColumn,
  type ColumnValues,
  EVENT_LOGS,
  type EventLog,
  PROFILE_KINDS,
  type ProfileKind,
  type ProfileRows,
} from '../../src/base/model.ts';
import type { Core } from '../../src/concentrator/core.ts';
import { DAY_MS, HOUR_MS } from '../../src/simulator/calendar.ts';
import { EVENT_ENTRIES } from '../../src/simulator/profile-rows.ts';
import type { LastLook, Resident } from './resident.ts';
import { TRUE_UNITS, type TrueEvent, type TrueRow } from './truth.ts';
import type { Success } from './watch.ts';
import type { World } from './world.ts';

const EVERYTHING = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
/** A row whose stamp is further off was written by a clock that was wrong: its time says nothing about when it was. */
const CLOCK_RIGHT_MS = 90_000;
/** The planner leaves shorter tails for the next tick. */
const TAIL_MS = 130_000;
const LOG_RECALL_MS = 400 * DAY_MS;

/** What was looked at, so that a check that looks at nothing is noticed. */
export interface Checked {
  rows: number;
  events: number;
  /** Rows that were due, and were there. */
  due: number;
  /** Rows stamped by a clock that was wrong: not asked for. */
  misstamped: number;
}

/** Holds everything in the store against what the meters have written. */
export async function checkStore(world: World, core: Core): Promise<Checked> {
  const checked: Checked = { rows: 0, events: 0, due: 0, misstamped: 0 };
  for (const { leftMs, truth } of world.residents) {
    if (leftMs !== undefined) continue;
    truth.record();
    truth.foresee();
  }
  for (const resident of world.residents) {
    if (resident.id === undefined) continue;
    for (const kind of PROFILE_KINDS) await checkProfile(world, core, resident, kind, checked);
    for (const log of EVENT_LOGS) await checkEvents(world, core, resident, log, checked);
  }
  return checked;
}

async function checkProfile(
  world: World,
  core: Core,
  resident: Resident,
  kind: ProfileKind,
  checked: Checked,
): Promise<void> {
  const { id = 0, truth, meterNo } = resident;
  const stored = await core.store.readings.profile(id, kind, EVERYTHING);
  const found = new Map<TrueRow, number>();
  const times = new Set<number>();
  if (stored !== undefined) {
    checkColumns(world, meterNo, kind, stored.columns);
    checked.rows += stored.times.length;
    const known = new KnownRows(resident.lastLook.get(kind));
    const rows: (TrueRow | undefined)[] = [];
    for (let row = 0; row < stored.times.length; row++) {
      const stampMs = stored.times[row] ?? 0;
      times.add(stampMs);
      const written = known.same(stored, row) ?? writtenRow(world, resident, kind, stored, row);
      rows.push(written);
      if (written !== undefined) found.set(written, (found.get(written) ?? 0) + 1);
    }
    resident.lastLook.set(kind, { stored, rows });
  }
  for (const [row, count] of found) {
    const written = truth.rows[kind].get(row.stampMs)?.filter(({ cells }) => cells === row.cells).length ?? 0;
    if (count > written) {
      world.violate(
        'stored-twice',
        `${kind} ${iso(row.stampMs)} is there ${count} times, written ${written} times`,
        meterNo,
      );
    }
  }
  for (const time of world.watch.takeAcknowledged(id, kind)) {
    if (!times.has(time))
      world.violate('acknowledged-lost', `${kind} ${iso(time)} was acknowledged`, meterNo);
  }
  const success = world.watch.lastSuccess(resident, kind);
  const recallMs = kind === 'billing' ? LOG_RECALL_MS : world.scenery.recallDays * DAY_MS;
  const lost: TrueRow[] = [];
  for (const row of truth.allRows(kind)) {
    if (found.has(row)) {
      row.seen = true;
      continue;
    }
    if (row.seen) {
      world.violate('acknowledged-lost', `${kind} ${iso(row.stampMs)} was there before`, meterNo);
      continue;
    }
    // Rows of equal time and values are one in the store.
    if (truth.find(kind, row.stampMs, row.cells) !== row) continue;
    if (success === undefined || row.timeMs > success.startMs) continue;
    if (row.stampMs > latestOf(success) - TAIL_MS || row.stampMs < success.wallMs - recallMs + 2 * HOUR_MS)
      continue;
    if (Math.abs(row.stampMs - row.timeMs) > CLOCK_RIGHT_MS) checked.misstamped++;
    else lost.push(row);
  }
  checked.due += found.size;
  const [first] = lost;
  if (first !== undefined && success !== undefined) {
    world.violate(
      'interval-lost',
      `${lost.length} rows of ${kind}, first ${iso(first.stampMs)} (written ${iso(first.timeMs)}), last success began ${iso(success.startMs)}`,
      meterNo,
    );
  }
}

/** The row of the meter that a row in the store is; undefined when it is none, which is told, or from before the time of interest. */
function writtenRow(
  world: World,
  resident: Resident,
  kind: ProfileKind,
  stored: ProfileRows,
  row: number,
): TrueRow | undefined {
  const { truth, meterNo } = resident;
  const stampMs = stored.times[row] ?? 0;
  const cells = stored.values.map((column) => cellText(column, row)).join(' ');
  const written = truth.find(kind, stampMs, cells);
  if (written === undefined) {
    if (stampMs < truth.fromMs && kind !== 'billing') return undefined;
    const [invariant, evidence] = diagnose(world, resident, kind, stampMs, cells);
    world.violate(invariant, `${kind} ${iso(stampMs)} ${cells}: ${evidence}`, meterNo);
  } else if (stored.clockStatus[row] !== written.clockStatus) {
    const status = `status ${stored.clockStatus[row]}, written with ${written.clockStatus}`;
    world.violate('wrong-hour', `${kind} ${iso(stampMs)} has ${status}`, meterNo);
  }
  return written;
}

/** Rows that were held against the meter's before: those that are still the same need no second look. */
class KnownRows {
  readonly #last: LastLook | undefined;
  #at = 0;

  constructor(last: LastLook | undefined) {
    this.#last = last;
  }

  /** To be asked for rows in the order of their times. */
  same(now: ProfileRows, row: number): TrueRow | undefined {
    if (this.#last === undefined) return undefined;
    const { stored, rows } = this.#last;
    const time = now.times[row] ?? 0;
    while ((stored.times[this.#at] ?? Number.POSITIVE_INFINITY) < time) this.#at++;
    const at = this.#at;
    if (stored.times[at] !== time || stored.clockStatus[at] !== now.clockStatus[row]) return undefined;
    if (stored.values.length !== now.values.length) return undefined;
    const equal = stored.values.every((column, index) => {
      const other = now.values[index];
      if (column.kind === 'number' && other?.kind === 'number')
        return column.values[at] === other.values[row];
      return other !== undefined && cellText(column, at) === cellText(other, row);
    });
    if (!equal) return undefined;
    this.#at++;
    return rows[at];
  }
}

/** What is wrong with a row that the meter has not written like this. */
function diagnose(
  world: World,
  resident: Resident,
  kind: ProfileKind,
  stampMs: number,
  cells: string,
): ['wrong-meter' | 'wrong-hour' | 'wrong-value', string] {
  for (const other of world.residents) {
    if (other !== resident && other.truth.find(kind, stampMs, cells) !== undefined) {
      return ['wrong-meter', `meter ${other.meterNo} has written it`];
    }
  }
  for (const row of resident.truth.allRows(kind)) {
    if (row.cells === cells) return ['wrong-hour', `written with the stamp ${iso(row.stampMs)}`];
  }
  const own = resident.truth.rows[kind].get(stampMs)?.map((row) => row.cells) ?? [];
  return ['wrong-value', own.length === 0 ? 'no row was written then' : `written as ${own.join(' or ')}`];
}

function checkColumns(
  world: World,
  meterNo: string,
  kind: ProfileKind,
  columns: readonly CaptureColumn[],
): void {
  for (const { classId, obis, attribute, scaler, unit } of columns) {
    const name = `${classId}:${obis}:${attribute}`;
    const [trueScaler, trueUnit] = TRUE_UNITS[name] ?? [null, null];
    if (scaler === trueScaler && unit === trueUnit) continue;
    world.violate(
      'wrong-scaler',
      `${kind} ${name} has ${scaler} and ${unit}, the meter says ${trueScaler} and ${trueUnit}`,
      meterNo,
    );
  }
}

async function checkEvents(
  world: World,
  core: Core,
  resident: Resident,
  log: EventLog,
  checked: Checked,
): Promise<void> {
  const { id = 0, truth, meterNo } = resident;
  const { rows } = await core.store.readings.events(id, { log, interval: EVERYTHING, limit: 1_000_000 });
  checked.events += rows.length;
  const found = new Map<TrueEvent, number>();
  const times = new Set<number>();
  for (const event of rows) {
    times.add(event.time);
    const value = log === 'power-failure' ? Number(Object.values(event.extra)[0]) : event.code;
    const written = truth.events[log].get(event.time)?.find((known) => known.value === value);
    if (written === undefined) {
      world.violate('wrong-value', `${log} event ${value} at ${iso(event.time)} was never written`, meterNo);
    } else found.set(written, (found.get(written) ?? 0) + 1);
  }
  for (const [event, count] of found) {
    const written =
      truth.events[log].get(event.stampMs)?.filter(({ value }) => value === event.value).length ?? 0;
    if (count > written) {
      world.violate(
        'stored-twice',
        `${log} event ${event.value} at ${iso(event.stampMs)} is there ${count} times`,
        meterNo,
      );
    }
  }
  for (const time of world.watch.takeAcknowledged(id, log)) {
    if (!times.has(time))
      world.violate('acknowledged-lost', `${log} event at ${iso(time)} was acknowledged`, meterNo);
  }
  const success = world.watch.lastSuccess(resident, log);
  if (success === undefined || resident.leftMs !== undefined) return;
  const lost: TrueEvent[] = [];
  for (const { atMs, value, stampMs } of truth.meter.point.events(log, world.clock.now(), EVENT_ENTRIES)) {
    if (atMs > success.startMs - 15_000) continue;
    const stamp = Math.floor((stampMs ?? truth.meter.point.clock.at(atMs)) / 10) * 10;
    if (stamp > latestOf(success) - TAIL_MS || stamp < success.wallMs - LOG_RECALL_MS) continue;
    const event = truth.events[log].get(stamp)?.find((known) => known.value === value);
    if (event === undefined || found.has(event)) continue;
    if (Math.abs(stamp - atMs) > CLOCK_RIGHT_MS) checked.misstamped++;
    else lost.push(event);
  }
  const [first] = lost;
  if (first === undefined) return;
  world.violate(
    'interval-lost',
    `${lost.length} events of ${log}, first ${first.value} at ${iso(first.stampMs)}, last success began ${iso(success.startMs)}`,
    meterNo,
  );
}

function cellText(column: ColumnValues, row: number): string {
  const value = column.values[row];
  return value instanceof Uint8Array ? value.toHex() : String(value);
}

const iso = (ms: number): string => (Number.isFinite(ms) ? new Date(ms).toISOString() : String(ms));

/** No row behind it was asked for. */
const latestOf = ({ wallMs, shownMs = wallMs }: Success): number => Math.min(wallMs, shownMs);
