import type { CosemAttribute } from '../dlms/client.ts';
import type { DlmsData } from '../dlms/data.ts';
import { toUtcMs } from '../dlms/datetime.ts';
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
  };
}

/** What to do about a drift; seconds for `shift`. */
export type ClockCorrection =
  | { readonly do: 'nothing'; readonly why: 'within-threshold' | 'near-midnight' }
  | { readonly do: 'shift'; readonly seconds: number }
  | { readonly do: 'set' };

const EDGE_MS = 90_000;
const DAY_MS = 86_400_000;

/**
 * |drift| ≤ threshold: nothing; ≤ `shiftUpToMs`: shift; more: set. Never when the meter's local time, before or after
 * the correction, is within 90 s of midnight, so that no row moves into another day or month.
 */
export function clockCorrection(
  reading: ClockReading,
  nowMs: number,
  { thresholdMs, shiftUpToMs }: { readonly thresholdMs: number; readonly shiftUpToMs: number },
): ClockCorrection {
  const size = Math.abs(reading.driftMs);
  if (size <= thresholdMs) return { do: 'nothing', why: 'within-threshold' };
  const localMs = (utcMs: number): number => {
    const ms = (utcMs - reading.deviationMinutes * 60_000) % DAY_MS;
    return ms < 0 ? ms + DAY_MS : ms;
  };
  const nearEdge = (utcMs: number): boolean => {
    const ms = localMs(utcMs);
    return ms < EDGE_MS || ms > DAY_MS - EDGE_MS;
  };
  if (nearEdge(nowMs) || nearEdge(nowMs + reading.driftMs)) return { do: 'nothing', why: 'near-midnight' };
  if (size <= shiftUpToMs) return { do: 'shift', seconds: -Math.round(reading.driftMs / 1000) };
  return { do: 'set' };
}
