import { blob, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { OUTBOX_KINDS, OUTBOX_ROUTES } from '../base/outbox.ts';

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
