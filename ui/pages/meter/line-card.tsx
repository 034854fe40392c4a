import { Card, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Meter } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { useRight } from '../../api/queries.ts';
import { bytesText, grouped } from '../../format.ts';

/** How well the line to this meter has carried what went over it since the concentrator was started. */
export function LineCard({ meter }: { readonly meter: Meter }) {
  const allowed = useRight('readings.read');
  const { data } = useQuery({
    queryKey: ['meter-line', meter.id],
    queryFn: () => request('GET /api/meters/:id/line', { params: { id: meter.id } }),
    refetchInterval: 10_000,
    enabled: allowed,
  });
  if (!allowed) return null;
  const line = data?.line ?? null;
  return (
    <Card withBorder radius="lg" h="100%">
      <Title order={2} size="h5" mb="sm">
        Line quality
      </Title>
      {line === null ? (
        <Text size="sm" c="dimmed">
          Nothing has gone over the line to this meter since the concentrator was started.
        </Text>
      ) : (
        <Stack gap={6}>
          {(
            [
              ['Frames', `${grouped(line.use.frames)} · ${bytesText(line.use.bytes)}`, 0],
              ['Retransmissions', grouped(line.use.retransmissions), line.use.retransmissions],
              ['Bad FCS', grouped(line.use.badFcs), line.use.badFcs],
              ['Time-outs', grouped(line.use.timeouts), line.use.timeouts],
              ['Failures', grouped(line.use.failures), line.use.failures],
            ] as const
          ).map(([label, text, trouble]) => (
            <Group key={label} gap="sm" wrap="nowrap">
              <Text size="sm" c="dimmed" w={120} style={{ flexShrink: 0 }}>
                {label}
              </Text>
              <Text size="sm" className="numbers" fw={trouble > 0 ? 600 : 400}>
                {text}
              </Text>
            </Group>
          ))}
        </Stack>
      )}
    </Card>
  );
}
