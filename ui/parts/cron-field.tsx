import { Chip, Group, List, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { request } from '../api/client.ts';
import { dateMinute } from '../format.ts';
import { messageOf } from './problem.tsx';

const examples = [
  ['0 * * * *', 'Every hour'],
  ['0 */4 * * *', 'Every 4 hours'],
  ['0 10 * * *', 'Daily at 10:00'],
  ['0 */1 1-5 * *', 'Hourly, days 1-5'],
] as const;

/** A cron expression with its meaning in words and the next runs, as the concentrator itself reads it. */
export function CronField({
  label,
  value,
  error,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly error: ReactNode;
  readonly onChange: (value: string) => void;
}) {
  const [asked] = useDebouncedValue(value.trim(), 300);
  const meaning = useQuery({
    queryKey: ['cron', asked],
    queryFn: () => request('POST /api/cron', { body: { cron: asked } }),
    enabled: asked !== '',
    retry: false,
  });
  const wrong = asked === '' ? undefined : meaning.isError ? messageOf(meaning.error) : undefined;
  return (
    <Stack gap="xs">
      <TextInput
        label={label}
        required
        description="Minute, hour, day of month, month, day of week"
        value={value}
        error={wrong ?? error}
        onChange={(event) => onChange(event.currentTarget.value)}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        spellCheck={false}
        autoComplete="off"
      />
      <Chip.Group value={value} onChange={(chosen) => typeof chosen === 'string' && onChange(chosen)}>
        <Group gap={6}>
          {examples.map(([cron, text]) => (
            <Chip key={cron} value={cron} size="xs" variant="light">
              {text}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      {meaning.data !== undefined && wrong === undefined && (
        <Paper withBorder p="sm" radius="md" aria-live="polite">
          <Text size="sm" fw={500}>
            {meaning.data.schedule}
          </Text>
          <Text size="xs" c="dimmed" mt={6}>
            Next runs ({meaning.data.zone})
          </Text>
          <List size="xs" className="numbers" listStyleType="none">
            {meaning.data.nextRuns.map((run) => (
              <List.Item key={run}>{dateMinute(run, meaning.data.zone)}</List.Item>
            ))}
          </List>
        </Paper>
      )}
    </Stack>
  );
}
