import type { Clock } from '../base/clock.ts';
import type { CollectionStore } from '../base/collection.ts';
import { openSecrets } from './archive.ts';
import { SECRET_SETTINGS } from './defaults.ts';
import type { Executor } from './executor.ts';
import type { SecretSealer } from './types.ts';

export function createCollection(executor: Executor, sealer: SecretSealer, clock: Clock): CollectionStore {
  return {
    meters: () => executor.read('allMeters'),
    secrets: (meterId) => openSecrets(executor, sealer, meterId),
    taskGroups: () => executor.read('listTaskGroups'),
    taskItems: () => executor.read('listTaskItems'),
    protocolAttributes: async (protocol) => {
      const rows = await executor.read('listProtocolAttributes', protocol);
      return Object.fromEntries(rows.map((row) => [row.key, row.value]));
    },
    coverage: (meterId, kind) => executor.read('readCoverage', meterId, kind),
    forgetCoverage: (fromMs) => executor.write('forgetCoverage', fromMs),
    appendProfile: (meterId, kind, rows, covered) =>
      executor.write('appendProfile', meterId, kind, rows, covered, clock.now()),
    appendEvents: (meterId, log, events, covered) =>
      executor.write('appendEvents', meterId, log, events, covered, clock.now()),
    columns: (meterId, kind) => executor.read('profileColumns', meterId, kind),
    registers: (meterId) => executor.read('readRegisters', meterId),
    saveRegisters: (readings) => executor.write('saveRegisters', readings),
    saveClockCheck: (check) => executor.write('saveClockCheck', check),
    saveClockCorrection: (correction) => executor.write('saveClockCorrection', correction),
    logMarks: (meterId) => executor.read('logMarks', meterId),
    saveLogMark: (meterId, mark) => executor.write('saveLogMark', meterId, mark),
    lastSuccess: (meterId, itemId) => executor.read('lastSuccess', meterId, itemId),
    saveAttempt: (attempt) => executor.write('saveAttempt', attempt),
    saveMeterState: (meterId, state, atMs) => executor.write('saveMeterState', meterId, state, atMs),
    contacts: () => executor.read('readContacts'),
    setting: async (key) => (SECRET_SETTINGS.has(key) ? undefined : executor.read('readSetting', key)),
    saveG3Finding: (finding) => executor.write('saveG3Finding', finding),
    counters: {
      peek: (keyId) => executor.read('nextCounter', keyId),
      reserve: (keyId, count) => executor.write('reserveCounters', keyId, count),
      raise: (keyId, value) => executor.write('raiseCounter', keyId, value),
    },
  };
}
