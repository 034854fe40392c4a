import { Badge } from '@mantine/core';
import type { ReadNow } from '../../src/api/contract.ts';

const looks = {
  on: ['teal', 'On'],
  off: ['red', 'Off'],
  ready: ['orange', 'Ready to switch on'],
} as const;

export function RelayBadge({ relay }: { readonly relay: ReadNow['relay'] }) {
  const [color, label] = relay === null ? (['gray', 'No relay'] as const) : looks[relay];
  return (
    <Badge color={color} variant="light" tt="none" fw={500} miw="max-content">
      {label}
    </Badge>
  );
}
