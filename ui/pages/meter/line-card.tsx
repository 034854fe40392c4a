import { Badge, Card, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Meter } from '../../../src/api/contract.ts';
import { type Result, request } from '../../api/client.ts';
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
          <Fact label="Line" text={line.line} />
          <Fact label="Answers in" text={milliseconds(line.use.link?.srttMs ?? null)} />
          <Fact label="Waited for" text={milliseconds(line.use.link?.timeoutMs ?? null)} />
          <Fact label="Frame × window" text={frameText(line.use.link)} />
          <Fact label="Breaker" text={<Breaker state={line.use.breaker} />} />
          {(
            [
              ['Frames', `${grouped(line.use.frames)} · ${bytesText(line.use.bytes)}`, 0],
              ['Retransmissions', grouped(line.use.retransmissions), line.use.retransmissions],
              ['Bad FCS', grouped(line.use.badFcs), line.use.badFcs],
              ['Time-outs', grouped(line.use.timeouts), line.use.timeouts],
              ['Failures', grouped(line.use.failures), line.use.failures],
            ] as const
          ).map(([label, text, trouble]) => (
            <Fact key={label} label={label} text={text} strong={trouble > 0} />
          ))}
        </Stack>
      )}
    </Card>
  );
}

type LineUse = NonNullable<Result<'GET /api/meters/:id/line'>['line']>['use'];

const milliseconds = (ms: number | null): string => (ms === null ? '—' : `${grouped(Math.round(ms))} ms`);

const frameText = (link: LineUse['link']): string =>
  link?.field == null ? '—' : `${grouped(link.field)} × ${link.window ?? 1}`;

/** A meter that did not answer again and again is left alone for a while. */
function Breaker({ state }: { readonly state: LineUse['breaker'] }) {
  if (state === 'closed') return 'Closed: asked as planned';
  return (
    <Badge color={state === 'open' ? 'red' : 'yellow'} variant="light" tt="none" fw={500} miw="max-content">
      {state === 'open' ? 'Open: given up for now' : 'Probing whether it answers'}
    </Badge>
  );
}

function Fact({
  label,
  text,
  strong = false,
}: {
  readonly label: string;
  readonly text: ReactNode;
  readonly strong?: boolean;
}) {
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start">
      <Text size="sm" c="dimmed" w={120} style={{ flexShrink: 0 }}>
        {label}
      </Text>
      <Text
        size="sm"
        component="div"
        className="numbers"
        fw={strong ? 600 : 400}
        style={{ overflowWrap: 'anywhere' }}
      >
        {text}
      </Text>
    </Group>
  );
}
