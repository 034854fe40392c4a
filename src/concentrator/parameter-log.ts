import type { Log } from '../base/log.ts';
import type { DeviceLogbook } from '../device/logbook.ts';
import type { Store } from '../store/types.ts';

/** What of the audited actions is a change of parameters (user manual §7.3 i). Meters and accounts are not. */
const PARAMETERS =
  /^(?:setting|channel|channel-attribute|protocol-attribute|task|task-item|uplink\.rule|network\.band)\b/;

/**
 * The audit of what people change, telling the concentrator's logbook of parameters. What a head-end changes is told where it is
 * done.
 */
export function tellingParameters(
  audit: Store['audit'],
  logbook: Pick<DeviceLogbook, 'recordParameters'>,
  log: Log,
): Store['audit'] {
  return {
    ...audit,
    record: async (entry) => {
      await audit.record(entry);
      if (!PARAMETERS.test(entry.action)) return;
      // The change is made and audited: that must not fail for the sake of a second record.
      await logbook.recordParameters([entry.subject], entry.actor).catch((error: unknown) => {
        log.error('the logbook could not be written', { error: String(error) });
      });
    },
  };
}
