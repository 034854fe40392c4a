import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/**
 * Which meter was below which balance meter, and when. A balance meter is in it as below itself. Outlives the meters: what a
 * transformer fed is a matter of that time.
 */
export const balancePlaces = sqliteTable(
  'balance_places',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    meterId: integer('meter_id').notNull(),
    balanceId: integer('balance_id').notNull(),
    /** 0 = for as long as there is anything of it. */
    fromMs: integer('from_ms').notNull(),
    /** null = still. */
    toMs: integer('to_ms'),
  },
  (table) => [
    index('balance_places_meter').on(table.meterId),
    index('balance_places_balance').on(table.balanceId),
  ],
);

/** Balance of a transformer in one interval of its balance meter: integers that `scaler` makes Wh. */
export const balanceIntervals = sqliteTable(
  'balance_intervals',
  {
    /** The balance meter. */
    meterId: integer('meter_id').notNull(),
    toMs: integer('to_ms').notNull(),
    fromMs: integer('from_ms').notNull(),
    scaler: integer('scaler').notNull(),
    imported: integer('imported').notNull(),
    exported: integer('exported').notNull(),
    consumed: integer('consumed').notNull(),
    fed: integer('fed').notNull(),
    expected: integer('expected').notNull(),
    counted: integer('counted').notNull(),
    /** JSON: how many meters are missing for which cause. */
    missing: text('missing').notNull(),
    /** JSON: the same energies by phase, where they are known. */
    phases: text('phases'),
  },
  (table) => [
    primaryKey({ columns: [table.meterId, table.toMs] }),
    index('balance_intervals_time').on(table.toMs),
  ],
);

/** UTC days of which the balances are to be worked out (again); `mark` grows with each new reason. */
export const balanceDue = sqliteTable('balance_due', {
  day: integer('day').primaryKey(),
  mark: integer('mark').notNull(),
});
