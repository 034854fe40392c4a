import { BalanceKeeper } from '../balance/keeper.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Core } from './core.ts';

/**
 * Works out the balances of transformers as rows come in and the archive changes. What meters push is found at the next look.
 */
export function startBalances(
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  core: Core,
): BalanceKeeper {
  const keeper = new BalanceKeeper({ store: core.store.balances, clock, log: log.child('balance') });
  core.collector.bus.on('meter-data', ({ kind }) => {
    if (kind === 'energy') keeper.rowsCame();
  });
  core.onMetersChanged(() => keeper.metersChanged());
  keeper.start();
  return keeper;
}
