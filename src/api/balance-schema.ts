import { t } from 'elysia';
import { MISSING_CAUSES } from '../base/balance.ts';
import { epochMs, literals, nullable } from './schema-parts.ts';

const byPhase = t.Tuple([t.Number(), t.Number(), t.Number()]);

/** Energies are whole numbers that `10 ** scaler` makes Wh. */
export const balanceInterval = t.Object({
  from: epochMs(),
  to: epochMs(),
  scaler: t.Integer(),
  /** Import of the balance meter. */
  imported: t.Number(),
  /** Export of the balance meter. */
  exported: t.Number(),
  /** Imports of the meters below. */
  consumed: t.Number(),
  /** Exports of the meters below. */
  fed: t.Number(),
  /** (imported - exported) - (consumed - fed) */
  balance: t.Number(),
  expected: t.Integer(),
  counted: t.Integer(),
  missing: t.Array(t.Object({ cause: literals(MISSING_CAUSES), meters: t.Integer() })),
  /** Imports minus exports of L1, L2 and L3; null where the balance meter does not count by phase. */
  phases: nullable(
    t.Object({
      supplied: byPhase,
      consumed: byPhase,
      /** Of meters whose phases are not known. */
      unassigned: t.Number(),
      /** Null while the phase of a meter in the sums is not known. */
      balance: nullable(byPhase),
    }),
  ),
});

export const transformer = t.Object({
  meterId: t.Integer(),
  meterNo: t.String(),
  /** Until when it was a balance meter; null = still. */
  until: nullable(epochMs()),
  /** Meters below it now. */
  members: t.Integer(),
  last: nullable(balanceInterval),
});

export const balance = t.Object({
  meterId: t.Integer(),
  meterNo: t.String(),
  from: epochMs(),
  to: epochMs(),
  zone: t.String(),
  unit: t.Literal('Wh'),
  intervals: t.Array(balanceInterval),
});

/** Meters that have no part in an interval. */
export const balanceMissing = t.Object({
  from: epochMs(),
  to: epochMs(),
  rows: t.Array(
    t.Object({ meterId: t.Integer(), meterNo: nullable(t.String()), cause: literals(MISSING_CAUSES) }),
  ),
});
