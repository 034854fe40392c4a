import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Blacklist, BlacklistEntry } from './blacklist.ts';
import type { DeviceLogbook } from './logbook.ts';

export interface BlacklistGuardOptions {
  readonly blacklist: Blacklist;
  readonly logbook: Pick<DeviceLogbook, 'record'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Events of one device are this far apart at least; what happens in between is counted. */
const EVENT_EVERY_MS = 3_600_000;
/** What asks several times within the granularity of the schedule has tried once. */
const ONE_ATTEMPT_MS = 60_000;

interface Attempts {
  recordedAt: number;
  lastAt: number;
  /** Since the last event. */
  uncounted: number;
}

/** Keeps devices of the blacklist from communicating, and tells the logbook of those that try. */
export class BlacklistGuard {
  readonly #options: BlacklistGuardOptions;
  readonly #attempts = new Map<number, Attempts>();

  constructor(options: BlacklistGuardOptions) {
    this.#options = options;
  }

  /** To be called when the list has changed: who comes back onto it is told of anew. */
  replace(entries: readonly BlacklistEntry[]): void {
    this.#options.blacklist.replace(entries);
    const known = new Set(entries.map(({ id }) => id));
    for (const id of this.#attempts.keys()) if (!known.has(id)) this.#attempts.delete(id);
  }

  /** The entry of a device, without counting an attempt. */
  match(candidates: readonly string[]): BlacklistEntry | undefined {
    return this.#options.blacklist.match(candidates);
  }

  /**
   * True when the device may not communicate; the attempt goes into the logbook (`device-blacklisted`), at most once an hour for each
   * entry, then with the number of those before it.
   * @param what what was tried, e.g. `reading`, `registration`, `discovery`
   */
  refuses(candidates: readonly string[], what: string): boolean {
    const entry = this.match(candidates);
    if (entry !== undefined) this.#attempted(entry, candidates[0] ?? entry.address, what);
    return entry !== undefined;
  }

  /** As `refuses`. @throws DcuError `blacklisted` */
  require(candidates: readonly string[], what: string): void {
    if (!this.refuses(candidates, what)) return;
    const entry = this.match(candidates);
    throw new DcuError(
      'blacklisted',
      `${candidates[0] ?? ''} is on the blacklist: ${entry?.reason ?? ''}`,
      entry === undefined ? {} : { facts: { entry: entry.id } },
    );
  }

  #attempted({ id, address, reason }: BlacklistEntry, name: string, what: string): void {
    const { clock, logbook, log } = this.#options;
    const nowMs = clock.now();
    const before = this.#attempts.get(id);
    if (before !== undefined && Math.abs(nowMs - before.lastAt) < ONE_ATTEMPT_MS) return;
    // A clock that was set back must not silence the events.
    if (before !== undefined && Math.abs(nowMs - before.recordedAt) < EVENT_EVERY_MS) {
      before.lastAt = nowMs;
      before.uncounted += 1;
      return;
    }
    this.#attempts.set(id, { recordedAt: nowMs, lastAt: nowMs, uncounted: 0 });
    const also = name === address ? '' : ` (entry ${address})`;
    const earlier =
      before === undefined || before.uncounted === 0
        ? ''
        : `; ${before.uncounted} more attempts since the last entry`;
    logbook
      .record('device-blacklisted', `${name}${also}: ${what} refused: ${reason}${earlier}`)
      .catch((error: unknown) => log.error('a logbook entry was lost', { ...toDcuError(error).toJSON() }));
  }
}
