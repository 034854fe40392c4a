import type { CosemAttribute } from '../dlms/client.ts';
import type { DlmsData } from '../dlms/data.ts';
import { CLOCK_STATUS, toUtcMs } from '../dlms/datetime.ts';
import { dateTimeOf, mismatch } from './attribute.ts';

export interface ClockReading {
  /** Concentrator time in the middle of the round trip, UTC ms. */
  readonly readAtMs: number;
  /** What the meter showed, UTC ms. */
  readonly meterMs: number;
  /** Meter minus concentrator with half the round trip taken out, ms. */
  readonly driftMs: number;
  readonly roundTripMs: number;
  /** As in the bytes: minutes to add to local time to get UTC; 0 when the meter leaves it unspecified. */
  readonly deviationMinutes: number;
  readonly status: number;
  /** Whether it is on daylight saving time; absent when it does not say. */
  readonly summer?: boolean;
}

/** @throws DcuError `type-mismatch` when the value names no instant. */
export function clockReading(
  attribute: CosemAttribute,
  value: DlmsData,
  beforeMs: number,
  roundTripMs: number,
): ClockReading {
  const time = dateTimeOf(attribute, value);
  const shownMs = toUtcMs(time);
  if (shownMs === undefined) throw mismatch(attribute, 'an incomplete date-time', 'an instant');
  // A clock that shows whole seconds is on average half a second further than it says.
  const meterMs = time.hundredths === undefined ? shownMs + 500 : shownMs;
  const readAtMs = beforeMs + roundTripMs / 2;
  return {
    readAtMs,
    meterMs: shownMs,
    driftMs: meterMs - readAtMs,
    roundTripMs,
    deviationMinutes: time.deviationMinutes ?? 0,
    status: time.status ?? 0,
    ...(time.status === undefined ? {} : { summer: (time.status & CLOCK_STATUS.daylightSaving) !== 0 }),
  };
}

/**
 * The reading that says most: the one with the shortest round trip of up to `most`. Ends early once the round trip leaves
 * no doubt, or even the worst of it leaves the clock within the threshold.
 */
export async function surestReading(
  read: () => Promise<ClockReading>,
  thresholdMs: number,
  most = 5,
): Promise<ClockReading> {
  let best = await read();
  for (let count = 1; count < most && isDoubtful(best, thresholdMs); count++) {
    const next = await read();
    if (next.roundTripMs < best.roundTripMs) best = next;
  }
  return best;
}

/** Meters show whole seconds: what is less than that costs nothing to know better. */
const GOOD_ENOUGH_MS = 500;

function isDoubtful({ driftMs, roundTripMs }: ClockReading, thresholdMs: number): boolean {
  const doubtMs = roundTripMs / 2;
  return doubtMs > GOOD_ENOUGH_MS && Math.abs(driftMs) + doubtMs > thresholdMs;
}

export interface ClockLimits {
  readonly thresholdMs: number;
  readonly shiftUpToMs: number;
  /** Capture periods of the meter's profiles. */
  readonly periodsMs: readonly number[];
}

/** What to do about a drift; seconds for `shift`, milliseconds until an edge is past for `wait`. */
export type ClockCorrection =
  | { readonly do: 'nothing'; readonly why: 'within-threshold' | 'round-trip-too-long' }
  | { readonly do: 'wait'; readonly forMs: number }
  | { readonly do: 'shift'; readonly seconds: number }
  | { readonly do: 'set' };

/** How far a correction stays away from the edge of a day or a capture period. */
const EDGE_MS = 90_000;
const DAY_MS = 86_400_000;
/** Most that method 6 of class 8 shifts by (Blue Book, 4.5.1). */
const MOST_SHIFT_MS = 900_000;
const LOOK_AHEAD_MS = 3_600_000;
const LOOK_EVERY_MS = 5_000;

/**
 * |drift| ≤ threshold, or no more than the round trip can explain: nothing; ≤ `shiftUpToMs`: shift; more: set. Neither
 * the old nor the new time of a correction is within 90 s of the meter's midnight, so that no row moves into another day
 * or month, nor near a capture, and a shift passes over none, so that no row is lost or made twice. Where a period leaves
 * no room for that, the clock is set.
 */
export function clockCorrection(reading: ClockReading, nowMs: number, limits: ClockLimits): ClockCorrection {
  const { driftMs, roundTripMs } = reading;
  const size = Math.abs(driftMs);
  const doubtMs = roundTripMs / 2;
  if (size <= limits.thresholdMs) return { do: 'nothing', why: 'within-threshold' };
  if (doubtMs > limits.thresholdMs && size <= limits.thresholdMs + doubtMs) {
    return { do: 'nothing', why: 'round-trip-too-long' };
  }
  const periods = limits.periodsMs.filter((periodMs) => periodMs > 0);
  const hasRoom = periods.every((periodMs) => size + 2 * guardOf(periodMs) + LOOK_EVERY_MS < periodMs);
  const shifts = hasRoom && size <= Math.min(limits.shiftUpToMs, MOST_SHIFT_MS);
  for (let forMs = 0; forMs <= LOOK_AHEAD_MS; forMs += LOOK_EVERY_MS) {
    if (!isClear(reading, nowMs + forMs, [DAY_MS, ...periods], shifts)) continue;
    if (forMs > 0) return { do: 'wait', forMs };
    return shifts ? { do: 'shift', seconds: -Math.round(driftMs / 1000) } : { do: 'set' };
  }
  return { do: 'wait', forMs: LOOK_AHEAD_MS };
}

/** Captures every few minutes leave less room. */
const guardOf = (periodMs: number): number => Math.min(EDGE_MS, periodMs / 5);

/** Whether a correction at an instant leaves all edges alone; `over`: also those between the old time and the new. */
function isClear(
  { driftMs, deviationMinutes }: ClockReading,
  atMs: number,
  periodsMs: readonly number[],
  over: boolean,
): boolean {
  const after = atMs - deviationMinutes * 60_000;
  const before = after + driftMs;
  return periodsMs.every((periodMs) => {
    const guard = guardOf(periodMs);
    const holdsEdge = (fromMs: number, toMs: number): boolean =>
      Math.floor((toMs + guard) / periodMs) * periodMs >= fromMs - guard;
    if (over) return !holdsEdge(Math.min(before, after), Math.max(before, after));
    return !holdsEdge(before, before) && !holdsEdge(after, after);
  });
}
