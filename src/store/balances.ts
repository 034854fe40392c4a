import type { BalanceStore } from '../base/balance.ts';
import type { Clock } from '../base/clock.ts';
import type { Executor } from './executor.ts';
import { clamped } from './interval.ts';

export function createBalances(executor: Executor, clock: Clock): BalanceStore {
  return {
    transformers: () => executor.read('listTransformers'),
    transformer: async (meterId) => (await executor.read('listTransformers', meterId))[0],
    intervals: async (meterId, ends) => executor.read('readBalance', meterId, clamped(ends)),
    settlePlaces: () => executor.write('settleBalancePlaces', clock.now()),
    due: (limit) => executor.read('listBalanceDue', limit),
    places: (interval) => executor.read('listBalancePlaces', interval),
    energyRows: (meterIds, interval, obisCodes) =>
      executor.read('readEnergyRows', meterIds, interval, obisCodes),
    save: (meterId, day, intervals) => executor.write('saveBalance', meterId, day, intervals, clock.now()),
    done: (due) => executor.write('endBalanceDue', due),
  };
}
