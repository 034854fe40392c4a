import { DcuError } from '../../base/errors.ts';
import type { Referencing } from '../client-types.ts';
import type { ClientDialect } from './client-dialect.ts';
import { LogicalNameDialect } from './client-logical-names.ts';

/** The dialects to try one after the other. */
export function dialectsFor(referencing: Referencing | 'auto'): readonly (() => ClientDialect)[] {
  const ln = (): ClientDialect => new LogicalNameDialect();
  const sn = (): ClientDialect => {
    throw new DcuError('unsupported', 'short names');
  };
  return { ln: [ln], sn: [sn], auto: [ln, sn] }[referencing];
}
