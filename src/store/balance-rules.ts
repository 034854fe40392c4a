import { BELOW_NONE, type Meter, type NewMeter } from '../base/model.ts';
import type { Database } from './database.ts';
import { checkText, invalid, type Rule } from './validation.ts';

type Placed = Pick<NewMeter, 'meterNo' | 'balance' | 'balanceMeter'>;

/** The balance meter that a meter names; undefined where it goes by the rule for all, or is below none. */
export const namedBalance = ({ balanceMeter = '' }: Placed): string | undefined =>
  balanceMeter === '' || balanceMeter === BELOW_NONE ? undefined : balanceMeter;

/** What holds for the place of a meter, whatever else is in the archive; each rule throws `invalid-field`. */
export function* balanceRules({ balance = false, balanceMeter = '' }: Placed): Generator<Rule> {
  if (balanceMeter === '') return;
  yield () => checkText('balanceMeter', balanceMeter, 1, 32);
  yield () => {
    if (balance) throw invalid('balanceMeter', 'must be empty: a balance meter is below nobody');
  };
}

/** @param isBalance of a MeterNo */
export function requireBalanceMeter(meter: Placed, isBalance: (meterNo: string) => boolean): void {
  const named = namedBalance(meter);
  if (named === undefined || isBalance(named)) return;
  throw invalid('balanceMeter', `is ${named}, which is no balance meter of the archive`);
}

/** @param below how many meters name it */
export function requireNobodyBelow(before: Placed, after: Placed, below: number): void {
  if (before.balance !== true || after.balance === true || below === 0) return;
  throw invalid(
    'balance',
    `cannot be taken away: ${below} ${below === 1 ? 'meter is' : 'meters are'} below it by name`,
  );
}

/** Holds a meter against the archive that it is in, or is to be in. @throws DcuError `invalid-field` */
export function requirePlace(db: Database, after: NewMeter, before: Meter | undefined): void {
  requireBalanceMeter(
    after,
    (meterNo) => db.first('SELECT 1 FROM meters WHERE meter_no = ? AND balance', [meterNo]) !== undefined,
  );
  if (before === undefined) return;
  const below = db.first<{ n: number }>('SELECT count(*) AS n FROM meters WHERE balance_meter = ?', [
    before.meterNo,
  ]);
  requireNobodyBelow(before, after, below?.n ?? 0);
}

/** Those below a balance meter follow it to another number. */
export function renameBalance(db: Database, before: string, after: string): void {
  if (before !== after)
    db.run('UPDATE meters SET balance_meter = ? WHERE balance_meter = ?', [after, before]);
}

/** Those that were below a balance meter by name are below none until somebody says otherwise. */
export function dissolveBalance(db: Database, meterNo: string): void {
  db.run('UPDATE meters SET balance_meter = ? WHERE balance_meter = ?', [BELOW_NONE, meterNo]);
}
