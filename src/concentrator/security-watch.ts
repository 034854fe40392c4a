import { ERROR_TABLE, type ErrorCode, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { DeviceLogbook } from '../device/logbook.ts';
import type { Collector } from '../tasks/collector.ts';

/**
 * Puts meters whose authentication, ciphering or invocation counter is not in order into the logbook: each kind of
 * trouble once, until the meter has been read again. Returns what ends the watch.
 */
export function watchSecurity(
  collector: Pick<Collector, 'bus'>,
  logbook: Pick<DeviceLogbook, 'record'>,
  log: Log,
): () => void {
  const told = new Map<number, Set<ErrorCode>>();
  return collector.bus.on('job-finished', ({ meterId, meterNo, outcome, error }) => {
    if (outcome === 'done') told.delete(meterId);
    if (error === undefined || !isSecurityAlarm(error.code)) return;
    const known = told.get(meterId) ?? new Set();
    told.set(meterId, known);
    if (known.has(error.code)) return;
    known.add(error.code);
    logbook
      .record('meter-security', `${meterNo}: ${error.code}: ${error.message}`)
      .catch((failure: unknown) =>
        log.error('a logbook entry was lost', { ...toDcuError(failure).toJSON() }),
      );
  });
}

function isSecurityAlarm(code: string): code is ErrorCode {
  if (!Object.hasOwn(ERROR_TABLE, code)) return false;
  const { origin, alarm } = ERROR_TABLE[code as ErrorCode];
  return alarm && origin === 'auth';
}
