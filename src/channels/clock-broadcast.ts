import { type Clock, sleep } from '../base/clock.ts';
import { type ClockBroadcast, clockBroadcastFrame } from '../dlms/clock-broadcast.ts';
import { encodeDateTime, fromUtcMs } from '../dlms/datetime.ts';
import type { ByteChannel } from './channel.ts';

/** How the clocks that are set show their time. */
export interface BroadcastTime {
  /** Minutes to add to local time to get UTC. */
  readonly deviationMinutes: number;
  /** They are on daylight saving time. */
  readonly summer: boolean;
  /** What a byte takes on the line. */
  readonly msPerByte: number;
}

const SUMMER = 0x80;
/** Meters that set their clock are left in peace for so long. */
const SETTLE_MS = 500;

/**
 * Sets the clocks of all meters on the line to the time at which they have the whole frame. Nobody answers: whether it
 * was heard shows when a clock is read. @throws what the channel throws
 */
export async function broadcastClock(
  channel: ByteChannel,
  to: Omit<ClockBroadcast, 'time'>,
  { deviationMinutes, summer, msPerByte }: BroadcastTime,
  clock: Clock,
): Promise<void> {
  const frameAt = (utcMs: number): Uint8Array =>
    clockBroadcastFrame({
      ...to,
      time: encodeDateTime(fromUtcMs(utcMs, deviationMinutes, summer ? SUMMER : 0)),
    });
  const wayMs = frameAt(0).length * msPerByte;
  await channel.write(frameAt(clock.now() + wayMs));
  await sleep(clock, wayMs + SETTLE_MS);
}
