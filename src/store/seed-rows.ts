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

/** CommTypes of channels that came with later programs: pushed data, G3-PLC networks, MQTT, pushes to a head-end. */
const LATER_CHANNELS: ReadonlySet<number> = new Set([13, 14, 15, 16]);

/** Channels, protocols and attributes cannot be removed: what is missing is younger than the file. */
function addLaterChannels(db: Database): void {
  for (const channel of DEFAULT_CHANNELS.filter(({ commType }) => LATER_CHANNELS.has(commType))) {
    const known = 'SELECT 1 FROM channels WHERE comm_type = ? OR name = ?';
    if (db.first(known, [channel.commType, channel.name]) !== undefined) continue;
    const protocol = DEFAULT_PROTOCOLS.find(({ name }) => name === channel.protocol);
    if (
      protocol !== undefined &&
      db.first('SELECT 1 FROM protocols WHERE name = ?', [protocol.name]) === undefined
    ) {
      db.query.insert(protocols).values(protocol).run();
    }
    db.query.insert(channels).values(channel).run();
  }
  addLaterAttributes(db);
}

function addLaterAttributes(db: Database): void {
  const names = new Set(db.all<{ name: string }>('SELECT name FROM channels').map(({ name }) => name));
  const known = new Set(
    db
      .all<{ owner: string; key: string }>('SELECT owner, key FROM channel_attributes')
      .map(({ owner, key }) => `${owner} ${key}`),
  );
  const missing = DEFAULT_CHANNEL_ATTRIBUTES.filter(
    ({ owner, key }) => names.has(owner) && !known.has(`${owner} ${key}`),
  );
  if (missing.length > 0) db.query.insert(channelAttributes).values(missing).run();
}

/**
 * Puts the default configuration into a new file. Into one that has it already come only the settings and channels that a newer program added:
 * what the user removed stays removed.
 */
export function seedDefaults(db: Database, serialNumber: string, timeZone: string): void {
  // Nothing is written where nothing is missing: a store on a full disk must open.
  const known = new Set(db.all<{ key: string }>('SELECT key FROM settings').map(({ key }) => key));
  for (const setting of defaultSettings(serialNumber, timeZone)) {
    if (!known.has(setting.key)) db.query.insert(settings).values(setting).run();
  }
  if (db.first("SELECT 1 FROM store_facts WHERE key = 'seeded'") !== undefined) {
    addLaterChannels(db);
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
