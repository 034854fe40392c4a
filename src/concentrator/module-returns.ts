import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Meter } from '../base/model.ts';
import type { Collector } from '../tasks/collector.ts';

/** Tells the collector of the meters behind a module that is there again, with how long it was not. */
export function tellReturns(
  collector: Pick<Collector, 'returned'>,
  meters: () => Promise<readonly Meter[]>,
  clock: Clock,
  log: Log,
): (channel: string, usable: boolean) => void {
  /** Monotonic ms since when the module of a channel is gone. */
  const gone = new Map<string, number>();
  return (channel, usable) => {
    const nowMs = clock.monotonicMs();
    if (!usable) {
      gone.set(channel, nowMs);
      return;
    }
    const sinceMs = gone.get(channel);
    gone.delete(channel);
    if (sinceMs === undefined) return;
    meters()
      .then((all) => {
        const behind = all.filter((meter) => meter.channel === channel).map(({ id }) => id);
        collector.returned(behind, nowMs - sinceMs);
      })
      .catch((error: unknown) =>
        log.error('who is behind a module that is back is not known', { ...toDcuError(error).toJSON() }),
      );
  };
}
