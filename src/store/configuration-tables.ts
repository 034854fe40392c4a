import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

export const taskGroups = sqliteTable(
  'task_groups',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    name: text('name').notNull(),
    enabled: integer('enabled', { mode: 'boolean' }).notNull(),
  },
  (table) => [uniqueIndex('task_groups_name').on(table.name)],
);

export const taskItems = sqliteTable(
  'task_items',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    name: text('name').notNull(),
    task: text('task').notNull(),
    intervalS: integer('interval_s').notNull(),
    offsetS: integer('offset_s').notNull(),
    maxRecallS: integer('max_recall_s').notNull(),
    enabled: integer('enabled', { mode: 'boolean' }).notNull(),
    priority: integer('priority').notNull(),
    type: text('type').notNull(),
    cron: text('cron').notNull(),
    window: text('window'),
  },
  (table) => [index('task_items_task').on(table.task)],
);

export const channels = sqliteTable(
  'channels',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    name: text('name').notNull(),
    protocol: text('protocol').notNull(),
    task: text('task').notNull(),
    enabled: integer('enabled', { mode: 'boolean' }).notNull(),
    readTimeoutS: integer('read_timeout_s').notNull(),
    writeTimeoutS: integer('write_timeout_s').notNull(),
    commType: integer('comm_type').notNull(),
    description: text('description').notNull(),
  },
  (table) => [uniqueIndex('channels_name').on(table.name)],
);

export const channelAttributes = sqliteTable(
  'channel_attributes',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    owner: text('owner').notNull(),
    key: text('key').notNull(),
    value: text('value').notNull(),
    description: text('description').notNull(),
  },
  (table) => [uniqueIndex('channel_attributes_key').on(table.owner, table.key)],
);

export const protocols = sqliteTable(
  'protocols',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    name: text('name').notNull(),
    direction: text('direction').notNull(),
    description: text('description').notNull(),
  },
  (table) => [uniqueIndex('protocols_name').on(table.name)],
);

export const protocolAttributes = sqliteTable(
  'protocol_attributes',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    owner: text('owner').notNull(),
    key: text('key').notNull(),
    value: text('value').notNull(),
    description: text('description').notNull(),
  },
  (table) => [uniqueIndex('protocol_attributes_key').on(table.owner, table.key)],
);

/** Values of secret settings are sealed. */
export const settings = sqliteTable(
  'settings',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    key: text('key').notNull(),
    value: text('value').notNull(),
    description: text('description').notNull(),
  },
  (table) => [uniqueIndex('settings_key').on(table.key)],
);
