import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** Fields of a form that belong together, under their heading. */
export function FormSection({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <Stack component="fieldset" gap="sm" p={0} m={0} style={{ border: 0, minWidth: 0 }}>
      <Text component="legend" fw={600} size="sm" c="dimmed" p={0} mb="xs">
        {title}
      </Text>
      {children}
    </Stack>
  );
}
