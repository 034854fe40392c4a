import { type Clock, systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import {
  type Neighbourhood,
  type ServedMeter,
  type StartOptions,
  startNeighbourhood,
} from '../../src/simulator/neighbourhood.ts';
import { type NeighbourhoodOptions, planNeighbourhood } from '../../src/simulator/plan.ts';

export interface Neighbours extends Neighbourhood {
  /** By position, counted from 0. */
  at(index: number): ServedMeter;
}

/** A few simulated meters on free ports and pseudo-terminals. */
export async function startNeighbours(
  plan: Partial<NeighbourhoodOptions> = {},
  clock: Clock = systemClock,
  rest: Partial<StartOptions> = {},
): Promise<Neighbours> {
  const neighbourhood = await startNeighbourhood({
    seed: 11,
    clock,
    log: silentLog,
    meters: planNeighbourhood({ seed: 11, meters: 1, tcpBase: 0, framing: 'wrapper', auth: 'none', ...plan }),
    ...rest,
  });
  return {
    meters: neighbourhood.meters,
    stop: () => neighbourhood.stop(),
    at: (index) => {
      const meter = neighbourhood.meters[index];
      if (meter === undefined) throw new Error(`there is no meter ${index}`);
      return meter;
    },
  };
}
