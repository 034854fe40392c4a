import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** A named figure of a card. */
export function Fact({
  label,
  children,
  alarm = false,
}: {
  readonly label: string;
  readonly children: ReactNode;
  readonly alarm?: boolean;
}) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text
        size="sm"
        component="div"
        className="numbers"
        fw={alarm ? 600 : 400}
        {...(alarm ? { c: 'red' } : {})}
        style={{ overflowWrap: 'anywhere' }}
      >
        {children}
      </Text>
    </div>
  );
}
