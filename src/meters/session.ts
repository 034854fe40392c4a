import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type {
  CaptureColumn,
  EventLog,
  Interval,
  MeterEvent,
  ProfileKind,
  RegisterReading,
} from '../base/model.ts';
import type { AccessSelection, CosemAttribute, GetResult } from '../dlms/client.ts';
import type { DlmsData } from '../dlms/data.ts';
import { encodeDateTime, fromUtcMs } from '../dlms/datetime.ts';
import type { LinkCounters } from '../dlms/link/link.ts';
import { decodeValue, granted, integerOf, refusal } from './attribute.ts';
import type { ProfileBatch } from './buffer-parts.ts';
import { type ClockReading, clockReading, surestReading } from './clock.ts';
import { CLOCK_CLASS, parseCapturePeriod, profileAttribute } from './layout.ts';
import type { MeterLink } from './meter-link.ts';
import type { MeterProfile } from './meter-profile.ts';
import { ProfileReader } from './profile-reader.ts';
import { type RegisterResult, registersOf } from './registers.ts';
import { toEvents } from './rows.ts';
import { RELAY_CLASS, RELAY_STATES } from './state-readings.ts';

export interface EventBatch {
  readonly events: readonly MeterEvent[];
  readonly covered: Interval | undefined;
}

export type RelayState = (typeof RELAY_STATES)[number];

export interface SessionOptions {
  readonly meterId: number;
  readonly profile: MeterProfile;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether the meter is reached in another way by now. */
  outdated(): boolean;
  /** Makes sure that invocation counters are at hand. */
  readonly beforeRequest?: () => Promise<void>;
  /** Columns known from earlier sessions: their scalers are not read again while the capture objects stay the same. */
  knownColumns(kind: ProfileKind): Promise<readonly CaptureColumn[] | undefined>;
}

/** What a meter calls itself: its logical device name, and its device id (Blue Book, 6.2.17 and 6.2.33). */
export const IDENTITY_OBJECTS: readonly CosemAttribute[] = [
  { classId: 1, obis: '0.0.42.0.0.255', attribute: 2 },
  { classId: 1, obis: '0.0.96.1.0.255', attribute: 2 },
];

/** A meter may take longer to set its clock than to show it. */
const PROMPT_MS = 5_000;

/**
 * One association with one meter, in the concentrator's words. A meter's refusal of an object ends in `not-granted`,
 * a value of another type than its class says in `type-mismatch`; the session stands after both.
 */
export class MeterSession {
  readonly #link: MeterLink;
  readonly #options: SessionOptions;
  readonly #profiles: ProfileReader;
  #closed = false;
  #clock: ClockReading | undefined;

  constructor(link: MeterLink, options: SessionOptions) {
    this.#link = link;
    this.#options = options;
    this.#profiles = new ProfileReader({
      clockObis: options.profile.clock,
      noRangeAccess: options.profile.quirks.noRangeAccess,
      scalers: options.profile.scalers,
      now: () => options.clock.now(),
      clock: () => this.clock(),
      get: (...request) => this.#request(() => link.get(...request)),
      getMany: (attributes) => this.#getMany(attributes),
    });
  }

  get open(): boolean {
    return !this.#closed && this.#link.ended === undefined;
  }

  get outdated(): boolean {
    return this.#options.outdated();
  }

  get counters(): Readonly<LinkCounters> {
    return this.#link.counters;
  }

  get profile(): MeterProfile {
    return this.#options.profile;
  }

  /** Releases the association if it stands and gives the channel back; never fails. */
  async close(): Promise<void> {
    this.#closed = true;
    try {
      await this.#link.release();
    } catch (error) {
      this.#options.log.debug('the association was not released in order', { ...toDcuError(error).toJSON() });
    }
  }

  /** Profiles and logs are read no further than their next block; what came is handed out, then the read ends in `preempted`. */
  breakOff(wanted: boolean): void {
    this.#link.breakOff?.(wanted);
  }

  /** Ends at once; what is under way rejects with the reason. */
  abort(reason: DcuError): void {
    this.#link.abort(reason);
  }

  /** The meter's clock as read last in this session; reads it the first time. */
  async clock(): Promise<ClockReading> {
    return this.#clock ?? (await this.readClock());
  }

  async readClock(): Promise<ClockReading> {
    const attribute = this.#clockAttribute();
    const { clock } = this.#options;
    const beforeMs = clock.now();
    const startedMs = clock.monotonicMs();
    const data = granted(attribute, await this.#request(() => this.#link.get(attribute)));
    const roundTripMs = clock.monotonicMs() - startedMs;
    this.#clock = clockReading(attribute, decodeValue(data), beforeMs, roundTripMs);
    return this.#clock;
  }

  /** What the meter calls itself, by `IDENTITY_OBJECTS`; where it can be asked in one request, its clock is read with it. */
  async identify(): Promise<RegisterResult[]> {
    if (!this.#listed) return this.readRegisters(IDENTITY_OBJECTS);
    const attribute = this.#clockAttribute();
    const { clock } = this.#options;
    const beforeMs = clock.now();
    const startedMs = clock.monotonicMs();
    const [shown, ...named] = await this.#getMany([attribute, ...IDENTITY_OBJECTS]);
    const roundTripMs = clock.monotonicMs() - startedMs;
    if (shown?.ok === true && this.profile.quirks.maxListSize > IDENTITY_OBJECTS.length) {
      try {
        this.#clock = clockReading(attribute, decodeValue(shown.data), beforeMs, roundTripMs);
      } catch (error) {
        // Who needs the clock reads it, and meets the same.
        this.#options.log.debug('the clock shows no time', { ...toDcuError(error).toJSON() });
      }
    }
    return registersOf(IDENTITY_OBJECTS, async (wanted) => named.slice(0, wanted.length));
  }

  /** Reads the clock as often as it takes to say whether it is within the threshold. See `surestReading`. */
  async surestClock(thresholdMs: number): Promise<ClockReading> {
    this.#clock = await surestReading(() => this.readClock(), thresholdMs);
    return this.#clock;
  }

  /** Distances of captures of the profiles that are captured by the clock, ms; what the meter does not tell is left out. */
  async capturePeriods(): Promise<number[]> {
    const { energy, demand } = this.profile.profiles;
    const attributes = [...new Set([energy, demand])].map((obis) => profileAttribute(obis, 4));
    const results = await this.#getMany(attributes);
    return attributes.flatMap(({ obis }, index) => {
      const result = results[index];
      return result?.ok === true ? [parseCapturePeriod(obis, result) * 1000] : [];
    });
  }

  /**
   * Sets the clock to what it is now, in the deviation that it goes by, half of the round trip added. A time that has
   * become late on its way is worse than none: without an answer soon, the session ends in `link-timeout`.
   */
  async setClock(roundTripMs: number): Promise<void> {
    const attribute = this.#clockAttribute();
    const { deviationMinutes, status } = await this.clock();
    const result = await this.#request(() => {
      const utcMs = this.#options.clock.now() + roundTripMs / 2;
      const value = encodeDateTime(fromUtcMs(utcMs, deviationMinutes, status & 0x80));
      return this.#promptly(roundTripMs, this.#link.set(attribute, { type: 'octet-string', value }));
    });
    if (result !== 'success') throw refusal('setting the clock', result);
    this.#clock = undefined;
  }

  /** Shifts the clock by -900 to 900 seconds (class 8, method 6); as for `setClock`, at once or not at all. */
  async shiftClock(seconds: number, roundTripMs: number): Promise<void> {
    const method = { classId: CLOCK_CLASS, obis: this.profile.clock, attribute: 6 };
    const { result } = await this.#request(() =>
      this.#promptly(roundTripMs, this.#link.action(method, { type: 'long', value: seconds })),
    );
    if (result !== 'success') throw refusal('shifting the clock', result);
    this.#clock = undefined;
  }

  /** Rows of a profile with time in the interval. What came before a transfer broke is handed out before it throws. */
  async *readProfile(kind: ProfileKind, interval: Interval): AsyncGenerator<ProfileBatch> {
    const known = () => this.#options.knownColumns(kind);
    yield* this.#profiles.read(this.profile.profiles[kind], interval, true, known);
  }

  /** Events of all logs of this kind; what one of them does not cover is covered by none. */
  async *readEvents(log: EventLog, interval: Interval): AsyncGenerator<EventBatch> {
    const objects = this.profile.logs[log];
    const unknown = async () => undefined;
    let settled = interval;
    for (const [index, { obis, impliedCode, codeObis }] of objects.entries()) {
      const last = index === objects.length - 1;
      let reached: Interval | undefined;
      for await (const { rows, covered } of this.#profiles.read(obis, interval, false, unknown)) {
        reached = joined(reached, covered);
        const events = toEvents(rows, impliedCode, codeObis);
        yield { events, covered: last && covered !== undefined ? common(settled, covered) : undefined };
      }
      // An object that has settled nothing leaves the whole interval open.
      settled = common(settled, reached ?? { fromMs: interval.fromMs, toMs: interval.fromMs }) ?? {
        fromMs: interval.fromMs,
        toMs: interval.fromMs,
      };
    }
  }

  /** Entries in use of each object of each log, in the order of the profile; logs of which the meter tells none are left out. */
  async entriesInUse(logs: readonly EventLog[]): Promise<ReadonlyMap<EventLog, readonly number[]>> {
    const objects = logs.flatMap((log) => this.profile.logs[log].map(({ obis }) => ({ log, obis })));
    const results = await this.#getMany(objects.map(({ obis }) => profileAttribute(obis, 7)));
    const counts = new Map<EventLog, number[]>();
    const untold = new Set<EventLog>();
    for (const [index, { log, obis }] of objects.entries()) {
      const result = results[index];
      if (result?.ok !== true) untold.add(log);
      else counts.set(log, [...(counts.get(log) ?? []), countOf(obis, 7, result.data)]);
    }
    for (const log of untold) counts.delete(log);
    return counts;
  }

  /** Entries that a log has room for, of all its objects; undefined when the meter does not tell. */
  async logCapacity(log: EventLog): Promise<number | undefined> {
    const objects = this.profile.logs[log];
    const results = await this.#getMany(objects.map(({ obis }) => profileAttribute(obis, 8)));
    let sum = 0;
    for (const [index, { obis }] of objects.entries()) {
      const result = results[index];
      if (result?.ok !== true) return undefined;
      sum += countOf(obis, 8, result.data);
    }
    return sum;
  }

  /** The last entry of each object of a log, A-XDR in hex; `counts` as `entriesInUse` gave them. */
  async lastEntries(log: EventLog, counts: readonly number[]): Promise<string> {
    const entries: string[] = [];
    for (const [index, { obis }] of this.profile.logs[log].entries()) {
      const count = counts[index] ?? 0;
      if (count === 0) continue;
      const attribute = profileAttribute(obis, 2);
      const selection: AccessSelection = { by: 'entry', fromEntry: count, toEntry: count };
      const result = await this.#request(() => this.#link.get(attribute, selection));
      entries.push(granted(attribute, result).toHex());
    }
    return entries.join('/');
  }

  /** Attributes as they are, each with its refusal or value; classes 3, 4 and 5 with scaler and unit. */
  async readRegisters(attributes: readonly CosemAttribute[]): Promise<RegisterResult[]> {
    return registersOf(attributes, (wanted) => this.#getMany(wanted), this.profile.scalers);
  }

  /** Attributes in order, each with its bytes or its refusal. */
  readAttributes(attributes: readonly CosemAttribute[]): Promise<readonly GetResult[]> {
    return this.#getMany(attributes);
  }

  /** One attribute, or the part of it that a selection names: its bytes or its refusal. */
  read(attribute: CosemAttribute, selection?: AccessSelection): Promise<GetResult> {
    return this.#request(() => this.#link.get(attribute, selection));
  }

  /** Writes an attribute that `what` names in words. @throws DcuError `not-granted` */
  async write(attribute: CosemAttribute, value: DlmsData, what: string): Promise<void> {
    const result = await this.#request(() => this.#link.set(attribute, value));
    if (result !== 'success') throw refusal(what, result);
  }

  /** Calls a method; hands back what the meter says to it, and what it returns. */
  act(method: CosemAttribute, parameter: DlmsData): ReturnType<MeterLink['action']> {
    return this.#request(() => this.#link.action(method, parameter));
  }

  /** Calls a method that `what` names in words. @throws DcuError `not-granted` */
  async invoke(method: CosemAttribute, parameter: DlmsData, what: string): Promise<void> {
    const { result } = await this.#request(() => this.#link.action(method, parameter));
    if (result !== 'success') throw refusal(what, result);
  }

  /** What a reading becomes in the store; refused ones are left out. */
  toReadings(results: readonly RegisterResult[], timeMs: number): RegisterReading[] {
    const { meterId } = this.#options;
    return results.flatMap((result) => {
      if (!result.ok) return [];
      const { classId, obis, attribute, type, text, scaler, unit } = result;
      return [{ meterId, classId, obis, attribute, time: timeMs, type, value: text, scaler, unit }];
    });
  }

  /** The clock and the relay as they become readings in the store. */
  toStateReadings(
    { clock, relay }: { readonly clock?: ClockReading | null; readonly relay?: RelayState | null },
    timeMs: number,
  ): RegisterReading[] {
    const { meterId } = this.#options;
    const plain = { meterId, scaler: null, unit: null };
    const readings: RegisterReading[] = [];
    if (clock) {
      const value = encodeDateTime(fromUtcMs(clock.meterMs, clock.deviationMinutes, clock.status)).toHex();
      readings.push({ ...plain, ...this.#clockAttribute(), time: timeMs, type: 'octet-string', value });
    }
    if (relay) {
      const value = String(RELAY_STATES.indexOf(relay));
      readings.push({ ...plain, ...this.#relayAttribute(3), time: timeMs, type: 'enum', value });
    }
    return readings;
  }

  /** Output and control state of the disconnect control (class 70). */
  async relayState(): Promise<RelayState> {
    const attribute = this.#relayAttribute(3);
    const value = decodeValue(granted(attribute, await this.#request(() => this.#link.get(attribute))));
    const state = value.type === 'enum' ? RELAY_STATES[value.value] : undefined;
    if (state === undefined) {
      throw new DcuError('type-mismatch', `relay ${attribute.obis}: no control state the standard knows`);
    }
    return state;
  }

  /** Method 1 disconnects, method 2 reconnects. */
  async switchRelay(to: 'off' | 'on'): Promise<void> {
    const method = this.#relayAttribute(to === 'off' ? 1 : 2);
    const { result } = await this.#request(() => this.#link.action(method, { type: 'integer', value: 0 }));
    if (result !== 'success') throw refusal(`switching the relay ${to}`, result);
  }

  #clockAttribute(): CosemAttribute {
    return { classId: CLOCK_CLASS, obis: this.profile.clock, attribute: 2 };
  }

  #relayAttribute(attribute: number): CosemAttribute {
    return { classId: RELAY_CLASS, obis: this.profile.relay, attribute };
  }

  get #listed(): boolean {
    return this.#link.association.conformance.includes('multiple-references');
  }

  /** With-list where the meter grants it. */
  async #getMany(attributes: readonly CosemAttribute[]): Promise<readonly GetResult[]> {
    const results: GetResult[] = [];
    for (let at = 0; at < attributes.length; ) {
      const some = attributes.slice(at, at + (this.#listed ? this.profile.quirks.maxListSize : 1));
      at += some.length;
      const [only] = some;
      if (some.length === 1 && only !== undefined) {
        results.push(await this.#request(() => this.#link.get(only)));
      } else results.push(...(await this.#request(() => this.#link.getList(some))));
    }
    return results;
  }

  /** Calls back what is still on its way when the answer is overdue, so that no layer below sends it again. */
  async #promptly<Value>(roundTripMs: number, answer: Promise<Value>): Promise<Value> {
    const patienceMs = 2 * roundTripMs + PROMPT_MS;
    const relax = this.#options.clock.after(patienceMs, () => {
      this.#link.abort(
        new DcuError('link-timeout', 'a new time was not taken at once, and would be wrong later', {
          facts: { patienceMs },
        }),
      );
    });
    return answer.finally(relax);
  }

  async #request<Value>(send: () => Promise<Value>): Promise<Value> {
    if (this.#closed) throw new DcuError('link-closed', 'the session with the meter is closed');
    await this.#options.beforeRequest?.();
    return send();
  }
}

function countOf(obis: string, attribute: number, data: Uint8Array): number {
  return integerOf(profileAttribute(obis, attribute), decodeValue(data));
}

/** The stretch from the first to the last of two that follow each other. */
function joined(a: Interval | undefined, b: Interval | undefined): Interval | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  // With a hole between them only the first counts as read.
  if (b.fromMs > a.toMs || a.fromMs > b.toMs) return a;
  return { fromMs: Math.min(a.fromMs, b.fromMs), toMs: Math.max(a.toMs, b.toMs) };
}

function common(a: Interval, b: Interval): Interval | undefined {
  const fromMs = Math.max(a.fromMs, b.fromMs);
  const toMs = Math.min(a.toMs, b.toMs);
  return fromMs < toMs ? { fromMs, toMs } : undefined;
}
