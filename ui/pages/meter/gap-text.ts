import type { Profile } from '../../../src/api/contract.ts';

type Gap = Profile['gaps'][number];
type Mark = Profile['marks'][number]['marks'][number];
type Why = NonNullable<Gap['why']>['reason'];

const causes: Readonly<Record<Exclude<Gap['cause'], 'unread'>, string>> = {
  'power-failure': 'No power at the meter',
  'clock-changed': 'The meter’s clock was set over it',
  replaced: 'The meter was replaced',
  'not-yet-installed': 'The meter was not yet in place',
  'meter-has-none': 'The meter holds no rows',
};

const reasons: Readonly<Record<Why, string>> = {
  disabled: 'meter or channel disabled',
  'no-task': 'no enabled task item reads it',
  blacklisted: 'the meter is blacklisted',
  'beyond-recall': 'further back than Max Recall',
  offline: 'the meter does not answer',
  failed: 'the last read failed',
  window: 'waits for its time window',
  'not-due': 'read at the next run',
};

/** Why rows are missing, in words. */
export function gapText({ cause, why }: Gap): string {
  if (cause !== 'unread') return causes[cause];
  if (why === null) return 'Not fetched yet';
  const message = why.message === null || why.message === '' ? '' : ` (${why.message})`;
  return `Not fetched yet: ${reasons[why.reason]}${message}`;
}

/** What the meter says of a row. */
export const markTexts: Readonly<Record<Mark, string>> = {
  'clock-changed': 'clock was set in this period',
  'clock-invalid': 'clock invalid',
  'clock-doubtful': 'clock doubtful',
  'power-failed': 'power failed in this period',
  invalid: 'values not valid',
};
