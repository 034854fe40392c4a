import { Badge, SimpleGrid, Skeleton, Stack, Tabs, Text } from '@mantine/core';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { useRight } from '../../api/queries.ts';
import { grouped } from '../../format.ts';
import { Page } from '../../parts/page.tsx';
import { Problem } from '../../parts/problem.tsx';
import { ChannelCard, UplinkCard } from './channel-card.tsx';
import { ClockLine } from './clock-line.tsx';
import { ConnectionsTab } from './connections-tab.tsx';
import { LockoutsTab } from './lockouts-tab.tsx';
import { OutboxTab } from './outbox-tab.tsx';
import { useAttributes, useHeadend, useLockouts, useSettings, useUplinks } from './queries.ts';
import { type Secret, SecretsDrawer } from './secrets-drawer.tsx';

const TABS = ['channels', 'outbox', 'connections', 'lockouts'] as const;

/** Operating → Head-end: the ways north, what waits on them, who is connected and who is locked out. */
export default function HeadEnd() {
  const [params, setParams] = useSearchParams();
  const [keysOf, setKeysOf] = useState<string>();
  const headend = useHeadend();
  const uplinks = useUplinks();
  const attributes = useAttributes();
  const lockouts = useLockouts();
  const settings = useSettings();
  const mayUnlock = useRight('accounts.manage');
  const queries = [headend, uplinks, attributes];
  const broken = queries.find(({ isError, data }) => isError && data === undefined);
  if (broken !== undefined) {
    return (
      <Page title="Head-end">
        <Problem error={broken.error} retry={() => queries.forEach((query) => void query.refetch())} />
      </Page>
    );
  }
  if (headend.data === undefined || uplinks.data === undefined || attributes.data === undefined) {
    return (
      <Page title="Head-end">
        <Skeleton h={40} />
        <Skeleton h={320} />
      </Page>
    );
  }
  const channels = headend.data.rows;
  const rows = attributes.data.rows;
  const attribute = (owner: string, key: string): string =>
    rows.find((row) => row.owner === owner && row.key === key)?.value ?? '';
  const secretsOf = (owner: string | undefined): readonly Secret[] => [
    ...rows
      .filter((row) => row.owner === owner && row.secret)
      .map(({ id, key, description, stored }) => ({ key, description, stored, attributeId: id })),
    ...(settings.data?.rows ?? [])
      .filter(({ key, secret }) => secret && key.startsWith(`${owner}.`))
      .map(({ key, description, stored }) => ({ key, description, stored, attributeId: undefined })),
  ];
  const onKeys = (name: string) => (secretsOf(name).length === 0 ? undefined : () => setKeysOf(name));
  const pushing = uplinks.data.rows.filter(
    ({ destination }) => !channels.some(({ channel }) => channel === destination),
  );
  const open = channels.reduce((sum, { connections }) => sum + connections.length, 0);
  const waiting = uplinks.data.rows.reduce((sum, one) => sum + one.waiting, 0);
  const locked = lockouts.data?.rows.length ?? 0;
  const bodies = {
    channels: (
      <Stack>
        <ClockLine />
        <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
          {channels.map((channel) => (
            <ChannelCard key={channel.channel} channel={channel} onKeys={onKeys(channel.channel)} />
          ))}
          {pushing.map((uplink) => {
            const { destination } = uplink;
            const url = attribute(destination, 'url');
            const host = attribute(destination, 'host');
            const isBroker = rows.some(({ owner, key }) => owner === destination && key === 'url');
            return (
              <UplinkCard
                key={destination}
                uplink={uplink}
                title={
                  isBroker ? 'Brings what there is to an MQTT broker' : 'Pushes to a listener of the head-end'
                }
                peer={isBroker ? url : host === '' ? '' : `${host}:${attribute(destination, 'port')}`}
                onKeys={onKeys(destination)}
              />
            );
          })}
        </SimpleGrid>
        {channels.length + pushing.length === 0 && <Text c="dimmed">No channel is that of a head-end.</Text>}
      </Stack>
    ),
    outbox: (
      <OutboxTab
        uplinks={uplinks.data.rows}
        windowOf={(destination) => attribute(destination, 'window')}
        chosen={params.get('of')}
        onChoose={(of) => setParams({ tab: 'outbox', of }, { replace: true })}
      />
    ),
    connections: <ConnectionsTab channels={channels} />,
    lockouts: <LockoutsTab />,
  };
  const titles = {
    channels: 'Channels',
    outbox: 'Outbox',
    connections: 'Connections',
    lockouts: 'Locked out',
  };
  const counts = { channels: 0, outbox: waiting, connections: open, lockouts: locked };
  const shown = TABS.filter((name) => name !== 'lockouts' || mayUnlock);
  const tab = shown.find((name) => name === params.get('tab')) ?? 'channels';
  return (
    <Page title="Head-end">
      <Tabs
        value={tab}
        onChange={(value) =>
          setParams(value === null || value === 'channels' ? {} : { tab: value }, { replace: true })
        }
        keepMounted={false}
      >
        <Tabs.List style={{ flexWrap: 'nowrap', overflowX: 'auto', overflowY: 'hidden' }}>
          {shown.map((name) => (
            <Tabs.Tab
              key={name}
              value={name}
              py="sm"
              rightSection={
                counts[name] > 0 && (
                  <Badge
                    size="sm"
                    variant="light"
                    color={name === 'lockouts' ? 'red' : 'gray'}
                    miw="max-content"
                  >
                    {grouped(counts[name])}
                  </Badge>
                )
              }
            >
              {titles[name]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {shown.map((name) => (
          <Tabs.Panel key={name} value={name} pt="md">
            {bodies[name]}
          </Tabs.Panel>
        ))}
      </Tabs>
      <SecretsDrawer channel={keysOf} secrets={secretsOf(keysOf)} onClose={() => setKeysOf(undefined)} />
    </Page>
  );
}
