/**
 * Tables of the concentrator's database. Instants are UTC epoch milliseconds; kinds of profiles and logs are the
 * numbers of `kinds.ts`. Changing this file needs `bunx drizzle-kit generate` and `bun scripts/build-migrations.ts`.
 */
import { sqliteTable, text } from 'drizzle-orm/sqlite-core';

export * from './account-tables.ts';
export * from './balance-tables.ts';
export * from './configuration-tables.ts';
export * from './contact-tables.ts';
export * from './meter-tables.ts';
export * from './network-tables.ts';
export * from './outbox-tables.ts';
export * from './reading-tables.ts';

/** Facts about the file itself: whether the last shutdown was clean, whether the defaults are in. */
export const storeFacts = sqliteTable('store_facts', {
  key: text('key').primaryKey(),
  value: text('value').notNull(),
});
