import { useMediaQuery } from '@mantine/hooks';
import type { ReactNode } from 'react';

/** Media query for columns of a table that a phone has no room for. */
export const NOT_A_PHONE = '(min-width: 48em)';

/** What stands in another cell on a wider screen. */
export function OnPhone({ children }: { readonly children: ReactNode }) {
  const wide = useMediaQuery(NOT_A_PHONE, true, { getInitialValueInEffect: false });
  return wide ? null : children;
}
