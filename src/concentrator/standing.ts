import { namesOfMeter } from '../base/device-address.ts';
import { DcuError } from '../base/errors.ts';
import type { Meter } from '../base/model.ts';
import type { BlacklistGuard } from '../device/blacklist-guard.ts';
import type { Collector } from '../tasks/collector.ts';

/** Where a meter that was replaced used to answer another one does: what that says is not this one's. */
const isGone = (meter: Meter): boolean => meter.replaced !== undefined && !meter.enabled;

/** @throws DcuError `blacklisted` (and the logbook is told), `conflict` for a meter that was replaced */
export function requireStanding(meter: Meter, blacklist: Pick<BlacklistGuard, 'require'>): void {
  if (isGone(meter)) {
    throw new DcuError('conflict', `meter ${meter.meterNo} was replaced; another one answers in its place`, {
      field: 'enabled',
    });
  }
  blacklist.require(namesOfMeter(meter), 'reading');
}

/** After a replacement or a change of the blacklist: ends the work at meters that may not be read any more. */
export async function endRefusedWork(
  collector: Pick<Collector, 'snapshot' | 'cancelMeters'>,
  meters: () => Promise<readonly Meter[]>,
  blacklist: Pick<BlacklistGuard, 'match'>,
): Promise<void> {
  if (collector.snapshot().jobs.length === 0) return;
  const refused = (await meters()).filter(
    (meter) => isGone(meter) || blacklist.match(namesOfMeter(meter)) !== undefined,
  );
  collector.cancelMeters(new Set(refused.map(({ id }) => id)));
}
