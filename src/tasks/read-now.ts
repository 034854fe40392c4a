import type { Clock } from '../base/clock.ts';
import type { CollectionStore } from '../base/collection.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { RegisterReading } from '../base/model.ts';
import type { MeterSession, RelayState } from '../meters/session.ts';

export interface ReadNowResult {
  /** UTC milliseconds at which the concentrator read. */
  readonly time: number;
  /** The meter's own clock, UTC milliseconds; null when it has none or could not be read. */
  readonly meterTime: number | null;
  readonly relay: RelayState | null;
  /** UTC milliseconds at which the relay said so; null without a relay. */
  readonly relayTime: number | null;
  readonly registers: readonly RegisterReading[];
}

/**
 * Clock, relay and the registers of now; what the meter refuses is left out. All of it is stored.
 * @throws DcuError `type-mismatch` naming a register whose value is no number, once the others are stored.
 */
export async function readNow(
  session: MeterSession,
  store: Pick<CollectionStore, 'saveRegisters'>,
  clock: Clock,
): Promise<ReadNowResult> {
  const reading = await orRefused(() => session.readClock());
  const relay = await orRefused(() => session.relayState());
  const wanted = session.profile.registers.map(({ classId, obis }) => ({ classId, obis, attribute: 2 }));
  const results = await session.readRegisters(wanted);
  const time = clock.now();
  const registers = session.toReadings(results, time);
  const readings = [...registers, ...session.toStateReadings({ clock: reading, relay }, time)];
  if (readings.length > 0) await store.saveRegisters(readings);
  for (const result of results) if (!result.ok && result.error !== undefined) throw result.error;
  return { time, meterTime: reading?.meterMs ?? null, relay, relayTime: relay && time, registers };
}

/** Switches, reads back what the relay says of itself and stores it. */
export async function operateRelay(
  session: MeterSession,
  to: 'off' | 'on',
  store: Pick<CollectionStore, 'saveRegisters'>,
  clock: Clock,
  log: Log,
): Promise<{ readonly relay: RelayState | null; readonly relayTime: number | null }> {
  await session.switchRelay(to);
  const relay = await orRefused(() => session.relayState());
  if (relay === null) return { relay, relayTime: null };
  const relayTime = clock.now();
  try {
    await store.saveRegisters(session.toStateReadings({ relay }, relayTime));
  } catch (thrown) {
    // The relay has moved: that is what the operator has to be told, whatever becomes of the record.
    log.error('the state of a relay could not be recorded', { relay, ...toDcuError(thrown).toJSON() });
  }
  return { relay, relayTime };
}

/** Null for what this meter does not have or does not grant. */
async function orRefused<Value>(read: () => Promise<Value>): Promise<Value | null> {
  try {
    return await read();
  } catch (thrown) {
    const error = toDcuError(thrown);
    if (error.code === 'not-granted' || error.code === 'type-mismatch') return null;
    throw error;
  }
}
