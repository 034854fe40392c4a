import type { Database } from './database.ts';
import {
  DEFAULT_CHANNEL_ATTRIBUTES,
  DEFAULT_CHANNELS,
  DEFAULT_PROTOCOL_ATTRIBUTES,
  DEFAULT_PROTOCOLS,
  DEFAULT_TASK_GROUPS,
  DEFAULT_TASK_ITEMS,
  defaultSettings,
} from './defaults.ts';
import {
  channelAttributes,
  channels,
  protocolAttributes,
  protocols,
  settings,
  taskGroups,
  taskItems,
} from './schema.ts';

/**
 * Puts the default configuration into a new file. Into one that has it already come only settings that a newer program added:
 * what the user removed stays removed.
 */
export function seedDefaults(db: Database, serialNumber: string, timeZone: string): void {
  // Nothing is written where nothing is missing: a store on a full disk must open.
  const known = new Set(db.all<{ key: string }>('SELECT key FROM settings').map(({ key }) => key));
  for (const setting of defaultSettings(serialNumber, timeZone)) {
    if (!known.has(setting.key)) db.query.insert(settings).values(setting).run();
  }
  if (db.first("SELECT 1 FROM store_facts WHERE key = 'seeded'") !== undefined) return;
  db.query
    .insert(taskGroups)
    .values([...DEFAULT_TASK_GROUPS])
    .run();
  db.query
    .insert(taskItems)
    .values([...DEFAULT_TASK_ITEMS])
    .run();
  db.query
    .insert(protocols)
    .values([...DEFAULT_PROTOCOLS])
    .run();
  db.query
    .insert(protocolAttributes)
    .values([...DEFAULT_PROTOCOL_ATTRIBUTES])
    .run();
  db.query
    .insert(channels)
    .values([...DEFAULT_CHANNELS])
    .run();
  db.query
    .insert(channelAttributes)
    .values([...DEFAULT_CHANNEL_ATTRIBUTES])
    .run();
  db.run("INSERT INTO store_facts (key, value) VALUES ('seeded', 'yes')");
}
