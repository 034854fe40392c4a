import { integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

/** Devices that may not communicate: MeterNo, address of a communication unit, IP address or system title. */
export const blacklist = sqliteTable(
  'blacklist',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    address: text('address').notNull(),
    reason: text('reason').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [uniqueIndex('blacklist_address').on(table.address)],
);

/** Devices that were found and are no meters of the archive (yet). */
export const foundDevices = sqliteTable(
  'found_devices',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    channel: text('channel').notNull(),
    /** As the channel names it: address of the communication unit, HDLC address, IP address and port. */
    address: text('address').notNull(),
    via: text('via', { enum: ['report', 'search', 'scan'] }).notNull(),
    state: text('state', { enum: ['new', 'accepted', 'ignored'] }).notNull(),
    foundAt: integer('found_at').notNull(),
    seenAt: integer('seen_at').notNull(),
    /** JSON: what it said of itself and the meter that it would be; `{}` when it was not asked. */
    proposal: text('proposal').notNull(),
  },
  (table) => [uniqueIndex('found_devices_address').on(table.channel, table.address)],
);

/** What is known of each node of a power line network; addresses as its channel names them. */
export const networkNodes = sqliteTable(
  'network_nodes',
  {
    channel: text('channel').notNull(),
    address: text('address').notNull(),
    /** TEI, or G3 short address. */
    shortAddress: integer('short_address'),
    /** Address of the node through which it is reached; null = the coordinator, or not known. */
    parent: text('parent'),
    /** Hops to the coordinator. */
    level: integer('level'),
    role: text('role', { enum: ['coordinator', 'proxy', 'station'] }).notNull(),
    /** 0 (worst) to 15; G3: LQI / 17. */
    quality: integer('quality'),
    /** Bit n-1 = phase n. */
    phases: integer('phases'),
    /** JSON: what else the network says, e.g. its neighbours. */
    detail: text('detail').notNull(),
    seenAt: integer('seen_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.channel, table.address] })],
);

/** Pre-shared keys of G3-PLC networks: meter 0 = the whole network's. */
export const networkKeys = sqliteTable(
  'network_keys',
  {
    channel: text('channel').notNull(),
    meterId: integer('meter_id').notNull(),
    sealedKey: text('sealed_key').notNull(),
    /** The one before, for as long as a change can be taken back. */
    sealedPrevious: text('sealed_previous'),
    changedAt: integer('changed_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.channel, table.meterId] })],
);

/** Changes of pre-shared keys, meter by meter. */
export const networkKeyChanges = sqliteTable('network_key_changes', {
  id: integer('id').primaryKey({ autoIncrement: true }),
  channel: text('channel').notNull(),
  /** 0 = the whole network. */
  meterId: integer('meter_id').notNull(),
  sealedKey: text('sealed_key').notNull(),
  state: text('state', {
    enum: ['planned', 'running', 'done', 'rolling-back', 'rolled-back', 'failed'],
  }).notNull(),
  actor: text('actor').notNull(),
  startedAt: integer('started_at').notNull(),
  finishedAt: integer('finished_at'),
});

export const networkKeySteps = sqliteTable(
  'network_key_steps',
  {
    changeId: integer('change_id').notNull(),
    meterId: integer('meter_id').notNull(),
    state: text('state', { enum: ['waiting', 'sent', 'confirmed', 'failed', 'rolled-back'] }).notNull(),
    message: text('message'),
    at: integer('at'),
  },
  (table) => [primaryKey({ columns: [table.changeId, table.meterId] })],
);
