import { Alert, Badge, Card, Group, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Meter } from '../../../src/api/contract.ts';
import { type Result, request } from '../../api/client.ts';
import { useRight } from '../../api/queries.ts';
import { grouped } from '../../format.ts';
import { MeterLink } from '../../parts/meter-link.tsx';
import { TimeAgo } from '../../parts/time.tsx';

type Path = NonNullable<Result<'GET /api/meters/:id/path'>['path']>;

/** Way of a meter of a G3-PLC network to its coordinator; nothing for meters that never told one. */
export function PathCard({ meter }: { readonly meter: Meter }) {
  const allowed = useRight('readings.read');
  const { data } = useQuery({
    queryKey: ['meter-path', meter.id],
    queryFn: () => request('GET /api/meters/:id/path', { params: { id: meter.id } }),
    refetchInterval: 60_000,
    enabled: allowed,
  });
  const path = data?.path ?? null;
  if (path === null) return null;
  return (
    <Card withBorder radius="lg">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h5">
          Path through the network
        </Title>
        <Text size="sm" c="dimmed" component="div">
          Told <TimeAgo ms={path.seenAt} />
        </Text>
      </Group>
      <Stack gap="md">
        <Hops path={path} />
        {!path.complete && (
          <Alert color="yellow" p="xs">
            The way ends before the coordinator: the next node has not told its own yet.
          </Alert>
        )}
        <SimpleGrid cols={{ base: 2, xs: 3, md: 5, lg: 7 }} spacing="md" verticalSpacing="xs">
          <Fact label="Hops" text={String(path.hops.length - 1)} />
          <Fact label="Weak links" text={String(path.weakLinks)} />
          <Fact label="Route cost" text={path.cost === null ? '—' : String(path.cost)} />
          <Fact label="PAN" text={path.panId.toString(16).toUpperCase().padStart(4, '0')} />
          <Fact label="Short address" text={String(path.shortAddress)} />
          {Object.entries(path.counters).map(([name, count]) => (
            <Fact key={name} label={counterNames[name] ?? name} text={grouped(count)} />
          ))}
        </SimpleGrid>
        <Neighbours path={path} />
      </Stack>
    </Card>
  );
}

const counterNames: Readonly<Record<string, string>> = {
  txData: 'Data sent',
  rxData: 'Data received',
  txCommands: 'Commands sent',
  rxCommands: 'Commands received',
  csmaFailures: 'Line busy',
  withoutAck: 'Without acknowledgement',
  badCrc: 'Bad CRC',
  txBroadcast: 'Broadcasts sent',
  rxBroadcast: 'Broadcasts received',
};

function Hops({ path }: { readonly path: Path }) {
  return (
    <Group gap="xs" component="ol" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
      {path.hops.map((hop) => (
        <Group key={hop.address} gap="xs" component="li">
          {hop.role === 'coordinator' ? (
            <Badge variant="light" tt="none" fw={500} miw="max-content">
              Coordinator
            </Badge>
          ) : hop.meterId === null ? (
            <Text size="sm">{hop.address}</Text>
          ) : (
            <MeterLink meter={{ id: hop.meterId, meterNo: hop.address }} />
          )}
          {hop.role !== 'coordinator' && (
            <Text size="sm" c={hop.quality !== null && hop.quality < 4 ? 'red' : 'dimmed'}>
              → {hop.quality === null ? 'quality not known' : `quality ${hop.quality} of 15`} →
            </Text>
          )}
        </Group>
      ))}
    </Group>
  );
}

function Fact({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text size="sm" className="numbers">
        {text}
      </Text>
    </div>
  );
}

function Neighbours({ path }: { readonly path: Path }) {
  if (path.neighbours.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        It hears nobody that it would send to.
      </Text>
    );
  }
  const next = path.routes.find(({ destination }) => destination === 0)?.nextHop;
  return (
    <Table.ScrollContainer minWidth={420} mah={320}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Neighbour</Table.Th>
            <Table.Th>Link quality (LQI)</Table.Th>
            <Table.Th>Modulation</Table.Th>
            <Table.Th>Valid</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {path.neighbours.map(({ shortAddress, lqi, modulation, validMinutes }) => (
            <Table.Tr key={shortAddress}>
              <Table.Td>
                <Group gap="xs">
                  {shortAddress === 0 ? 'Coordinator' : shortAddress}
                  {shortAddress === next && (
                    <Badge variant="light" tt="none" fw={500} miw="max-content">
                      Next hop
                    </Badge>
                  )}
                  {path.blacklisted.includes(shortAddress) && (
                    <Badge color="red" tt="none" fw={500} miw="max-content">
                      Avoided
                    </Badge>
                  )}
                </Group>
              </Table.Td>
              <Table.Td className="numbers">
                <Text size="sm" {...(path.weakLqi !== null && lqi < path.weakLqi ? { c: 'red' } : {})}>
                  {lqi} of 255
                </Text>
              </Table.Td>
              <Table.Td>{modulation}</Table.Td>
              <Table.Td>{validMinutes === null ? '—' : `${validMinutes} min`}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
