import { checkSetting } from './attribute-fields.ts';
import { SECRET_SETTINGS } from './defaults.ts';
import type { Executor } from './executor.ts';
import { createSecretAttributes, HIDDEN } from './secret-attributes.ts';
import type { Configuration, SecretSealer } from './types.ts';
import { checkText } from './validation.ts';

const placeOf = (key: string): string => `setting/${key}`;

export function createConfiguration(
  executor: Executor,
  sealer: SecretSealer,
  validateCron: (text: string) => void,
): Configuration {
  const stored = async (key: string, value: string): Promise<string> => {
    if (!SECRET_SETTINGS.has(key) || value === '') return value;
    checkText(key, value, 0, 128);
    checkSetting(key, value);
    return sealer.seal(new TextEncoder().encode(value), placeOf(key));
  };
  return {
    taskGroups: () => executor.read('listTaskGroups'),
    saveTaskGroup: (group) => executor.write('saveTaskGroup', group),
    removeTaskGroup: (id) => executor.write('removeTaskGroup', id),
    taskItems: (task) => executor.read('listTaskItems', task),
    saveTaskItem: async (item) => {
      validateCron(item.cron);
      return executor.write('saveTaskItem', item);
    },
    removeTaskItem: (id) => executor.write('removeTaskItem', id),
    channels: () => executor.read('listChannels'),
    saveChannel: (channel) => executor.write('saveChannel', channel),
    ...createSecretAttributes(executor, sealer),
    protocols: () => executor.read('listProtocols'),
    protocolAttributes: (protocol) => executor.read('listProtocolAttributes', protocol),
    saveProtocolAttribute: (attribute) => executor.write('saveProtocolAttribute', attribute),
    settings: async () => {
      const rows = await executor.read('listSettings');
      return rows.map((row) =>
        SECRET_SETTINGS.has(row.key) && row.value !== '' ? { ...row, value: HIDDEN } : row,
      );
    },
    setting: async (key) => {
      const value = await executor.read('readSetting', key);
      if (value === undefined || value === '' || !SECRET_SETTINGS.has(key)) return value;
      return new TextDecoder().decode(await sealer.open(value, placeOf(key)));
    },
    saveSetting: async (key, value) => executor.write('writeSetting', key, await stored(key, value)),
    changeSettings: async (values) => {
      const entries = await Promise.all(
        Object.entries(values).map(async ([key, value]) => [key, await stored(key, value)] as const),
      );
      return executor.write('writeSettings', Object.fromEntries(entries));
    },
  };
}
