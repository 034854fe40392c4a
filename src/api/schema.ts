import { t } from 'elysia';
import { epochMs } from './schema-parts.ts';

/** Shapes of what the API takes and gives. The GUI's types are derived from these. */
export * from './balance-schema.ts';
export * from './configuration-schema.ts';
export * from './meter-schema.ts';
export * from './reading-schema.ts';
export * from './schema-parts.ts';
export * from './work-schema.ts';

export const session = t.Object({
  account: t.Object({
    id: t.Integer(),
    name: t.String(),
    role: t.String(),
    mustChangePassword: t.Boolean(),
  }),
  rights: t.Array(t.String()),
  expiresAt: epochMs(),
});
