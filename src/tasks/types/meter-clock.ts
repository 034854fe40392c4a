import type { CollectionStore } from '../../base/collection.ts';
import { toDcuError } from '../../base/errors.ts';
import { type ClockReading, clockCorrection } from '../../meters/clock.ts';
import type { MeterSession } from '../../meters/session.ts';
import { type ActionContext, type ActionOutcome, defineTaskType } from '../task-type.ts';

/** Of the settings `clock.threshold` and `clock.shift.limit`, where they are not there. */
const THRESHOLD_S = 2;
const SHIFT_LIMIT_S = 60;

/** Measures the drift, corrects it when it matters, looks again, and records all of it. */
async function keepTime({ meter, session, store, clock, corrected }: ActionContext): Promise<ActionOutcome> {
  const thresholdMs = await secondsOf(store, 'clock.threshold', THRESHOLD_S);
  const shiftUpToMs = await secondsOf(store, 'clock.shift.limit', SHIFT_LIMIT_S);
  const reading = await session.surestClock(thresholdMs);
  const driftMs = Math.round(reading.driftMs);
  const isOff = Math.abs(driftMs) > thresholdMs;
  const periodsMs = isOff ? await session.capturePeriods() : [];
  const correction = clockCorrection(reading, clock.now(), { thresholdMs, shiftUpToMs, periodsMs });
  const check = { meterId: meter.id, driftMs };
  if (correction.do === 'nothing' || correction.do === 'wait') {
    await store.saveClockCheck({ ...check, time: clock.now(), action: 'none' });
    if (correction.do === 'wait') return { againInMs: correction.forMs };
    return correction.why === 'within-threshold' ? 'done' : 'pending';
  }
  const time = clock.now();
  try {
    const action = await correct(session, reading, correction, () => clock.now());
    const left = await session.surestClock(thresholdMs);
    await store.saveClockCheck({ ...check, time, action });
    const done = { ...check, time, action, leftMs: Math.round(left.driftMs) };
    await store.saveClockCorrection(done);
    corrected(done);
  } catch (thrown) {
    if (toDcuError(thrown).code === 'not-granted') {
      await store.saveClockCheck({ ...check, time, action: 'refused' });
      await store.saveClockCorrection({ ...check, time, action: 'refused' });
    }
    throw thrown;
  }
  return 'done';
}

/** A meter that does not let its clock be shifted may let it be set. */
async function correct(
  session: MeterSession,
  { roundTripMs }: ClockReading,
  correction: { readonly do: 'shift'; readonly seconds: number } | { readonly do: 'set' },
  now: () => number,
): Promise<'shifted' | 'set'> {
  if (correction.do === 'shift') {
    try {
      await session.shiftClock(correction.seconds);
      return 'shifted';
    } catch (thrown) {
      if (toDcuError(thrown).code !== 'not-granted') throw thrown;
    }
  }
  await session.setClock(now(), roundTripMs);
  return 'set';
}

async function secondsOf(
  store: Pick<CollectionStore, 'setting'>,
  key: string,
  usual: number,
): Promise<number> {
  const seconds = Number((await store.setting(key)) ?? usual);
  return (seconds > 0 ? seconds : usual) * 1000;
}

export const meterClock = defineTaskType({
  type: 'Meter Clock',
  title: 'Meter clock',
  description: 'Keeps the clock of the meter in UTC: small drift shifted, large drift set',
  collects: 'nothing',
  run: keepTime,
});
