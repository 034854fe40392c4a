import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import {
  CLOCK_SOURCES,
  type ClockRecord,
  type ClockSource,
  type Synchronisation,
  writeClockRecord,
} from './clock-record.ts';
import type { DeviceClock } from './device-clock.ts';

/** Whose clock is set: the concentrator's own, beside the machine's, or the machine's (setting `clock.source`). */
export const CLOCK_KEEPERS = ['own', 'system'] as const;
export type ClockKeeper = (typeof CLOCK_KEEPERS)[number];

export type ClockEvent = 'clock-set' | 'clock-not-synchronised' | 'clock-sources-differ';

/** `kept`: the time was left as it is, as another source goes before. */
export type ClockOutcome = 'set' | 'kept';

export interface ClockState {
  /** Somebody has said what time it is, less than a day ago. */
  readonly synchronised: boolean;
  /** It shows a time before the one that it was last set to: the machine has lost its own. */
  readonly lost: boolean;
  /** The youngest; undefined when nobody ever has. */
  readonly last: Synchronisation | undefined;
}

/** A time to be taken over on request, and when that may be (Blue Book, class 8, preset_adjusting_time). UTC ms. */
export interface PresetTime {
  readonly timeMs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface ClockSyncOptions {
  readonly clock: DeviceClock;
  /** What was kept. */
  readonly record: ClockRecord;
  /** Returns when it is on disk. */
  readonly keep: (text: string) => void;
  readonly keeper: () => Promise<ClockKeeper>;
  /** Sets the machine's clock, UTC ms. @throws DcuError `forbidden` without the right to */
  readonly setMachine: (utcMs: number) => void;
  /** Into the logbook. */
  readonly tell: (type: ClockEvent, detail: string) => Promise<void>;
  readonly log: Log;
}

/** A head-end is to synchronise the clock once a day at least. */
const DAY_MS = 86_400_000;
/** A time server whose time is within this of the head-end's agrees with it. */
const AGREES_MS = 2000;
/** A time server that is off by more is not believed, as NTP's own daemons do not. */
const MOST_CORRECTION_MS = 1_000_000;
/** Corrections of a time server below this are no events. */
const NOTABLE_MS = 1000;
const EARLIEST_MS = Date.UTC(2020, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

/**
 * Sets the concentrator's clock and knows whether it can be trusted. Head-ends go before time servers: one of those
 * corrects the clock only when no head-end has set it for a day, or agrees with the one that has.
 */
export class ClockSync {
  /** What `adjust_to_preset_time` takes over. */
  preset: PresetTime | undefined;
  readonly #options: ClockSyncOptions;
  #last: ClockRecord['last'];
  /** Until when each source's word holds, by the clock that only grows. */
  readonly #holdsUntilMs = new Map<ClockSource, number>();
  #changing: Promise<unknown> = Promise.resolve();
  /** By how much the clock was set, all together. */
  #movedMs = 0;
  #cancelLapse: () => void = () => {};
  #differs = false;

  constructor(options: ClockSyncOptions) {
    const { clock, record } = options;
    this.#options = options;
    this.#last = record.last;
    for (const { source, at } of Object.values(record.last)) {
      const age = clock.now() - at;
      if (age >= 0 && age < DAY_MS) this.#holdsUntilMs.set(source, clock.monotonicMs() + DAY_MS - age);
    }
    this.#watchLapse();
  }

  get state(): ClockState {
    const last = Object.values(this.#last).reduce<Synchronisation | undefined>(
      (youngest, one) => (youngest === undefined || one.at > youngest.at ? one : youngest),
      undefined,
    );
    const lost = last !== undefined && this.#options.clock.now() < last.at - AGREES_MS;
    return { synchronised: !lost && (this.#holds('hes') || this.#holds('ntp')), lost, last };
  }

  /**
   * Takes the time over that a source says it is. Resolves when that is on disk and in the logbook.
   * @param ms UTC milliseconds at the moment of the call
   * @param who the head-end's or the server's name
   * @throws DcuError `invalid-field` (`time`) outside 2020 to 2099; `forbidden` when the machine's clock may not be set
   */
  setBy(source: ClockSource, ms: number, who: string): Promise<ClockOutcome> {
    if (!Number.isFinite(ms) || ms < EARLIEST_MS || ms >= LATEST_MS) {
      const error = new DcuError('invalid-field', 'time must be of the years 2020 to 2099', {
        field: 'time',
      });
      return Promise.reject(error);
    }
    // Whatever comes in between, it is by this much that the clock is off.
    const offMs = Math.round(ms - this.#options.clock.now());
    const movedMs = this.#movedMs;
    // But for what others who were before have taken of it.
    const set = this.#changing.then(() => this.#set(source, offMs + movedMs - this.#movedMs, who));
    this.#changing = set.catch(() => {});
    return set;
  }

  stop(): void {
    this.#cancelLapse();
  }

  async #set(source: ClockSource, byMs: number, who: string): Promise<ClockOutcome> {
    const reason = source === 'ntp' ? this.#againstServer(byMs) : undefined;
    if (reason !== undefined) {
      if (!this.#differs) await this.#tell('clock-sources-differ', `${who} by ${byMs} ms: ${reason}`);
      this.#differs = true;
      return 'kept';
    }
    const { clock } = this.#options;
    const beforeMs = clock.now();
    await this.#apply(source, byMs, who);
    for (const one of CLOCK_SOURCES) if (this.#last[one] === undefined) this.#holdsUntilMs.delete(one);
    this.#holdsUntilMs.set(source, clock.monotonicMs() + DAY_MS);
    this.#differs = false;
    this.#watchLapse();
    if (source === 'hes' || Math.abs(byMs) >= NOTABLE_MS) {
      await this.#tell(
        'clock-set',
        `${iso(beforeMs)} to ${iso(beforeMs + byMs)}, by ${byMs} ms, from ${who}`,
      );
    }
    return 'set';
  }

  /** On disk before it holds. */
  async #apply(source: ClockSource, byMs: number, who: string): Promise<void> {
    const { clock, keep, keeper, setMachine } = this.#options;
    const inMachine = (await keeper()) === 'system';
    const at = clock.now() + byMs;
    // What was said to be later has been taken back.
    const earlier = Object.entries(this.#last).filter(([, one]) => one.at - at <= AGREES_MS);
    const last = { ...Object.fromEntries(earlier), [source]: { source, who, at } };
    const offsetMs = inMachine ? 0 : clock.offsetMs + byMs;
    if (inMachine) setMachine(at);
    // From here on the machine has the whole of it, whatever becomes of the record.
    if (inMachine) clock.offsetMs = 0;
    keep(writeClockRecord({ offsetMs, last }));
    clock.offsetMs = offsetMs;
    this.#movedMs += byMs;
    this.#last = last;
  }

  /** Why a time server is not to correct the clock; undefined where it may. */
  #againstServer(byMs: number): string | undefined {
    if (this.#holds('hes') && Math.abs(byMs) > AGREES_MS) return 'the head-end goes before';
    const { last, lost } = this.state;
    if (last !== undefined && !lost && Math.abs(byMs) > MOST_CORRECTION_MS) return 'too far to be believed';
    return undefined;
  }

  #holds(source: ClockSource): boolean {
    return (this.#holdsUntilMs.get(source) ?? 0) > this.#options.clock.monotonicMs();
  }

  /** Tells once when a day has gone by without, and at once where the machine has lost its time. */
  #watchLapse(): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const untilMs = Math.max(...this.#holdsUntilMs.values(), 0);
    const waitMs = this.state.lost ? 0 : untilMs > nowMs ? untilMs - nowMs : DAY_MS;
    this.#cancelLapse();
    this.#cancelLapse = clock.after(waitMs, () => {
      const { last, lost } = this.state;
      const since = last === undefined ? 'never' : `last by ${last.who} at ${iso(last.at)}`;
      void this.#tell('clock-not-synchronised', lost ? `${since}, which is later than now` : since);
    });
  }

  /** What became of the clock must not depend on the logbook. */
  async #tell(type: ClockEvent, detail: string): Promise<void> {
    try {
      await this.#options.tell(type, detail);
    } catch (error) {
      this.#options.log.error('a logbook entry was lost', { type, ...toDcuError(error).toJSON() });
    }
  }
}

const iso = (utcMs: number): string => new Date(utcMs).toISOString();
