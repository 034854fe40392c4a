import { Alert, Badge, Button, Card, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Result, request } from '../../api/client.ts';
import { useChange, useRight } from '../../api/queries.ts';
import { confirmTyped } from '../../parts/confirm.tsx';
import { MeterLink } from '../../parts/meter-link.tsx';
import { Page } from '../../parts/page.tsx';
import { failed, Problem, told } from '../../parts/problem.tsx';
import { Time } from '../../parts/time.tsx';
import { ChangeCard } from './change-card.tsx';
import { KeyDrawer, type KeyWork } from './key-drawer.tsx';

type Network = Result<'GET /api/network-keys'>['networks'][number];

const UNDER_WAY: readonly string[] = ['running', 'rolling-back'];

/** Setting → Network Keys: pre-shared keys of G3-PLC networks, which can be given but not be looked at. */
export default function NetworkKeys() {
  const [work, setWork] = useState<KeyWork | undefined>();
  const keys = useQuery({
    queryKey: ['network-keys'],
    queryFn: () => request('GET /api/network-keys'),
    refetchInterval: ({ state }) =>
      state.data?.changes.some((change) => UNDER_WAY.includes(change.state)) === true ? 2_000 : 30_000,
  });
  if (keys.data === undefined) {
    return (
      <Page title="Network Keys">
        {keys.isError ? (
          <Problem error={keys.error} retry={() => void keys.refetch()} />
        ) : (
          <Skeleton h={180} />
        )}
      </Page>
    );
  }
  const { networks, changes } = keys.data;
  return (
    <Page title="Network Keys">
      {networks.length === 0 && (
        <Alert color="gray">
          No channel is that of a G3-PLC network. Only such networks have a pre-shared key.
        </Alert>
      )}
      {networks.map((network) => (
        <NetworkCard
          key={network.channel}
          network={network}
          busy={changes.some(
            ({ channel, state }) => channel === network.channel && UNDER_WAY.includes(state),
          )}
          onWork={setWork}
        />
      ))}
      {changes.map((change) => (
        <ChangeCard
          key={change.id}
          change={change}
          revocable={
            change.state === 'done' &&
            changes.find(({ channel, state }) => channel === change.channel && state !== 'planned')?.id ===
              change.id &&
            networks.some(
              ({ channel, hasPrevious, meters }) =>
                channel === change.channel && (hasPrevious || meters.some((meter) => meter.hasPrevious)),
            )
          }
        />
      ))}
      <KeyDrawer work={work} onClose={() => setWork(undefined)} />
    </Page>
  );
}

function NetworkCard({
  network,
  busy,
  onWork,
}: {
  readonly network: Network;
  readonly busy: boolean;
  readonly onWork: (work: KeyWork) => void;
}) {
  const writable = useRight('settings.write');
  const { channel, hasKey, hasPrevious, changedAt, meters } = network;
  const keptBefore = hasPrevious || meters.some((meter) => meter.hasPrevious);
  const forget = useChange(
    (of: string) => request('POST /api/network-keys/confirm', { body: { channel: of } }),
    ['network-keys'],
  );
  const askToForget = (): void =>
    confirmTyped(
      'Forget the keys before',
      'The last change can no longer be taken back then. Meters that may have either key keep both.',
      channel,
      'Forget',
      () =>
        forget.mutate(channel, {
          onSuccess: () => told('The keys before the last change are forgotten.'),
          onError: (error) => failed('Could not forget the keys', error),
        }),
    );
  return (
    <Card withBorder radius="lg">
      <Group justify="space-between" mb="sm">
        <Group gap="sm">
          <Title order={2} size="h5">
            {channel}
          </Title>
          <Badge color={hasKey ? 'teal' : 'gray'} variant="light" tt="none" fw={500} miw="max-content">
            {hasKey ? 'Key known' : 'No key known'}
          </Badge>
          {keptBefore && (
            <Badge color="yellow" variant="light" tt="none" fw={500} miw="max-content">
              Key before is kept
            </Badge>
          )}
        </Group>
        {writable && (
          <Group gap="xs">
            <Button variant="default" disabled={busy} onClick={() => onWork({ do: 'set', channel })}>
              Note a key
            </Button>
            {keptBefore && (
              <Button variant="default" disabled={busy} onClick={askToForget}>
                Confirm
              </Button>
            )}
            <Button disabled={busy || !hasKey} onClick={() => onWork({ do: 'change', channel })}>
              Change key
            </Button>
          </Group>
        )}
      </Group>
      <Stack gap={6}>
        <Text size="sm" component="div">
          {changedAt === null ? (
            'Note the key that the network has before it can be changed.'
          ) : (
            <>
              Known since <Time ms={changedAt} />
            </>
          )}
        </Text>
        {meters.length > 0 && (
          <Text size="sm" component="div">
            Meters with a key of their own:{' '}
            {meters.map(({ meterId, meterNo }, index) => (
              <span key={meterId}>
                {index > 0 && ', '}
                {meterNo === null ? `meter ${meterId}` : <MeterLink meter={{ id: meterId, meterNo }} />}
              </span>
            ))}
          </Text>
        )}
      </Stack>
    </Card>
  );
}
