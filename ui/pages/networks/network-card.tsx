import { Alert, Anchor, Card, Grid, Group, Skeleton, Spoiler, Stack, Text, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { Link } from 'react-router';
import { request } from '../../api/client.ts';
import { grouped } from '../../format.ts';
import { MeterLink } from '../../parts/meter-link.tsx';
import { Problem } from '../../parts/problem.tsx';
import { TimeAgo } from '../../parts/time.tsx';
import { Distribution } from './distribution.tsx';
import type { NetworkView } from './filters.ts';
import { NetworkFilter } from './network-filter.tsx';
import { NodePanel } from './node-panel.tsx';
import { NodeTable } from './node-table.tsx';
import { NodeTree } from './node-tree.tsx';
import { matching, type Network, topologyOf, treeRows } from './nodes.ts';

/** The nodes of a network as a tree and as a table, and the one that is looked at. */
export function NetworkCard({
  channel,
  lookedAt,
  isG3,
  look,
}: {
  readonly channel: string;
  /** A later look at the network is fetched at once. */
  readonly lookedAt: number | null;
  readonly isG3: boolean;
  readonly look: NetworkView;
}) {
  const network = useQuery({
    queryKey: ['network', channel, lookedAt],
    queryFn: () => request('GET /api/networks/:channel', { params: { channel } }),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
  if (network.isError && network.data === undefined) {
    return <Problem error={network.error} retry={() => void network.refetch()} />;
  }
  if (network.data === undefined) return <Skeleton h={320} />;
  if (network.data.nodes.length === 0) {
    return (
      <Card withBorder radius="lg">
        <Title order={2} size="h5" mb="xs">
          Network
        </Title>
        <Text size="sm" c="dimmed" mb={network.data.absent.length > 0 ? 'sm' : 0}>
          {isG3
            ? 'No meter has told its way through the network yet. The task item G3 Path Discovery asks for it.'
            : 'Nobody has looked at this network yet. The first look comes two minutes after the module is ready, and then one every hour.'}
        </Text>
        <Absent absent={network.data.absent} />
      </Card>
    );
  }
  return <NodesCard channel={channel} network={network.data} look={look} />;
}

function NodesCard({
  channel,
  network,
  look,
}: {
  readonly channel: string;
  readonly network: Network;
  readonly look: NetworkView;
}) {
  const { filter, filtered, view, set } = look;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const topology = useMemo(() => topologyOf(network.nodes), [network.nodes]);
  const matches = useMemo(() => matching(topology, filter), [topology, filter]);
  const rows = useMemo(
    () => (view === 'tree' ? treeRows(topology, closed, filtered ? matches : undefined) : []),
    [topology, closed, filtered, matches, view],
  );
  const node = look.node === null ? undefined : topology.byAddress.get(look.node);
  const select = (address: string): void => set({ node: address });
  const toggle = (address: string): void =>
    setClosed((before) => before.symmetricDifference(new Set([address])));
  return (
    <>
      <Card withBorder radius="lg">
        <Group justify="space-between" mb="sm" gap="xs">
          <Title order={2} size="h5">
            Network
          </Title>
          <Text size="sm" c="dimmed" component="div">
            {grouped(network.nodes.filter(({ role }) => role !== 'coordinator').length)} nodes, seen{' '}
            <TimeAgo ms={network.lookedAt} />
          </Text>
        </Group>
        <Stack gap="md">
          <Distribution nodes={network.nodes} />
          <Absent absent={network.absent} />
        </Stack>
      </Card>
      <NetworkFilter look={look} topology={topology} />
      <Grid gap="md">
        {node !== undefined && (
          <Grid.Col span={{ base: 12, lg: 4 }} order={{ base: 1, lg: 2 }}>
            <NodePanel
              node={node}
              channel={channel}
              topology={topology}
              onSelect={select}
              onClose={() => set({ node: null })}
            />
          </Grid.Col>
        )}
        <Grid.Col span={{ base: 12, lg: node === undefined ? 12 : 8 }} order={{ base: 2, lg: 1 }}>
          <Card withBorder radius="lg" p={view === 'tree' ? 'xs' : 0}>
            {view === 'table' ? (
              <NodeTable
                nodes={matches}
                orphans={topology.orphans}
                page={look.page}
                onPage={(page) => set({ page: String(page) })}
                selected={look.node}
                onSelect={select}
              />
            ) : rows.length === 0 ? (
              <Text size="sm" c="dimmed" p="md" ta="center">
                No node fits these filters
              </Text>
            ) : (
              <NodeTree
                rows={rows}
                orphans={topology.orphans}
                selected={look.node}
                onSelect={select}
                onToggle={toggle}
              />
            )}
            {filtered && matches.length > 0 && (
              <Text size="xs" c="dimmed" p="xs">
                {grouped(matches.length)} of {grouped(network.nodes.length)} nodes fit
              </Text>
            )}
          </Card>
        </Grid.Col>
      </Grid>
    </>
  );
}

/** Meters that should be in the network, and never were. */
function Absent({ absent }: { readonly absent: Network['absent'] }) {
  if (absent.length === 0) return null;
  return (
    <Alert
      color="yellow"
      p="sm"
      title={`${grouped(absent.length)} ${absent.length === 1 ? 'meter was' : 'meters were'} never seen in this network`}
    >
      <Spoiler maxHeight={48} showLabel="Show all" hideLabel="Show fewer">
        <Group gap="sm">
          {absent.slice(0, SHOWN_ABSENT).map((meter) => (
            <Text key={meter.id} size="sm" component="span">
              <MeterLink meter={meter} />
            </Text>
          ))}
          {absent.length > SHOWN_ABSENT && (
            <Anchor component={Link} to="/meters?state=unknown" size="sm">
              and {grouped(absent.length - SHOWN_ABSENT)} more
            </Anchor>
          )}
        </Group>
      </Spoiler>
    </Alert>
  );
}

const SHOWN_ABSENT = 100;
