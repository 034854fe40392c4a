import { Badge, Button, Card, Group, Select, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { request } from '../../api/client.ts';
import { useChange, useRight } from '../../api/queries.ts';
import { agoText, bytesText, grouped } from '../../format.ts';
import { confirm } from '../../parts/confirm.tsx';
import { failed, told } from '../../parts/problem.tsx';
import { Time } from '../../parts/time.tsx';
import { countOf } from './channel-words.ts';
import { Fact } from './fact.tsx';
import type { Uplink } from './queries.ts';
import { RulesTable } from './rules-table.tsx';

/** What each destination is owed, and the rules by which it is. */
export function OutboxTab({
  uplinks,
  windowOf,
  chosen,
  onChoose,
}: {
  readonly uplinks: readonly Uplink[];
  readonly windowOf: (destination: string) => string;
  /** Destination whose rules are shown. */
  readonly chosen: string | null;
  readonly onChoose: (destination: string) => void;
}) {
  const names = uplinks.map(({ destination }) => destination);
  const destination = names.find((name) => name === chosen) ?? names[0];
  if (destination === undefined) {
    return <Text c="dimmed">No channel brings anything to a head-end or a broker.</Text>;
  }
  return (
    <Stack gap="lg">
      <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
        {uplinks.map((uplink) => (
          <OutboxCard key={uplink.destination} uplink={uplink} />
        ))}
      </SimpleGrid>
      <Select
        label="Rules for"
        data={names}
        value={destination}
        onChange={(name) => name !== null && onChoose(name)}
        allowDeselect={false}
        w={{ base: '100%', xs: 230 }}
      />
      <RulesTable key={destination} destination={destination} window={windowOf(destination)} />
    </Stack>
  );
}

function OutboxCard({ uplink }: { readonly uplink: Uplink }) {
  const { destination, enabled, waiting, bytes, oldest, acknowledged, dropped } = uplink;
  const mayClear = useRight('settings.write');
  const clear = useChange(
    () => request('DELETE /api/uplinks/:destination/outbox', { params: { destination } }),
    ['uplinks'],
  );
  const askToClear = (): void =>
    confirm(
      `Give up all that waits for ${destination}`,
      `${countOf(waiting, 'item')} (${bytesText(bytes)}) will not be brought to it. They stay stored, but this cannot be taken back.`,
      `Give up ${countOf(waiting, 'item')}`,
      () =>
        clear.mutate(undefined, {
          onSuccess: ({ dropped: gone }) => told(`${countOf(gone, 'item')} given up.`),
          onError: (error) => failed('Could not give up what waits', error),
        }),
    );
  return (
    <Card withBorder radius="lg" component="section" aria-label={`Outbox of ${destination}`}>
      <Stack gap="sm">
        <Group justify="space-between" gap="sm">
          <Title order={2} size="h5">
            {destination}
          </Title>
          <Badge
            color={!enabled ? 'gray' : waiting === 0 ? 'teal' : 'blue'}
            variant="light"
            tt="none"
            fw={500}
            size="lg"
          >
            {waiting > 0 ? `${grouped(waiting)} waiting` : enabled ? 'Empty' : 'Off'}
          </Badge>
        </Group>
        {!enabled && (
          <Text size="sm" c="dimmed">
            {waiting === 0
              ? 'The channel is switched off, or told to push nothing: nothing is kept for it.'
              : 'The channel is switched off, or told to push nothing. What waits is kept until it is on again.'}
          </Text>
        )}
        <SimpleGrid cols={2} spacing="md" verticalSpacing="xs">
          <Fact label="Waiting">
            {countOf(waiting, 'item')}, {bytesText(bytes)}
          </Fact>
          <Fact label="Oldest">
            {oldest === null ? (
              'none'
            ) : (
              <>
                <Time ms={oldest} minutes />
                <br />
                {agoText(oldest, Date.now())}
              </>
            )}
          </Fact>
          <Fact label="Acknowledged">{grouped(acknowledged)}</Fact>
          <Fact label="Given up" alarm={dropped > 0}>
            {grouped(dropped)}
          </Fact>
        </SimpleGrid>
        {mayClear && waiting > 0 && (
          <Button
            variant="light"
            color="red"
            size="xs"
            style={{ alignSelf: 'flex-start' }}
            loading={clear.isPending}
            onClick={askToClear}
          >
            Give up all that waits
          </Button>
        )}
      </Stack>
    </Card>
  );
}
