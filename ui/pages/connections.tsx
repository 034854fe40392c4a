import { Anchor, Badge, Card, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { Line } from '../../src/api/contract.ts';
import { request } from '../api/client.ts';
import { agoText, grouped } from '../format.ts';
import { messageOf } from '../parts/problem.tsx';
import { useModules } from './networks/module-queries.ts';
import { moduleWords } from './networks/module-words.ts';

/** Trouble on a line that is older than this is over, as long as it is used. */
const RECENT_MS = 600_000;

/** One line of state for each PLC module and each line; nothing before one is there. */
export function Connections() {
  const modules = useModules();
  const lines = useQuery({
    queryKey: ['lines'],
    queryFn: () => request('GET /api/lines'),
    refetchInterval: 10_000,
  });
  const error = modules.error ?? lines.error;
  const slots = modules.data?.rows ?? [];
  const rows = lines.data?.rows ?? [];
  const serial = rows.filter(({ shared }) => shared);
  const single = rows.filter(({ shared }) => !shared);
  const silent = single.reduce((sum, { givenUp }) => sum + givenUp, 0);
  const count = single.reduce((sum, { meters }) => sum + meters, 0);
  if (error === null && slots.length === 0 && rows.length === 0) return null;
  return (
    <Card withBorder radius="lg">
      <Title order={2} size="h5" mb="sm">
        Modules and lines
      </Title>
      <Stack gap={6}>
        {error !== null && (
          <Text size="sm" c="red">
            {messageOf(error)}
          </Text>
        )}
        {slots.map((module) => {
          const { label, color, text } = moduleWords(module);
          const { flying, waiting } = module.traffic;
          return (
            <Connection
              key={module.channel}
              name={module.channel}
              to={`/networks?channel=${encodeURIComponent(module.channel)}`}
              label={label}
              color={color}
              text={
                color === 'teal'
                  ? `${grouped(module.archive)} meters · ${flying} in flight, ${grouped(waiting)} waiting`
                  : text
              }
            />
          );
        })}
        {serial.map((line) => (
          <Connection key={line.line} name={line.line} to="/lines" {...lineWords(line)} />
        ))}
        {single.length > 0 && (
          <Connection
            name="Single meters"
            to="/lines"
            label={silent === 0 ? 'Ready' : 'Trouble'}
            color={silent === 0 ? 'teal' : 'orange'}
            text={`${grouped(count)} ${count === 1 ? 'meter' : 'meters'}${silent === 0 ? '' : `, ${grouped(silent)} given up for now`}`}
          />
        )}
      </Stack>
    </Card>
  );
}

function lineWords({ meters, givenUp: silent, use, state }: Line): {
  readonly label: string;
  readonly color: string;
  readonly text: string;
} {
  const count = `${meters} ${meters === 1 ? 'meter' : 'meters'}`;
  const { lastError } = use;
  const recent = lastError !== null && Date.now() - lastError.time < RECENT_MS ? lastError : null;
  if (recent !== null && OF_THE_PORT.includes(recent.code)) {
    const when = agoText(recent.time, Date.now());
    return { label: 'Trouble', color: 'red', text: `${when}: ${messageOf(recent)}` };
  }
  if (silent > 0) {
    return { label: 'Trouble', color: 'orange', text: `${silent} of ${count} given up for now` };
  }
  return {
    label: state === 'busy' ? 'Busy' : 'Ready',
    color: state === 'busy' ? 'blue' : 'teal',
    text: count,
  };
}

/** The port itself could not be used. */
const OF_THE_PORT: readonly string[] = ['channel-open-failed', 'channel-lost'];

function Connection({
  name,
  to,
  label,
  color,
  text,
}: {
  readonly name: string;
  readonly to: string;
  readonly label: string;
  readonly color: string;
  readonly text: ReactNode;
}) {
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start">
      <Badge color={color} variant="light" tt="none" fw={500} w={104} style={{ flexShrink: 0 }}>
        {label}
      </Badge>
      <Text size="sm" component="div" style={{ overflowWrap: 'anywhere' }}>
        <Anchor component={Link} to={to} inherit fw={500}>
          {name}
        </Anchor>{' '}
        <Text span inherit c="dimmed">
          {text}
        </Text>
      </Text>
    </Group>
  );
}
