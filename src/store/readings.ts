import type { Executor } from './executor.ts';
import { clamped } from './interval.ts';
import type { Readings } from './types.ts';

export function createReadings(executor: Executor): Readings {
  return {
    profile: async (meterId, kind, interval) =>
      executor.read('readProfile', meterId, kind, clamped(interval)),
    events: async (meterId, query) =>
      executor.read('readEvents', meterId, {
        ...query,
        ...(query.interval === undefined ? {} : { interval: clamped(query.interval) }),
      }),
    registers: (meterId) => executor.read('readRegisters', meterId),
    clock: (meterId, limit = 50) => executor.read('readClock', meterId, limit),
    attempts: (meterId) => executor.read('readAttempts', meterId),
    coverage: (meterId, kind) => executor.read('readCoverage', meterId, kind),
    counts: async (day, month) => executor.read('readCounts', clamped(day), clamped(month)),
    totals: () => executor.read('readTotals'),
  };
}
