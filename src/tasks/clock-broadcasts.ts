import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Meter } from '../base/model.ts';
import type { ByteChannel } from '../channels/channel.ts';
import { broadcastClock } from '../channels/clock-broadcast.ts';
import { type ClockLimits, type ClockReading, clockCorrection } from '../meters/clock.ts';
import type { LineAccess } from '../meters/line-channels.ts';
import { msPerByteOf } from '../meters/line-settings.ts';
import type { MeterProfile } from '../meters/meter-profile.ts';

/** Meters that one broadcast sets: on one line, and alike in all that it says. */
export interface BroadcastGroup {
  /** Any of them: by it the line is found and set. */
  readonly meter: Meter;
  readonly profile: MeterProfile;
  readonly deviationMinutes: number;
  readonly summer: boolean;
}

/** A clock that was found off, before a broadcast. */
interface OffClock {
  readonly reading: ClockReading;
  readonly limits: ClockLimits;
  readonly atMs: number;
}

interface Gathering {
  readonly group: BroadcastGroup;
  readonly off: Map<number, OffClock>;
  readonly sinceMs: number;
  /** When the broadcast is due or was sent, monotonic ms; undefined while too few clocks are off. */
  dueMs: number | undefined;
  sent: boolean;
}

/** What a broadcast has done to a clock, or is to do. */
export type BroadcastCourse =
  /** It may come, or is due: the clock is to be looked at again after so long. */
  | { readonly do: 'wait'; readonly forMs: number }
  /** It has come; so far was the clock off before. */
  | { readonly do: 'heard'; readonly before: ClockReading; readonly atMs: number }
  /** There is none for this clock. */
  | { readonly do: 'alone' };

/** Clocks off on one line at which setting all at once costs less than one after the other. */
const ENOUGH = 3;
/** For so long a round may take to find that many. */
const PATIENCE_MS = 180_000;
/** Sent; its meters are looked at again for so long, and those found off meanwhile are corrected one by one. */
const ONE_ROUND_MS = 3_600_000;
/** Between a broadcast and the next look at a clock that it is for. */
const AFTERWARDS_MS = 10_000;
/** Looks into the future for an instant at which no clock is near an edge. */
const MOST_WAITS = 100;

export interface ClockBroadcastDependencies {
  readonly clock: Clock;
  profileOf(meter: Meter): MeterProfile;
  /**
   * Sends a broadcast on the line of the group as soon as that is free and `ready` says that it may be; false when it does not.
   * Rejects when it could not be sent.
   */
  send(group: BroadcastGroup, ready: () => boolean): Promise<boolean>;
  readonly log: Log;
}

/**
 * Sets the clocks of a line all at once, where its channel allows that and enough of them are found off by little. A clock
 * that a broadcast did not help is corrected by itself, now and from then on.
 */
export class ClockBroadcasts {
  readonly #deps: ClockBroadcastDependencies;
  readonly #gatherings = new Map<string, Gathering>();
  readonly #deaf = new Set<number>();
  readonly #timers = new Set<() => void>();
  #stopped = false;

  constructor(deps: ClockBroadcastDependencies) {
    this.#deps = deps;
  }

  /** What is to be done about a clock that was just read; `limits` with the meter's capture periods if it is off. */
  course(meter: Meter, access: LineAccess, reading: ClockReading, limits: ClockLimits): BroadcastCourse {
    const { address } = meter;
    if (access.clockBroadcast !== true || address.framing !== 'hdlc' || address.opening === 'mode-e') {
      return { do: 'alone' };
    }
    const group = this.#groupOf(meter, reading);
    const key = keyOf(access.lineName, group);
    const gathering = this.#current(key);
    const before = gathering?.off.get(meter.id);
    const isOff = Math.abs(reading.driftMs) > limits.thresholdMs;
    if (gathering?.sent === true) {
      gathering.off.delete(meter.id);
      if (before === undefined) return { do: 'alone' };
      if (isOff) this.#deaf.add(meter.id);
      return isOff ? { do: 'alone' } : { do: 'heard', before: before.reading, atMs: before.atMs };
    }
    const isSmall = Math.abs(reading.driftMs) <= limits.shiftUpToMs;
    if (!isOff || !isSmall || this.#deaf.has(meter.id)) return { do: 'alone' };
    const { clock } = this.#deps;
    const nowMs = clock.monotonicMs();
    const open = gathering ?? { group, off: new Map(), sinceMs: nowMs, dueMs: undefined, sent: false };
    if (open.dueMs === undefined && nowMs - open.sinceMs >= PATIENCE_MS) {
      // Too few are off: each is corrected by itself.
      open.off.delete(meter.id);
      if (open.off.size === 0) this.#gatherings.delete(key);
      return { do: 'alone' };
    }
    this.#gatherings.set(key, open);
    open.off.set(meter.id, { reading, limits, atMs: clock.now() });
    if (open.dueMs === undefined && open.off.size >= ENOUGH) this.#plan(open);
    const lookMs = (open.dueMs ?? open.sinceMs + PATIENCE_MS) - nowMs;
    return { do: 'wait', forMs: Math.max(0, lookMs) + AFTERWARDS_MS };
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  #groupOf(meter: Meter, { deviationMinutes, summer = false }: ClockReading): BroadcastGroup {
    return { meter, profile: this.#deps.profileOf(meter), deviationMinutes, summer };
  }

  /** The gathering of a line, unless it is of an earlier round. */
  #current(key: string): Gathering | undefined {
    const found = this.#gatherings.get(key);
    if (found === undefined) return undefined;
    const ageMs = this.#deps.clock.monotonicMs() - (found.dueMs ?? found.sinceMs);
    if (ageMs <= ONE_ROUND_MS) return found;
    this.#gatherings.delete(key);
    return undefined;
  }

  #plan(gathering: Gathering): void {
    const { clock } = this.#deps;
    const waitMs = this.#clearIn(gathering);
    gathering.dueMs = clock.monotonicMs() + waitMs;
    const cancel = clock.after(waitMs, () => {
      this.#timers.delete(cancel);
      void this.#send(gathering);
    });
    this.#timers.add(cancel);
  }

  async #send(gathering: Gathering): Promise<void> {
    try {
      const wasSent = await this.#deps.send(gathering.group, () => this.#clearIn(gathering) === 0);
      if (wasSent) gathering.sent = true;
      else if (!this.#stopped) this.#plan(gathering);
    } catch (thrown) {
      this.#deps.log.debug('clocks could not be set all at once', { ...toDcuError(thrown).toJSON() });
      // Then it is as if there were none.
      gathering.sent = true;
      gathering.off.clear();
    }
  }

  /** How long until no clock that is known to be off, nor one that is right, would be set near an edge or over one. */
  #clearIn({ off }: Gathering): number {
    const nowMs = this.#deps.clock.now();
    let waitMs = 0;
    for (let looks = 0; looks < MOST_WAITS; looks++) {
      const longest = [...off.values()].map(({ reading, limits }) => {
        const correction = clockCorrection(reading, nowMs + waitMs, limits);
        return correction.do === 'wait' ? correction.forMs : 0;
      });
      const moreMs = Math.max(0, ...longest);
      if (moreMs === 0) break;
      waitMs += moreMs;
    }
    return waitMs;
  }
}

const keyOf = (
  lineName: string,
  { meter: { address }, profile, deviationMinutes, summer }: BroadcastGroup,
): string =>
  JSON.stringify([
    lineName,
    address.baudRate ?? null,
    address.parity ?? null,
    address.addressBytes,
    profile.name,
    deviationMinutes,
    summer,
  ]);

/** Sends the broadcast of a group, as the client of its profile that need not associate. @throws what the channel throws */
export async function setAllClocks(
  channel: ByteChannel,
  { meter: { address }, profile, deviationMinutes, summer }: BroadcastGroup,
  clock: Clock,
): Promise<void> {
  const client = profile.clients.find(({ preEstablished }) => preEstablished === true) ?? profile.clients[0];
  const to = {
    clientAddress: client?.address ?? address.clientAddress,
    addressBytes: address.addressBytes,
    clock: profile.clock,
  };
  const msPerByte = msPerByteOf(channel.settings, address) ?? 0;
  await broadcastClock(channel, to, { deviationMinutes, summer, msPerByte }, clock);
}
