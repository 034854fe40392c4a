import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

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
  /** The interface that was used. */
  port: text('port').notNull().default('gui'),
  count: integer('count').notNull(),
  /** How often it was blocked in a row. */
  blocks: integer('blocks').notNull().default(0),
  blockedUntil: integer('blocked_until'),
});

/** Interfaces that are protected otherwise than by default, or at which somebody has failed. */
export const protectedPorts = sqliteTable('protected_ports', {
  port: text('port').primaryKey(),
  mode: text('mode').notNull(),
  /** Failed tries ever. */
  failures: integer('failures').notNull(),
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
