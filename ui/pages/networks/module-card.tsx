import { Anchor, Badge, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { Link } from 'react-router';
import { useRight } from '../../api/queries.ts';
import { bytesText, grouped } from '../../format.ts';
import { messageOf } from '../../parts/problem.tsx';
import { Time } from '../../parts/time.tsx';
import { FirmwareProgress } from './firmware-progress.tsx';
import { ModuleActions } from './module-actions.tsx';
import { type Module, moduleWords } from './module-words.ts';
import { SearchProgress } from './search-progress.tsx';

/** A PLC module: how it is, what it is, what it does, and what one can have it do. */
export function ModuleCard({ module }: { readonly module: Module }) {
  const { channel, trouble, state, upgrade, searching } = module;
  const words = moduleWords(module);
  const mayConfigure = useRight('settings.read');
  return (
    <Card withBorder radius="lg" component="section" aria-label={`Module of ${channel}`}>
      <Stack gap="md">
        <Group justify="space-between" gap="sm">
          <Group gap="sm">
            <Title order={2} size="h5">
              PLC module
            </Title>
            <Badge color={words.color} variant="light" tt="none" fw={500} size="lg">
              {words.label}
            </Badge>
          </Group>
          <ModuleActions module={module} />
        </Group>
        <div>
          <Text size="sm">
            {words.text} {state === 'unplugged' && mayConfigure && <SettingsLink channel={channel} />}
          </Text>
          {trouble !== null && (
            <Text size="sm" c="dimmed">
              {messageOf(trouble)}
            </Text>
          )}
        </div>
        {searching && <SearchProgress module={module} />}
        {upgrade !== null && <FirmwareProgress channel={channel} upgrade={upgrade} />}
        <ModuleFacts module={module} />
      </Stack>
    </Card>
  );
}

export function SettingsLink({ channel }: { readonly channel: string }) {
  return (
    <Anchor component={Link} to={`/settings/channel-attributes?of=${encodeURIComponent(channel)}`} inherit>
      Settings of {channel}
    </Anchor>
  );
}

function ModuleFacts({ module }: { readonly module: Module }) {
  const { version, edition, baudRate, maxFrame, maxNodes, archive, traffic, counters, line, network } =
    module;
  const bad = line.corrupt + line.badLengths + line.invalid;
  return (
    <SimpleGrid cols={{ base: 2, xs: 3, sm: 4, lg: 6 }} spacing="md" verticalSpacing="sm">
      <Fact
        label="Module"
        text={version === null ? '—' : `${version.vendor} ${version.chip} ${version.version}`}
      />
      <Fact label="Made" text={version === null ? '—' : madeOn(version.date)} />
      <Fact label="Edition" text={edition === null ? '—' : `Q/GDW ${edition}`} />
      <Fact label="Serial line" text={baudRate === null ? '—' : `${grouped(baudRate)} baud`} />
      <Fact label="Longest frame" text={maxFrame === null ? '—' : `${grouped(maxFrame)} bytes`} />
      <Fact
        label="Meters"
        text={maxNodes === null ? grouped(archive) : `${grouped(archive)} of ${grouped(maxNodes)}`}
      />
      <Fact
        label="In flight"
        text={`${traffic.flying} of ${traffic.concurrency}`}
        hint={traffic.way === 'concurrent' ? 'concurrently' : 'one at a time'}
      />
      <Fact label="Waiting" text={grouped(traffic.waiting)} />
      <Fact
        label="Frames"
        text={`${grouped(counters.sent)} out · ${grouped(counters.received)} in`}
        hint={`${bytesText(line.bytes)} received`}
      />
      <Fact label="Bad frames" text={grouped(bad)} alarm={bad > 0} hint={badHint(module)} />
      <Fact
        label="Time-outs"
        text={grouped(counters.timeouts)}
        alarm={counters.timeouts > 0}
        hint={`${grouped(counters.denied)} denied`}
      />
      <Fact
        label="Network looked at"
        text={network.lookedAt === null ? 'Not yet' : <Time ms={network.lookedAt} minutes />}
        {...(network.trouble === null ? {} : { hint: messageOf(network.trouble), alarm: true })}
      />
    </SimpleGrid>
  );
}

const badHint = ({ line, counters }: Module): string =>
  [
    [line.discarded, 'stray bytes'],
    [counters.repeated, 'repeated'],
    [counters.stale, 'late'],
    [counters.foreign + counters.garbled, 'not understood'],
  ]
    .filter(([count]) => count !== 0)
    .map(([count, what]) => `${grouped(Number(count))} ${what}`)
    .join(' · ');

/** `260101` as modules tell dates. */
const madeOn = (date: string): string =>
  /^\d{6}$/.test(date) ? `20${date.slice(0, 2)}-${date.slice(2, 4)}-${date.slice(4)}` : date;

function Fact({
  label,
  text,
  hint = '',
  alarm = false,
}: {
  readonly label: string;
  readonly text: React.ReactNode;
  readonly hint?: string;
  readonly alarm?: boolean;
}) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text
        size="sm"
        component="div"
        className="numbers"
        fw={alarm ? 600 : 400}
        style={{ overflowWrap: 'anywhere' }}
      >
        {text}
      </Text>
      {hint !== '' && (
        <Text size="xs" c={alarm ? 'red' : 'dimmed'}>
          {hint}
        </Text>
      )}
    </div>
  );
}
