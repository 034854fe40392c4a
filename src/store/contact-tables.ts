import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

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
