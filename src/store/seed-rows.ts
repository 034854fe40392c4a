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

/** CommType of the channel for what meters push. */
const PUSHED_DATA = 13;

/** Channels and protocols cannot be removed: one that is missing is younger than the file. */
function addListening(db: Database): void {
  if (db.first('SELECT 1 FROM channels WHERE comm_type = ?', [PUSHED_DATA]) !== undefined) return;
  for (const channel of DEFAULT_CHANNELS.filter(({ commType }) => commType === PUSHED_DATA)) {
    if (db.first('SELECT 1 FROM channels WHERE name = ?', [channel.name]) !== undefined) continue;
    const protocol = DEFAULT_PROTOCOLS.find(({ name }) => name === channel.protocol);
    if (
      protocol !== undefined &&
      db.first('SELECT 1 FROM protocols WHERE name = ?', [protocol.name]) === undefined
    ) {
      db.query.insert(protocols).values(protocol).run();
    }
    db.query.insert(channels).values(channel).run();
    const attributes = DEFAULT_CHANNEL_ATTRIBUTES.filter(({ owner }) => owner === channel.name);
    db.query
      .insert(channelAttributes)
      .values([...attributes])
      .run();
  }
}

/**
 * Puts the default configuration into a new file. Into one that has it already come only settings and the listening channel that a newer program added:
 * what the user removed stays removed.
 */
export function seedDefaults(db: Database, serialNumber: string, timeZone: string): void {
  // Nothing is written where nothing is missing: a store on a full disk must open.
  const known = new Set(db.all<{ key: string }>('SELECT key FROM settings').map(({ key }) => key));
  for (const setting of defaultSettings(serialNumber, timeZone)) {
    if (!known.has(setting.key)) db.query.insert(settings).values(setting).run();
  }
  if (db.first("SELECT 1 FROM store_facts WHERE key = 'seeded'") !== undefined) {
    addListening(db);
    return;
  }
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
