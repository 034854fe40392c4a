import { Anchor, Badge, Button, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { grouped } from '../../format.ts';
import { messageOf } from '../../parts/problem.tsx';
import { Time, TimeAgo } from '../../parts/time.tsx';
import {
  adviceOf,
  type ChannelWords,
  channelTitles,
  channelWords,
  countOf,
  uplinkWords,
} from './channel-words.ts';
import { Fact } from './fact.tsx';
import type { HeadendChannel, Uplink } from './queries.ts';

type LastError = { readonly code: string; readonly message: string; readonly time: number };

interface CardProps {
  /** Undefined where the channel has no secrets. */
  readonly onKeys: (() => void) | undefined;
}

/** A channel on which somebody dials in, or that dials. */
export function ChannelCard({ channel, onKeys }: CardProps & { readonly channel: HeadendChannel }) {
  const { channel: name, kind, listening, dial, problem, connections, meterPorts } = channel;
  const oldest = connections[0];
  return (
    <Frame
      name={name}
      title={channelTitles[kind]}
      words={channelWords(channel)}
      problem={problem}
      lastError={dial?.lastError ?? null}
      onKeys={onKeys}
    >
      {listening !== null && (
        <Fact label="Listens on">
          {listening.host}:{listening.port}
        </Fact>
      )}
      {kind !== 'client' && listening !== null && (
        <Fact label="Connections">
          {connections.length === 0 ? 'none' : countOf(connections.length, 'connection')}
        </Fact>
      )}
      {kind !== 'client' && oldest !== undefined && <Fact label="Peer">{peersOf(connections)}</Fact>}
      {kind !== 'client' && oldest !== undefined && (
        <Fact label="Since">
          <Time ms={oldest.since} minutes />
        </Fact>
      )}
      {dial !== null && <Fact label="Peer">{dial.peer ?? 'none'}</Fact>}
      {dial !== null && (
        <Fact label="Since">
          <Time ms={dial.since} minutes />
        </Fact>
      )}
      {dial !== null && dial.nextTryAt !== null && (
        <Fact label="Next try">
          <Time ms={dial.nextTryAt} />
        </Fact>
      )}
      {dial !== null && (
        <Fact label="Heartbeat" alarm={(dial.heartbeats?.missed ?? 0) > 0}>
          {dial.heartbeats === null ? 'none' : heartbeatText(dial.heartbeats)}
        </Fact>
      )}
      {meterPorts !== null && (
        <Fact label="Ports of meters" alarm={meterPorts.failed > 0}>
          {grouped(meterPorts.all - meterPorts.failed)} open
          {meterPorts.failed > 0 && `, ${grouped(meterPorts.failed)} not`}
        </Fact>
      )}
    </Frame>
  );
}

/** A channel that only brings what the outbox holds. */
export function UplinkCard({
  uplink,
  title,
  peer,
  onKeys,
}: CardProps & { readonly uplink: Uplink; readonly title: string; readonly peer: string }) {
  const { destination, link, problem } = uplink;
  return (
    <Frame
      name={destination}
      title={title}
      words={uplinkWords(uplink)}
      problem={problem}
      lastError={link?.lastError ?? null}
      onKeys={onKeys}
    >
      <Fact label="Peer">{peer === '' ? 'not set' : peer}</Fact>
      {link !== null && (
        <Fact label="Since">
          <Time ms={link.since} minutes />
        </Fact>
      )}
      {link !== null && <Fact label="On the way">{grouped(link.inFlight)}</Fact>}
      {link !== null && (
        <Fact label="Last acknowledged">
          <Time ms={link.lastSent} minutes />
        </Fact>
      )}
    </Frame>
  );
}

function Frame({
  name,
  title,
  words,
  problem,
  lastError,
  onKeys,
  children,
}: CardProps & {
  readonly name: string;
  readonly title: string;
  readonly words: ChannelWords;
  readonly problem: string | null;
  readonly lastError: LastError | null;
  readonly children: ReactNode;
}) {
  const advice = lastError === null ? undefined : adviceOf(lastError.code);
  return (
    <Card withBorder radius="lg" component="section" aria-label={`Channel ${name}`}>
      <Stack gap="sm" h="100%">
        <Group justify="space-between" gap="sm" wrap="nowrap" align="flex-start">
          <div>
            <Title order={2} size="h5" style={{ overflowWrap: 'anywhere' }}>
              {name}
            </Title>
            <Text size="xs" c="dimmed">
              {title}
            </Text>
          </div>
          <Badge color={words.color} variant="light" tt="none" fw={500} size="lg" miw="max-content">
            {words.label}
          </Badge>
        </Group>
        <Text size="sm">{words.text}</Text>
        {problem !== null && (
          <Text size="sm" c="red">
            {messageOf(new Error(problem))}
          </Text>
        )}
        <SimpleGrid cols={2} spacing="md" verticalSpacing="xs">
          {children}
        </SimpleGrid>
        {lastError !== null && (
          <div>
            <Text size="xs" c="dimmed" component="div">
              Last error, <TimeAgo ms={lastError.time} />
            </Text>
            <Text size="sm">
              {messageOf(new Error(lastError.message))} {advice}
            </Text>
          </div>
        )}
        <Group justify="space-between" gap="xs" mt="auto">
          <Anchor
            component={Link}
            to={`/settings/channel-attributes?of=${encodeURIComponent(name)}`}
            size="sm"
          >
            {words.unset === true ? 'Set it in Channel Attribution' : `Settings of ${name}`}
          </Anchor>
          {onKeys !== undefined && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconKey size={14} />}
              aria-label={`Keys of ${name}`}
              onClick={onKeys}
            >
              Keys
            </Button>
          )}
        </Group>
      </Stack>
    </Card>
  );
}

function peersOf(connections: HeadendChannel['connections']): string {
  const [first, ...others] = connections.map(({ peer }) => peer);
  return others.length === 0 ? (first ?? '') : `${first} and ${grouped(others.length)} more`;
}

function heartbeatText({
  sent,
  answered,
  missed,
}: {
  readonly sent: number;
  readonly answered: number;
  readonly missed: number;
}): string {
  const text = `${grouped(answered)} of ${grouped(sent)} answered`;
  return missed === 0 ? text : `${text}, the last ${grouped(missed)} missed`;
}
