import type { CollectionStore } from '../../base/collection.ts';
import { toDcuError } from '../../base/errors.ts';
import { type ClockReading, clockCorrection } from '../../meters/clock.ts';
import type { MeterSession } from '../../meters/session.ts';
import type { BroadcastCourse } from '../clock-broadcasts.ts';
import { type ActionContext, type ActionOutcome, defineTaskType } from '../task-type.ts';

/** Of the settings `clock.threshold` and `clock.shift.limit`, where they are not there. */
const THRESHOLD_S = 2;
const SHIFT_LIMIT_S = 60;

/** A correction that came late, or was passed by another, is made again; a clock that cannot be kept is left for the next tick. */
const MOST_CORRECTIONS = 3;

/** Measures the drift, corrects it while it matters, looks again each time, and records all of it. */
async function keepTime(context: ActionContext): Promise<ActionOutcome> {
  const { meter, session, store, clock } = context;
  const thresholdMs = await secondsOf(store, 'clock.threshold', THRESHOLD_S);
  const shiftUpToMs = await secondsOf(store, 'clock.shift.limit', SHIFT_LIMIT_S);
  let reading = await session.surestClock(thresholdMs);
  let periodsMs: readonly number[] | undefined;
  for (let corrections = 0; ; corrections++) {
    const driftMs = Math.round(reading.driftMs);
    if (Math.abs(driftMs) > thresholdMs) periodsMs ??= await session.capturePeriods();
    const limits = { thresholdMs, shiftUpToMs, periodsMs: periodsMs ?? [] };
    const correction = clockCorrection(reading, clock.now(), limits);
    const check = { meterId: meter.id, driftMs };
    if (corrections === 0) {
      const course = context.broadcast(reading, limits);
      if (course.do === 'wait') {
        if (driftMs > 0) await context.settingBack(clock.now() + course.forMs + driftMs);
        await store.saveClockCheck({ ...check, time: clock.now(), action: 'none' });
        return { againInMs: course.forMs };
      }
      if (course.do === 'heard') {
        await noteHeard(context, course, driftMs);
        return 'done';
      }
    }
    if (correction.do === 'nothing' || correction.do === 'wait') {
      // What a correction has left is on record with it.
      if (corrections === 0) await store.saveClockCheck({ ...check, time: clock.now(), action: 'none' });
      if (correction.do === 'wait') return { againInMs: correction.forMs };
      return correction.why === 'within-threshold' ? 'done' : 'pending';
    }
    if (corrections === MOST_CORRECTIONS) return 'pending';
    reading = await corrected(context, reading, correction, thresholdMs);
  }
}

/** A clock that was off before all of its line were set at once, and is right now. */
async function noteHeard(
  { meter, store, corrected: tell }: ActionContext,
  { before, atMs }: Extract<BroadcastCourse, { do: 'heard' }>,
  leftMs: number,
): Promise<void> {
  const check = { meterId: meter.id, driftMs: Math.round(before.driftMs), time: atMs };
  await store.saveClockCheck({ ...check, action: 'set' });
  const done = { ...check, action: 'broadcast', leftMs } as const;
  await store.saveClockCorrection(done);
  tell(done);
}

type Correction = { readonly do: 'shift'; readonly seconds: number } | { readonly do: 'set' };

/** One correction, with what it has left. */
async function corrected(
  { meter, session, store, clock, settingBack, corrected: tell }: ActionContext,
  reading: ClockReading,
  correction: Correction,
  thresholdMs: number,
): Promise<ClockReading> {
  const check = { meterId: meter.id, driftMs: Math.round(reading.driftMs), time: clock.now() };
  try {
    if (check.driftMs > 0) await settingBack(check.time + check.driftMs);
    const action = await correct(session, reading, correction);
    const left = await session.surestClock(thresholdMs);
    await store.saveClockCheck({ ...check, action });
    const done = { ...check, action, leftMs: Math.round(left.driftMs) };
    await store.saveClockCorrection(done);
    tell(done);
    return left;
  } catch (thrown) {
    if (toDcuError(thrown).code === 'not-granted') {
      await store.saveClockCheck({ ...check, action: 'refused' });
      await store.saveClockCorrection({ ...check, action: 'refused' });
    }
    throw thrown;
  }
}

/** A meter that does not let its clock be shifted may let it be set. */
async function correct(
  session: MeterSession,
  { roundTripMs }: ClockReading,
  correction: Correction,
): Promise<'shifted' | 'set'> {
  if (correction.do === 'shift') {
    try {
      await session.shiftClock(correction.seconds, roundTripMs);
      return 'shifted';
    } catch (thrown) {
      if (toDcuError(thrown).code !== 'not-granted') throw thrown;
    }
  }
  await session.setClock(roundTripMs);
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
