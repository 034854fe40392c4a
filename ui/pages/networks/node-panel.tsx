import { ActionIcon, Anchor, Card, Group, Stack, Text, Timeline, Title } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { Link } from 'react-router';
import { agoText } from '../../format.ts';
import { MeterLink } from '../../parts/meter-link.tsx';
import { Time } from '../../parts/time.tsx';
import { NodeMarks, Phases, Quality, roleNames } from './node-marks.tsx';
import { type NetworkNode, nameOf, pathOf, type Topology } from './nodes.ts';

/** One node, and its way to the coordinator. */
export function NodePanel({
  node,
  channel,
  topology,
  onSelect,
  onClose,
}: {
  readonly node: NetworkNode;
  readonly channel: string;
  readonly topology: Topology;
  readonly onSelect: (address: string) => void;
  readonly onClose: () => void;
}) {
  const path = pathOf(topology, node.address);
  const complete = path.at(-1)?.role === 'coordinator';
  const below = topology.children.get(node.address)?.length ?? 0;
  const { meterId, meterNo, address, role, level, shortAddress, seenAt, detail } = node;
  const orphan = topology.orphans.has(address);
  const unknown = meterId === null && role !== 'coordinator';
  return (
    <Card withBorder radius="lg" component="section" aria-label={`Node ${address}`}>
      <Group justify="space-between" wrap="nowrap" mb="xs" align="flex-start">
        <div>
          <Title order={3} size="h5" className="numbers">
            {meterId !== null && meterNo !== null ? <MeterLink meter={{ id: meterId, meterNo }} /> : address}
          </Title>
          <NodeMarks node={node} orphan={orphan} />
        </div>
        <ActionIcon variant="subtle" color="gray" aria-label="Close the node" onClick={onClose}>
          <IconX size={16} />
        </ActionIcon>
      </Group>
      <Stack gap={4} mb="md">
        {(
          [
            [
              'Address',
              <span key="address" className="numbers">
                {address}
              </span>,
            ],
            [
              'Role',
              `${roleNames[role]}${below > 0 ? `, ${below} ${below === 1 ? 'node' : 'nodes'} right below` : ''}`,
            ],
            ['Level', level ?? '—'],
            ['Short address', shortAddress ?? '—'],
            ['Quality', <Quality key="quality" quality={node.quality} />],
            [
              'Phases',
              <span key="phases">
                <Phases node={node} />
                {detail['threePhase'] === true && ' · three-phase meter'}
                {detail['anomaly'] !== undefined && ' · wired unusually'}
              </span>,
            ],
            [
              'Seen',
              <span key="seen">
                <Time ms={seenAt} minutes /> · {agoText(seenAt, Date.now())}
              </span>,
            ],
          ] as const
        ).map(([label, value]) => (
          <Group key={label} gap="sm" wrap="nowrap" align="flex-start">
            <Text size="sm" c="dimmed" w={100} style={{ flexShrink: 0 }}>
              {label}
            </Text>
            <Text size="sm" component="div">
              {value}
            </Text>
          </Group>
        ))}
      </Stack>
      {unknown && (
        <Text size="sm" mb="md">
          No meter of the archive has this address.{' '}
          <Anchor component={Link} to={`/found?${new URLSearchParams({ channel, search: address })}`} inherit>
            Look among the found devices
          </Anchor>
        </Text>
      )}
      <Title order={4} size="h6" mb="sm">
        Way to the coordinator
      </Title>
      {path.length === 1 && !complete ? (
        <Text size="sm" c="dimmed">
          {role === 'coordinator' ? 'It is the coordinator.' : 'No way is known.'}
        </Text>
      ) : (
        <Timeline active={complete ? path.length - 1 : path.length - 2} bulletSize={14} lineWidth={2}>
          {path.map((hop, index) => (
            <Timeline.Item
              key={hop.address}
              title={
                <Anchor
                  component="button"
                  type="button"
                  size="sm"
                  className="numbers"
                  onClick={() => onSelect(hop.address)}
                >
                  {nameOf(hop)}
                </Anchor>
              }
            >
              <Text size="xs" c="dimmed" component="div">
                {roleNames[hop.role]}
                {index < path.length - 1 && (
                  <>
                    {' '}
                    · link <Quality quality={hop.quality} />
                  </>
                )}
              </Text>
            </Timeline.Item>
          ))}
        </Timeline>
      )}
      {path.length > 1 && !complete && (
        <Text size="sm" c="dimmed" mt="xs">
          The way is known no farther.
        </Text>
      )}
    </Card>
  );
}
