import {
  EVENT_LOGS,
  type EventLog,
  type Interval,
  type Meter,
  type MeterEvent,
  PROFILE_KINDS,
  type ProfileKind,
} from '../base/model.ts';
import type { CosemObject } from '../dlms/cosem/cosem-object.ts';
import { selectedTimes } from '../dlms/cosem/profile-buffer.ts';
import type { CosemRequest } from '../dlms/server.ts';
import type { EventLogObject, MeterProfile } from '../meters/meter-profile.ts';
import { BALANCE_PROFILE, balanceObjects } from './balance-contents.ts';
import { cellWriter } from './cells.ts';
import type { Contents } from './fetched-device.ts';
import { eventTable } from './meter-logs.ts';
import { isCachedRegister, registerObjects } from './meter-registers.ts';
import type { HeadendSources } from './ports.ts';
import { NO_ROWS, type Table, tableProfile } from './table-profile.ts';
import { ZoneTimes } from './zone-times.ts';

const PROFILE_GENERIC = 7;
const ASSOCIATION = 15;
/** Attributes of class 7 that rows are needed for: buffer and entries in use. */
const BUFFER = 2;
const CAPTURE_OBJECTS = 3;
const ENTRIES_IN_USE = 7;
const ALL: Interval = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
const NONE: Interval = { fromMs: 0, toMs: 0 };
/** Events of one log that one answer holds at most: the newest. */
const MOST_EVENTS = 20_000;

/** A log that the store's events can be told from: a kind of events that the meter has in one log only. */
export interface CachedLog {
  readonly log: EventLog;
  readonly object: EventLogObject;
}

/**
 * Logs that are served from the store. Where a meter has several logs for one kind of events the store no longer knows
 * which of them an event was in; and a log that holds several kinds is served as the first of them says.
 */
export function cachedLogs(profile: MeterProfile): CachedLog[] {
  const seen = new Set<string>(Object.values(profile.profiles));
  return EVENT_LOGS.flatMap((log) => {
    const [object, ...others] = profile.logs[log];
    if (object === undefined || others.length > 0 || seen.has(object.obis)) return [];
    seen.add(object.obis);
    return [{ log, object }];
  });
}

/** The logical device of a meter as the store knows it, with what the request is about. */
export async function meterContents(
  sources: HeadendSources,
  meter: Meter,
  request: CosemRequest,
): Promise<Contents> {
  const fetch = new MeterFetch(sources, meter, request);
  return {
    name: meter.meterNo,
    objects: [
      ...(await fetch.registers()),
      ...(await Promise.all(PROFILE_KINDS.map((kind) => fetch.profile(kind)))),
      ...(await Promise.all(cachedLogs(fetch.meterProfile).map((log) => fetch.log(log)))),
      ...(await fetch.balance()),
    ],
  };
}

class MeterFetch {
  readonly meterProfile: MeterProfile;
  readonly #sources: HeadendSources;
  readonly #meter: Meter;
  readonly #request: CosemRequest;
  readonly #times: ZoneTimes;

  constructor(sources: HeadendSources, meter: Meter, request: CosemRequest) {
    this.#sources = sources;
    this.#meter = meter;
    this.#request = request;
    this.meterProfile = sources.profileOf(meter);
    this.#times = new ZoneTimes(sources.zone());
  }

  /** Rows, or columns alone, only where the request asks for them. */
  async profile(kind: ProfileKind): Promise<CosemObject> {
    const obis = this.meterProfile.profiles[kind];
    const wanted = this.#wanted(obis);
    return this.#profileObject(obis, wanted === undefined ? NO_ROWS : await this.#rows(kind, wanted), false);
  }

  /** What a log captures is known from its events alone, so that all of them are needed for any part of it. */
  async log({ log, object }: CachedLog): Promise<CosemObject> {
    const table =
      this.#wanted(object.obis) === undefined ? NO_ROWS : eventTable(await this.#events(log), object);
    return this.#profileObject(object.obis, table, true);
  }

  /** Of a balance meter. */
  async balance(): Promise<CosemObject[]> {
    if (this.#meter.balance !== true) return [];
    return balanceObjects({
      balances: this.#sources.balances,
      meterId: this.#meter.id,
      wanted: this.#wanted(BALANCE_PROFILE),
      clockObis: this.meterProfile.clock,
      times: this.#times,
    });
  }

  async registers(): Promise<CosemObject[]> {
    if (this.#request.type !== 'get') return [];
    const { classId } = this.#request.attribute;
    if (classId !== ASSOCIATION && !isCachedRegister(classId)) return [];
    const { readings } = this.#sources;
    const [values, ...profiles] = await Promise.all([
      readings.registers(this.#meter.id),
      ...PROFILE_KINDS.map((kind) => readings.profile(this.#meter.id, kind, NONE)),
    ]);
    return registerObjects(
      values,
      profiles.flatMap((rows) => rows?.columns ?? []),
    );
  }

  #profileObject(obis: string, table: Table, onEvents: boolean): CosemObject {
    return tableProfile({ obis, clockObis: this.meterProfile.clock, table, times: this.#times, onEvents });
  }

  /** The times of the rows that the request is about; undefined when it is about none of this object. */
  #wanted(obis: string): Interval | undefined {
    if (this.#request.type !== 'get') return undefined;
    const { attribute, selection } = this.#request;
    if (attribute.classId !== PROFILE_GENERIC || attribute.obis !== obis) return undefined;
    switch (attribute.attribute) {
      case BUFFER: {
        const times = this.#times;
        const range = selectedTimes({ deviationMinutes: (local) => times.deviationOf(local) }, selection);
        if (range === undefined) return selection?.by === 'range' ? NONE : ALL;
        return { fromMs: range.fromMs, toMs: range.toMs + 1 };
      }
      case CAPTURE_OBJECTS:
        return NONE;
      case ENTRIES_IN_USE:
        return ALL;
      default:
        return undefined;
    }
  }

  async #rows(kind: ProfileKind, interval: Interval): Promise<Table> {
    const { readings } = this.#sources;
    const [rows, newest] = await Promise.all([
      readings.profile(this.#meter.id, kind, interval),
      readings.profile(this.#meter.id, kind, NONE),
    ]);
    if (rows === undefined) return NO_ROWS;
    // Columns that the meter captured once and no longer does come last; they are not among its capture objects.
    const shown = newest?.columns.length ?? rows.columns.length;
    return {
      columns: rows.columns.slice(0, shown),
      times: rows.times,
      clockStatus: rows.clockStatus,
      cells: rows.values.slice(0, shown).map(cellWriter),
    };
  }

  /** Ascending. */
  async #events(log: EventLog): Promise<readonly MeterEvent[]> {
    const { events } = this.#sources.readings;
    const { rows } = await events(this.#meter.id, { log, interval: ALL, limit: MOST_EVENTS });
    return [...rows].reverse();
  }
}
