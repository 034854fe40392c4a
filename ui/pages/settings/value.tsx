import { Text } from '@mantine/core';

export const SECRET_HELP = 'The stored value is never shown. What you type replaces it; empty keeps it.';

/** A value as it is typed; of a secret only whether there is one. */
export function Value({ row }: { readonly row: { value: string; secret: boolean; stored: boolean } }) {
  if (!row.secret) return <Mono text={row.value} />;
  if (row.stored) return '***';
  return (
    <Text span inherit c="dimmed">
      none
    </Text>
  );
}

/** Keys and values, so that l and 1 can be told apart. */
export function Mono({ text }: { readonly text: string }) {
  return (
    <Text span inherit ff="monospace">
      {text}
    </Text>
  );
}
