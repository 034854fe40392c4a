import { toDcuError } from '../../base/errors.ts';
import { clockCorrection } from '../../meters/clock.ts';
import { type ActionContext, type ActionOutcome, defineTaskType } from '../task-type.ts';

const LIMITS = { thresholdMs: 2_000, shiftUpToMs: 60_000 };

/** Measures the drift, corrects it when it matters, and records either. */
async function keepTime({ meter, session, store, clock }: ActionContext): Promise<ActionOutcome> {
  const reading = await session.readClock();
  const correction = clockCorrection(reading, clock.now(), LIMITS);
  const save = (action: 'none' | 'shifted' | 'set' | 'refused'): Promise<void> =>
    store.saveClockCheck({
      meterId: meter.id,
      time: clock.now(),
      driftMs: Math.round(reading.driftMs),
      action,
    });
  if (correction.do === 'nothing') {
    await save('none');
    return correction.why === 'near-midnight' ? 'pending' : 'done';
  }
  try {
    if (correction.do === 'shift') await session.shiftClock(correction.seconds);
    else await session.setClock(clock.now());
  } catch (thrown) {
    if (toDcuError(thrown).code === 'not-granted') await save('refused');
    throw thrown;
  }
  await save(correction.do === 'shift' ? 'shifted' : 'set');
  return 'done';
}

export const meterClock = defineTaskType({
  type: 'Meter Clock',
  title: 'Meter clock',
  description: 'Keeps the clock of the meter in UTC: small drift shifted, large drift set',
  collects: 'nothing',
  run: keepTime,
});
