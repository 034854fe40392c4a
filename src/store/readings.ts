import type { Executor } from './executor.ts';
import type { Readings } from './types.ts';

export function createReadings(executor: Executor): Readings {
  return {
    profile: (meterId, kind, interval) => executor.read('readProfile', meterId, kind, interval),
    events: (meterId, query) => executor.read('readEvents', meterId, query),
    registers: (meterId) => executor.read('readRegisters', meterId),
    coverage: (meterId, kind) => executor.read('readCoverage', meterId, kind),
    counts: (day, month) => executor.read('readCounts', day, month),
    totals: () => executor.read('readTotals'),
  };
}
