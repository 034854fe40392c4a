import { Card, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Meter } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { useRight } from '../../api/queries.ts';
import { Problem } from '../../parts/problem.tsx';
import { Time } from '../../parts/time.tsx';

const SHOWN = 5;

const actions = {
  none: 'left alone',
  shifted: 'shifted',
  set: 'set',
  refused: 'refused by the meter',
  broadcast: 'set by broadcast',
} as const;

/** Seconds with sign: what a clock is ahead (+) or behind (−). */
export function driftText(ms: number): string {
  if (Math.abs(ms) >= 86_400_000) return `${ms > 0 ? '+' : '−'}${Math.round(Math.abs(ms) / 86_400_000)} days`;
  const seconds = Math.abs(ms) / 1000;
  if (seconds < 0.05) return '0 s';
  return `${ms > 0 ? '+' : '−'}${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

/** How far the clock of a meter was off, and what was done about it. */
export function ClockCard({ meter }: { readonly meter: Meter }) {
  const allowed = useRight('readings.read');
  const clock = useQuery({
    queryKey: ['meter-clock', meter.id],
    queryFn: () =>
      request('GET /api/meters/:id/clock', { params: { id: meter.id }, query: { limit: SHOWN } }),
    refetchInterval: 60_000,
    enabled: allowed,
  });
  if (!allowed) return null;
  const { check = null, corrections = [] } = clock.data ?? {};
  return (
    <Card withBorder radius="lg" style={{ flexGrow: 1 }}>
      <Title order={2} size="h5" mb="sm">
        Clock
      </Title>
      {clock.isError && <Problem error={clock.error} retry={() => void clock.refetch()} />}
      {clock.data !== undefined && check === null && (
        <Text size="sm" c="dimmed">
          The clock has not been checked yet. The task item Meter Clock does.
        </Text>
      )}
      <Stack gap="xs">
        {check !== null && (
          <Text size="sm">
            <Text span inherit fw={600} className="numbers">
              {driftText(check.driftMs)}
            </Text>{' '}
            <Text span inherit c="dimmed">
              {actions[check.action]} · <Time ms={check.time} />
            </Text>
          </Text>
        )}
        {corrections.length > 0 && (
          <Table fz="xs" aria-label="Corrections of the clock">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Corrected</Table.Th>
                <Table.Th ta="right" style={{ whiteSpace: 'nowrap' }}>
                  Was off
                </Table.Th>
                <Table.Th ta="right">Left</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody className="numbers">
              {corrections.map(({ time, driftMs, action, leftMs }) => (
                <Table.Tr key={`${time} ${action}`}>
                  <Table.Td>
                    <Time ms={time} /> {actions[action]}
                  </Table.Td>
                  <Table.Td ta="right" style={{ whiteSpace: 'nowrap' }}>
                    {driftText(driftMs)}
                  </Table.Td>
                  <Table.Td ta="right" style={{ whiteSpace: 'nowrap' }}>
                    {leftMs === null ? '—' : driftText(leftMs)}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
      </Stack>
    </Card>
  );
}
