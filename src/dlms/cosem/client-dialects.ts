import type { Referencing, ShortName } from '../client-types.ts';
import type { ClientDialect } from './client-dialect.ts';
import { LogicalNameDialect } from './client-logical-names.ts';
import { ShortNameDialect } from './short-name-client.ts';

/** The dialects to try one after the other; short names that are known already save reading them. */
export function dialectsFor(
  referencing: Referencing | 'auto',
  shortNames?: readonly ShortName[],
): readonly (() => ClientDialect)[] {
  const ln = (): ClientDialect => new LogicalNameDialect();
  const sn = (): ClientDialect => new ShortNameDialect(shortNames);
  return { ln: [ln], sn: [sn], auto: [ln, sn] }[referencing];
}
