import type { RegisterReading } from '../base/model.ts';
import { decodeDateTime, toUtcMs } from '../dlms/datetime.ts';
import { CLOCK_CLASS } from './layout.ts';

/** Disconnect control. */
export const RELAY_CLASS = 70;
/** By the control state, attribute 3 of class 70. */
export const RELAY_STATES = ['off', 'on', 'ready'] as const;

export interface LastState {
  /** When the clock was read, or the newest register where it was not; UTC milliseconds. */
  readonly time: number;
  /** What the meter's clock showed then. */
  readonly meterTime: number | null;
  readonly relay: (typeof RELAY_STATES)[number] | null;
  /** When the relay said so. */
  readonly relayTime: number | null;
  /** What is neither clock nor relay. */
  readonly registers: readonly RegisterReading[];
}

/** What the stored readings of a meter say of its clock, relay and registers; undefined before the first. */
export function lastState(readings: readonly RegisterReading[]): LastState | undefined {
  const clock = readings.find(({ classId, attribute }) => classId === CLOCK_CLASS && attribute === 2);
  const relay = readings.find(({ classId, attribute }) => classId === RELAY_CLASS && attribute === 3);
  if (readings.length === 0) return undefined;
  return {
    time: clock?.time ?? Math.max(...readings.map(({ time }) => time)),
    meterTime:
      clock === undefined ? null : (toUtcMs(decodeDateTime(Uint8Array.fromHex(clock.value))) ?? null),
    relay: RELAY_STATES[Number(relay?.value)] ?? null,
    relayTime: relay?.time ?? null,
    registers: readings.filter((reading) => reading !== clock && reading !== relay),
  };
}
