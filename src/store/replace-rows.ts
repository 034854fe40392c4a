import { eq } from 'drizzle-orm';
import { DcuError } from '../base/errors.ts';
import type { NewMeter } from '../base/model.ts';
import { renameBalance } from './balance-rules.ts';
import type { Database } from './database.ts';
import type { SealedSecrets } from './meter-record.ts';
import { insertMeter, required } from './meter-rows.ts';
import { meters } from './schema.ts';
import type { MeterRow, Replacement } from './types.ts';
import { invalid } from './validation.ts';

/**
 * Puts a new meter into the place of another. Hands back the new one.
 * @throws DcuError `not-found`, `conflict` (replaced already, MeterNo or address taken), `invalid-field`
 */
export function replaceMeter(
  db: Database,
  id: number,
  by: Replacement,
  sealed: SealedSecrets,
  nowMs: number,
): MeterRow {
  const old = required(db, id);
  if (old.replaced !== undefined) {
    throw new DcuError(
      'conflict',
      `meter ${old.meterNo} was replaced by ${old.successorNo ?? 'another'} already`,
    );
  }
  const installedAt = by.installedAt ?? nowMs;
  if (!Number.isInteger(installedAt) || installedAt < 0 || installedAt > nowMs) {
    throw invalid('installedAt', 'must not lie in the future');
  }
  // It lets go of its address before the new one takes it.
  db.query
    .update(meters)
    .set({ enabled: false, replacedBy: id, replacedAt: installedAt })
    .where(eq(meters.id, id))
    .run();
  const made = insertMeter(db, successorOf(old, by), sealed, nowMs);
  db.query.update(meters).set({ replacedBy: made.id }).where(eq(meters.id, id)).run();
  renameBalance(db, old.meterNo, made.meterNo);
  return required(db, made.id);
}

function successorOf(old: MeterRow, by: Replacement): NewMeter {
  const { auth, policy, suite } = old.security;
  return {
    meterNo: by.meterNo,
    enabled: true,
    mac: -1,
    channel: old.channel,
    meterType: old.meterType,
    phase: old.phase,
    credit: old.credit,
    task: old.task,
    prepaid: old.prepaid,
    wiring: old.wiring,
    profile: old.profile,
    ...(old.balance === undefined ? {} : { balance: old.balance }),
    ...(old.balanceMeter === undefined ? {} : { balanceMeter: old.balanceMeter }),
    address: by.address ?? old.address,
    security: by.security ?? { auth, policy, ...(suite === undefined ? {} : { suite }) },
  };
}
