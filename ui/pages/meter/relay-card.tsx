import { Badge, Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import type { Meter } from '../../../src/api/contract.ts';
import { useReadNow, useRelay } from '../../api/operating.ts';
import { useRight } from '../../api/queries.ts';
import { RelayBadge } from '../../parts/relay-badge.tsx';
import { Time } from '../../parts/time.tsx';

/** State of the disconnector as last read, and its switch; MeterNo has to be typed in. */
export function RelayCard({ meter }: { readonly meter: Meter }) {
  const { result } = useReadNow(meter.id);
  const relay = useRelay();
  const allowed = useRight('relay.operate');
  // Registers alone say nothing of the relay.
  const unread = result?.relay === null && result.meterTime === null;
  return (
    <Card withBorder radius="lg">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h5">
            Relay
          </Title>
          {result === undefined || unread ? (
            <Badge variant="light" color="gray" tt="none" fw={500}>
              Not read
            </Badge>
          ) : (
            <RelayBadge relay={result.relay} />
          )}
        </Group>
        <Text size="xs" c="dimmed">
          {result === undefined || unread ? (
            '“Read now” shows the state.'
          ) : (
            <>
              Read at <Time ms={result.relayTime ?? result.time} />
            </>
          )}
        </Text>
        {allowed && (
          <Group gap="xs">
            <Button
              size="xs"
              color="red"
              variant="light"
              loading={relay.busy(meter.id)}
              onClick={() => relay.ask(meter, 'off')}
            >
              Switch off
            </Button>
            <Button
              size="xs"
              variant="light"
              loading={relay.busy(meter.id)}
              onClick={() => relay.ask(meter, 'on')}
            >
              Switch on
            </Button>
          </Group>
        )}
      </Stack>
    </Card>
  );
}
