import {
  Anchor,
  Card,
  Group,
  Progress,
  SimpleGrid,
  Skeleton,
  Stack,
  Table,
  Text,
  Title,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { type Result, request } from '../api/client.ts';
import { useLive } from '../api/live.tsx';
import { bytesText, grouped } from '../format.ts';
import { CollectButton } from '../parts/collect-button.tsx';
import { JobList } from '../parts/job-list.tsx';
import { LineProgressList } from '../parts/line-progress.tsx';
import { Page } from '../parts/page.tsx';
import { Problem } from '../parts/problem.tsx';
import { Connections } from './connections.tsx';

type HomeData = Result<'GET /api/home'>;

/** Item, count and the time it is counted for, in the manual's order (Figure 6). */
function itemsOf(data: HomeData): readonly (readonly [string, number, string])[] {
  const { events, day, month } = data;
  return [
    ['Meter Quantity', data.meters, `${data.metersEnabled} enabled`],
    ['Monthly Billing Quantity', data.billing, month],
    ['Demand Profile Quantity', data.demand, day],
    ['Energy Profile Quantity', data.energy, day],
    ['Meter Fraud Event', events.fraud, day],
    ['Meter Relay Event', events.relay, day],
    ['Meter Standard Event', events.standard, day],
    ['Meter Power Failure', events['power-failure'], day],
    ['Meter Phase Interruption', events['phase-interruption'], day],
    ['Meter Power Quality', events['power-quality'], day],
  ];
}

export function Home() {
  const home = useQuery({
    queryKey: ['home'],
    queryFn: () => request('GET /api/home'),
    refetchInterval: 10_000,
  });
  const { progress } = useLive();
  if (home.isError && home.data === undefined) {
    return (
      <Page title="Home">
        <Problem error={home.error} retry={() => void home.refetch()} />
      </Page>
    );
  }
  const { data } = home;
  return (
    <Page title="Home" actions={<CollectButton />}>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" style={{ alignItems: 'start' }}>
        <Card withBorder p={0} radius="lg">
          {data === undefined ? <Skeleton h={440} /> : <CountTable data={data} />}
        </Card>
        <Stack gap="md">
          <Card withBorder radius="lg">
            {data === undefined ? <Skeleton h={90} /> : <StateSummary states={data.states} />}
          </Card>
          <Connections />
          <Card withBorder radius="lg">
            <Title order={2} size="h5" mb="sm">
              Collection
            </Title>
            {data === undefined ? (
              <Skeleton h={120} />
            ) : (
              <>
                <LineProgressList
                  lines={(progress ?? data.collector).lines}
                  etaMs={(progress ?? data.collector).overall.etaMs}
                />
                <JobList jobs={(progress ?? data.collector).jobs} />
              </>
            )}
          </Card>
          <Card withBorder radius="lg">
            {data === undefined ? <Skeleton h={70} /> : <StorageSummary data={data} />}
          </Card>
        </Stack>
      </SimpleGrid>
    </Page>
  );
}

function CountTable({ data }: { readonly data: HomeData }) {
  return (
    <Table verticalSpacing="sm" horizontalSpacing="sm" highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Item</Table.Th>
          <Table.Th ta="right">Count</Table.Th>
          <Table.Th>
            For{' '}
            <Text span inherit c="dimmed" fw={400}>
              ({data.zone})
            </Text>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {itemsOf(data).map(([item, count, when]) => (
          <Table.Tr key={item}>
            <Table.Td>{item}</Table.Td>
            <Table.Td ta="right" className="numbers" fw={600}>
              {grouped(count)}
            </Table.Td>
            <Table.Td c="dimmed" className="numbers">
              {when}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

const stateRows = [
  ['online', 'Online', 'teal'],
  ['offline', 'Offline', 'red'],
  ['reading', 'Reading', 'blue'],
  ['unknown', 'Not contacted', 'gray.5'],
] as const;

function StateSummary({ states }: { readonly states: HomeData['states'] }) {
  const total = stateRows.reduce((sum, [key]) => sum + states[key], 0);
  return (
    <Stack gap="sm">
      <Title order={2} size="h5">
        Meters
      </Title>
      {total === 0 ? (
        <Text size="sm" c="dimmed">
          There are no meters yet.{' '}
          <Anchor component={Link} to="/meters?add=1">
            Add the first one
          </Anchor>
        </Text>
      ) : (
        <>
          <Progress.Root size="lg" aria-hidden>
            {stateRows.map(([key, , color]) => (
              <Progress.Section key={key} value={(states[key] / total) * 100} color={color} />
            ))}
          </Progress.Root>
          <Group gap="lg">
            {stateRows.map(([key, label, color]) => (
              <Anchor key={key} component={Link} to={`/meters?state=${key}`} c="inherit" underline="hover">
                <Group gap={6}>
                  <Text span c={color} aria-hidden>
                    ●
                  </Text>
                  <Text span size="sm">
                    {label}
                  </Text>
                  <Text span size="sm" fw={600} className="numbers">
                    {states[key]}
                  </Text>
                </Group>
              </Anchor>
            ))}
          </Group>
        </>
      )}
    </Stack>
  );
}

function StorageSummary({ data }: { readonly data: HomeData }) {
  const { bytes, freeBytes } = data.storage;
  const share = bytes + freeBytes === 0 ? 0 : (bytes / (bytes + freeBytes)) * 100;
  const { profileRows, billingRows, eventRows } = data.totals;
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2} size="h5">
          Storage
        </Title>
        <Text size="sm" c="dimmed" className="numbers">
          {bytesText(bytes)} used, {bytesText(freeBytes)} free
        </Text>
      </Group>
      <Progress value={share} color={share > 90 ? 'red' : 'tide'} aria-label="Storage used" />
      <Text size="sm" c="dimmed" className="numbers">
        {grouped(profileRows)} profile rows, {grouped(billingRows)} billings, {grouped(eventRows)} events
      </Text>
    </Stack>
  );
}
