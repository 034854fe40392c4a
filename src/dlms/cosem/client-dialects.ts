import { LN_PROPOSED } from '../apdu/conformance.ts';
import type { AssociationConfig } from '../client-types.ts';
import type { ClientDialect } from './client-dialect.ts';
import { LogicalNameDialect } from './client-logical-names.ts';
import { ShortNameDialect } from './short-name-client.ts';

/** The dialects to try one after the other; short names that are known already save reading them. */
export function dialectsFor(
  config: Pick<AssociationConfig, 'referencing' | 'shortNames' | 'generalBlocks'>,
): readonly (() => ClientDialect)[] {
  const { referencing = 'ln', shortNames, generalBlocks } = config;
  const proposed = generalBlocks ? [...LN_PROPOSED, 'general-block-transfer' as const] : LN_PROPOSED;
  const ln = (): ClientDialect => new LogicalNameDialect(proposed);
  const sn = (): ClientDialect => new ShortNameDialect(shortNames);
  return { ln: [ln], sn: [sn], auto: [ln, sn] }[referencing];
}
