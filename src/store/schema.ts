/**
 * Tables of the concentrator's database. Instants are UTC epoch milliseconds; kinds of profiles and logs are the
 * numbers of `kinds.ts`. Changing this file needs `bunx drizzle-kit generate` and `bun scripts/build-migrations.ts`.
 */
import { blob, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import {
  AUTH_MECHANISMS,
  METER_OPENINGS,
  METER_REFERENCING,
  METER_TRANSPORTS,
  PARITIES,
} from '../base/model.ts';
import { OUTBOX_KINDS, OUTBOX_ROUTES } from '../base/outbox.ts';

/** Facts about the file itself: whether the last shutdown was clean, whether the defaults are in. */
export const storeFacts = sqliteTable('store_facts', {
  key: text('key').primaryKey(),
  value: text('value').notNull(),
});

export const meters = sqliteTable(
  'meters',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    meterNo: text('meter_no').notNull(),
    enabled: integer('enabled', { mode: 'boolean' }).notNull(),
    mac: integer('mac').notNull(),
    channel: text('channel').notNull(),
    meterType: integer('meter_type').notNull(),
    phase: integer('phase').notNull(),
    credit: integer('credit').notNull(),
    task: text('task').notNull(),
    prepaid: integer('prepaid').notNull(),
    wiring: integer('wiring').notNull(),
    profile: text('profile').notNull(),
    framing: text('framing', { enum: ['hdlc', 'wrapper'] }).notNull(),
    host: text('host'),
    port: integer('port'),
    transport: text('transport', { enum: METER_TRANSPORTS }),
    node: text('node'),
    opening: text('opening', { enum: METER_OPENINGS }),
    baudRate: integer('baud_rate'),
    parity: text('parity', { enum: PARITIES }),
    clientAddress: integer('client_address').notNull(),
    serverAddress: integer('server_address').notNull(),
    physicalAddress: integer('physical_address'),
    addressBytes: integer('address_bytes').notNull(),
    referencing: text('referencing', { enum: METER_REFERENCING }),
    auth: text('auth', { enum: AUTH_MECHANISMS }).notNull(),
    policy: text('policy', { enum: ['none', 'auth', 'enc', 'auth-enc'] }).notNull(),
    systemTitle: text('system_title'),
    suite: integer('suite'),
    signingKey: text('signing_key'),
    sealedPassword: text('sealed_password'),
    sealedEncryptionKey: text('sealed_encryption_key'),
    sealedAuthenticationKey: text('sealed_authentication_key'),
    sealedSigningKey: text('sealed_signing_key'),
    sealedMasterKey: text('sealed_master_key'),
    createdAt: integer('created_at').notNull(),
    /** The meter that took its place. */
    replacedBy: integer('replaced_by'),
    replacedAt: integer('replaced_at'),
  },
  (table) => [
    uniqueIndex('meters_meter_no').on(table.meterNo),
    index('meters_channel').on(table.channel),
    index('meters_task').on(table.task),
  ],
);

/** Apart from `meters`, because it changes with every contact. */
export const meterStates = sqliteTable('meter_states', {
  meterId: integer('meter_id').primaryKey(),
  state: text('state', { enum: ['unknown', 'online', 'offline', 'reading'] }).notNull(),
  changedAt: integer('changed_at').notNull(),
  lastSeen: integer('last_seen'),
  /** When it was first found silent, since it last answered. */
  offlineSince: integer('offline_since'),
});

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

/** A set of capture columns, shared by all meters that have it. `shape` has a letter a column: i, f, b. */
export const profileLayouts = sqliteTable(
  'profile_layouts',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    columns: text('columns').notNull(),
    shape: text('shape').notNull(),
  },
  (table) => [uniqueIndex('profile_layouts_columns').on(table.columns, table.shape)],
);

/** Which layouts a meter has used; the one with the highest `version` is the newest. */
export const meterLayouts = sqliteTable(
  'meter_layouts',
  {
    meterId: integer('meter_id').notNull(),
    kind: integer('kind').notNull(),
    layoutId: integer('layout_id').notNull(),
    version: integer('version').notNull(),
  },
  (table) => [primaryKey({ columns: [table.meterId, table.kind, table.layoutId] })],
);

/**
 * Rows of one meter, kind, layout and bucket (UTC day; UTC year for billing) as one blob. A rowid table, because
 * blobs of 0.5-2 KB would fill the inner pages of a WITHOUT ROWID tree, and insertion order puts one day's
 * chunks side by side, which is how they are written and dropped.
 */
export const profileChunks = sqliteTable(
  'profile_chunks',
  {
    id: integer('id').primaryKey(),
    meterId: integer('meter_id').notNull(),
    kind: integer('kind').notNull(),
    bucket: integer('bucket').notNull(),
    layoutId: integer('layout_id').notNull(),
    rows: integer('rows').notNull(),
    /** Time of the first and of the last row. */
    minMs: integer('min_ms').notNull(),
    maxMs: integer('max_ms').notNull(),
    data: blob('data', { mode: 'buffer' }).notNull(),
  },
  (table) => [
    uniqueIndex('profile_chunks_key').on(table.meterId, table.kind, table.bucket, table.layoutId),
    index('profile_chunks_bucket').on(table.kind, table.bucket),
  ],
);

/** Disjoint, non-touching half-open intervals that were asked for and answered. */
export const coverage = sqliteTable(
  'coverage',
  {
    meterId: integer('meter_id').notNull(),
    kind: integer('kind').notNull(),
    fromMs: integer('from_ms').notNull(),
    toMs: integer('to_ms').notNull(),
  },
  (table) => [primaryKey({ columns: [table.meterId, table.kind, table.fromMs] })],
);

export const events = sqliteTable(
  'events',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    meterId: integer('meter_id').notNull(),
    kind: integer('kind').notNull(),
    time: integer('time').notNull(),
    code: integer('code').notNull(),
    clockStatus: integer('clock_status').notNull(),
    /** JSON object with sorted keys. */
    extra: text('extra').notNull(),
    /** Counts equal events within one delivery from 0. */
    ordinal: integer('ordinal').notNull(),
  },
  (table) => [
    uniqueIndex('events_identity').on(
      table.meterId,
      table.kind,
      table.time,
      table.code,
      table.extra,
      table.ordinal,
    ),
    index('events_time').on(table.kind, table.time),
  ],
);

export const registers = sqliteTable(
  'registers',
  {
    meterId: integer('meter_id').notNull(),
    classId: integer('class_id').notNull(),
    obis: text('obis').notNull(),
    attribute: integer('attribute').notNull(),
    time: integer('time').notNull(),
    type: text('type').notNull(),
    value: text('value').notNull(),
    scaler: integer('scaler'),
    unit: integer('unit'),
  },
  (table) => [primaryKey({ columns: [table.meterId, table.classId, table.obis, table.attribute] })],
);

/** The last clock check of each meter. */
export const clockChecks = sqliteTable('clock_checks', {
  meterId: integer('meter_id').primaryKey(),
  time: integer('time').notNull(),
  driftMs: integer('drift_ms').notNull(),
  action: text('action', { enum: ['none', 'shifted', 'set', 'refused'] }).notNull(),
});

/** Each correction of a meter's clock. */
export const clockCorrections = sqliteTable(
  'clock_corrections',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    meterId: integer('meter_id').notNull(),
    time: integer('time').notNull(),
    driftMs: integer('drift_ms').notNull(),
    action: text('action', { enum: ['shifted', 'set', 'refused', 'broadcast'] }).notNull(),
    /** Drift after it, where it was looked at again. */
    leftMs: integer('left_ms'),
  },
  (table) => [index('clock_corrections_meter').on(table.meterId, table.time)],
);

/** How far each event log of a meter was seen at the last cheap look. */
export const logMarks = sqliteTable(
  'log_marks',
  {
    meterId: integer('meter_id').notNull(),
    kind: integer('kind').notNull(),
    entries: integer('entries').notNull(),
    /** What the last entry was, in hex; empty where it was not looked at. */
    last: text('last').notNull(),
    checkedAt: integer('checked_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.meterId, table.kind] })],
);

/** The last attempt of each task item at each meter. */
export const attempts = sqliteTable(
  'attempts',
  {
    meterId: integer('meter_id').notNull(),
    itemId: integer('item_id').notNull(),
    startedAt: integer('started_at').notNull(),
    finishedAt: integer('finished_at').notNull(),
    added: integer('added').notNull(),
    error: text('error'),
    message: text('message'),
    lastSuccess: integer('last_success'),
    successes: integer('successes').notNull(),
    failures: integer('failures').notNull(),
  },
  (table) => [primaryKey({ columns: [table.meterId, table.itemId] })],
);

/** How often a task item ended with a code (`ok` = success); bounded by items × codes. */
export const attemptCounters = sqliteTable(
  'attempt_counters',
  {
    itemId: integer('item_id').notNull(),
    code: text('code').notNull(),
    count: integer('count').notNull(),
  },
  (table) => [primaryKey({ columns: [table.itemId, table.code] })],
);

/** The next value that nobody has had. Outlives the meter: a key must never see a counter twice. */
export const invocationCounters = sqliteTable('invocation_counters', {
  keyId: text('key_id').primaryKey(),
  next: integer('next').notNull(),
});

export const accounts = sqliteTable(
  'accounts',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    name: text('name').notNull(),
    role: text('role').notNull(),
    mustChangePassword: integer('must_change_password', { mode: 'boolean' }).notNull(),
    disabled: integer('disabled', { mode: 'boolean' }).notNull(),
    passwordHash: text('password_hash').notNull(),
  },
  (table) => [uniqueIndex('accounts_name').on(table.name)],
);

export const sessions = sqliteTable(
  'sessions',
  {
    tokenHash: text('token_hash').primaryKey(),
    accountId: integer('account_id').notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [index('sessions_account').on(table.accountId)],
);

export const loginFailures = sqliteTable('login_failures', {
  subject: text('subject').primaryKey(),
  count: integer('count').notNull(),
  blockedUntil: integer('blocked_until'),
});

export const logbook = sqliteTable(
  'logbook',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    time: integer('time').notNull(),
    type: text('type').notNull(),
    detail: text('detail').notNull(),
  },
  (table) => [index('logbook_time').on(table.time)],
);

export const audit = sqliteTable(
  'audit',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    time: integer('time').notNull(),
    actor: text('actor').notNull(),
    action: text('action').notNull(),
    subject: text('subject').notNull(),
    detail: text('detail').notNull(),
  },
  (table) => [index('audit_time').on(table.time)],
);

/** What is to leave the concentrator, once for all destinations; a copy, so that it is exactly what was new. */
export const outboxItems = sqliteTable(
  'outbox_items',
  {
    /** The order in which it was stored. */
    id: integer('id').primaryKey({ autoIncrement: true }),
    /** 0 = the concentrator itself. */
    meterId: integer('meter_id').notNull(),
    kind: text('kind', { enum: OUTBOX_KINDS }).notNull(),
    at: integer('at').notNull(),
    /** Of profile rows: their columns. */
    layoutId: integer('layout_id'),
    /** Profile rows as in `profile_chunks`; all else JSON. */
    body: blob('body', { mode: 'buffer' }).notNull(),
  },
  (table) => [index('outbox_items_meter').on(table.meterId)],
);

/** What each destination has not acknowledged. */
export const outboxDebts = sqliteTable(
  'outbox_debts',
  {
    destination: text('destination').notNull(),
    itemId: integer('item_id').notNull(),
    meterId: integer('meter_id').notNull(),
    /** 1 (first) to 5 (last). */
    priority: integer('priority').notNull(),
    windowed: integer('windowed', { mode: 'boolean' }).notNull(),
    at: integer('at').notNull(),
    dueAt: integer('due_at').notNull(),
    bytes: integer('bytes').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.destination, table.priority, table.itemId] }),
    index('outbox_debts_item').on(table.itemId),
    index('outbox_debts_meter').on(table.meterId),
  ],
);

export const outboxDestinations = sqliteTable('outbox_destinations', {
  name: text('name').primaryKey(),
  since: integer('since').notNull(),
  acknowledged: integer('acknowledged').notNull(),
  dropped: integer('dropped').notNull(),
});

/** What differs from the usual priorities. `class` is a kind, or kind and event code: `fraud:40`. */
export const outboxRules = sqliteTable(
  'outbox_rules',
  {
    destination: text('destination').notNull(),
    class: text('class').notNull(),
    priority: integer('priority').notNull(),
    route: text('route', { enum: OUTBOX_ROUTES }).notNull(),
    delayS: integer('delay_s').notNull(),
  },
  (table) => [primaryKey({ columns: [table.destination, table.class] })],
);
