import { blob, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

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
