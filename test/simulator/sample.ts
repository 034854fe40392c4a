import { MeteringPoint, type MeteringPointPlan } from '../../src/simulator/metering-point.ts';

/** 20 November 2026, 09:07 UTC. */
export const START_MS = Date.UTC(2026, 10, 20, 9, 7);

/** A metering point like those of a planned neighbourhood. */
export function samplePoint(change: Partial<MeteringPointPlan> = {}): MeteringPoint {
  return new MeteringPoint({
    seed: 1,
    meterIndex: 0,
    kind: 'household',
    phases: 3,
    feeder: 0,
    zone: { utcOffsetMinutes: 60, daylightSaving: true },
    startMs: START_MS,
    liveOutages: false,
    ...change,
  });
}
