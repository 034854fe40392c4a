import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import {
  AUTH_MECHANISMS,
  METER_OPENINGS,
  METER_REFERENCING,
  METER_TRANSPORTS,
  PARITIES,
} from '../base/model.ts';

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
    /** It counts what goes through a transformer. */
    balance: integer('balance', { mode: 'boolean' }).notNull().default(false),
    /** MeterNo of the balance meter that it is below; `-` = below none; null = below the only one. */
    balanceMeter: text('balance_meter'),
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
