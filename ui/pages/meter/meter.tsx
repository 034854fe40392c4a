import { Anchor, Button, Card, Group, SimpleGrid, Skeleton, Stack, Tabs, Text, Title } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Link, useParams, useSearchParams } from 'react-router';
import type { Meter } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { readMeterNow, useLastReadings, useReadNow } from '../../api/operating.ts';
import { useChoices, useRight } from '../../api/queries.ts';
import { agoText } from '../../format.ts';
import { EnabledBadge, StandingBadge, StateBadge, useLiveState } from '../../parts/badges.tsx';
import { CollectButton } from '../../parts/collect-button.tsx';
import { MeterLink } from '../../parts/meter-link.tsx';
import { Page } from '../../parts/page.tsx';
import { Problem, told } from '../../parts/problem.tsx';
import { Time, TimeAgo } from '../../parts/time.tsx';
import { MeterDrawer } from '../meters/meter-drawer.tsx';
import { ClockCard } from './clock-card.tsx';
import { EventsTab } from './events-tab.tsx';
import { LineCard } from './line-card.tsx';
import { OtherMeter } from './other-meter.tsx';
import { PathCard } from './path-card.tsx';
import { ProfileTab } from './profile-tab.tsx';
import { RegistersTab } from './registers-tab.tsx';
import { RelayCard } from './relay-card.tsx';
import { RowsTable } from './rows-table.tsx';

const tabs = [
  ['energy', 'Load profile'],
  ['demand', 'Demand'],
  ['billing', 'Billing'],
  ['registers', 'Registers'],
  ['events', 'Events'],
] as const;
type TabKey = (typeof tabs)[number][0];

/** Everything that is known of one meter. */
export default function MeterPage() {
  const id = Number(useParams()['id']);
  const meter = useQuery({
    queryKey: ['meter', id],
    queryFn: () => request('GET /api/meters/:id', { params: { id } }),
    refetchInterval: 30_000,
  });
  if (meter.isError && meter.data === undefined) {
    return (
      <Page title="Meter">
        <Problem error={meter.error} retry={() => void meter.refetch()} />
      </Page>
    );
  }
  if (meter.data === undefined) {
    return (
      <Page title="Meter">
        <Skeleton h={120} />
        <Skeleton h={380} />
      </Page>
    );
  }
  return <MeterView key={id} meter={meter.data} />;
}

function MeterView({ meter }: { readonly meter: Meter }) {
  const [params, setParams] = useSearchParams();
  const [work, setWork] = useState<'edit' | 'replace' | undefined>();
  useLastReadings([meter.id]);
  const mayWrite = useRight('meters.write');
  const tab = tabs.find(([key]) => key === params.get('tab'))?.[0] ?? 'energy';
  const bodies: Readonly<Record<TabKey, ReactNode>> = {
    energy: <ProfileTab meterId={meter.id} kind="energy" />,
    demand: (
      <Stack>
        <ProfileTab meterId={meter.id} kind="demand" />
        <RowsTable meterId={meter.id} kind="demand" />
      </Stack>
    ),
    billing: <RowsTable meterId={meter.id} kind="billing" />,
    registers: <RegistersTab meterId={meter.id} />,
    events: <EventsTab meterId={meter.id} />,
  };
  return (
    <Page
      title={`Meter ${meter.meterNo}`}
      beside={
        <>
          <StateBadge meter={meter} />
          <StandingBadge meter={meter} />
        </>
      }
      actions={
        <>
          {meter.replaced === null && <ReadNowButton meter={meter} />}
          {meter.replaced === null && <CollectButton meterId={meter.id} />}
          {mayWrite && meter.replaced === null && (
            <Button variant="default" onClick={() => setWork('replace')}>
              Replace
            </Button>
          )}
          {mayWrite && (
            <Button variant="default" onClick={() => setWork('edit')}>
              Edit
            </Button>
          )}
        </>
      }
    >
      <OtherMeter meter={meter} replace={() => setWork('replace')} />
      <SimpleGrid cols={{ base: 1, sm: 2, xl: 4 }}>
        <ContactCard meter={meter} />
        <FactsCard meter={meter} />
        <Stack>
          {meter.replaced === null && <RelayCard meter={meter} />}
          <ClockCard meter={meter} />
        </Stack>
        <LineCard meter={meter} />
      </SimpleGrid>
      <PathCard meter={meter} />
      <Card withBorder radius="lg" p={0}>
        <Tabs
          value={tab}
          onChange={(value) =>
            setParams(value === null || value === 'energy' ? {} : { tab: value }, { replace: true })
          }
          keepMounted={false}
        >
          <Tabs.List style={{ flexWrap: 'nowrap', overflowX: 'auto', overflowY: 'hidden' }}>
            {tabs.map(([key, label]) => (
              <Tabs.Tab key={key} value={key} py="sm">
                {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {tabs.map(([key]) => (
            <Tabs.Panel key={key} value={key} p="md">
              {bodies[key]}
            </Tabs.Panel>
          ))}
        </Tabs>
      </Card>
      <MeterDrawer
        work={work === undefined ? undefined : { do: work, meter }}
        onClose={() => setWork(undefined)}
      />
    </Page>
  );
}

function ReadNowButton({ meter }: { readonly meter: Meter }) {
  const { reading } = useReadNow(meter.id);
  if (!useRight('readings.execute')) return null;
  const read = async (): Promise<void> => {
    if (await readMeterNow(meter)) told(`Meter ${meter.meterNo} has been read.`);
  };
  return (
    <Button leftSection={<IconRefresh size={16} />} loading={reading} onClick={() => void read()}>
      Read now
    </Button>
  );
}

function ContactCard({ meter }: { readonly meter: Meter }) {
  const { lastSeen } = useLiveState(meter);
  const { result } = useReadNow(meter.id);
  const drift = result?.meterTime == null ? undefined : Math.round((result.meterTime - result.time) / 1000);
  return (
    <Card withBorder radius="lg">
      <Title order={2} size="h5" mb="sm">
        Contact
      </Title>
      <Facts
        rows={[
          [
            'Last answer',
            lastSeen === null ? (
              'Never'
            ) : (
              <span key="seen">
                <Time ms={lastSeen} /> · {agoText(lastSeen, Date.now())}
              </span>
            ),
          ],
          ...(meter.offlineSince === null
            ? []
            : [['Offline since', <TimeAgo key="offline" ms={meter.offlineSince} />] as const]),
          ...(meter.lastError === null
            ? []
            : [
                [
                  'Last error',
                  <span key="error">
                    {meter.lastError.message} (<Time ms={meter.lastError.time} />)
                  </span>,
                ] as const,
              ]),
          ...(drift === undefined
            ? []
            : [
                [
                  'Clock',
                  <span key="clock">
                    {drift === 0 ? 'Exact to the second' : `${drift > 0 ? '+' : ''}${drift} s`} (
                    <Time ms={result?.time ?? null} />)
                  </span>,
                ] as const,
              ]),
          ['Status', <EnabledBadge key="status" enabled={meter.enabled} />],
        ]}
      />
    </Card>
  );
}

function FactsCard({ meter }: { readonly meter: Meter }) {
  const { address, security } = meter;
  return (
    <Card withBorder radius="lg">
      <Title order={2} size="h5" mb="sm">
        Archive
      </Title>
      <Facts
        rows={[
          ['Channel', <Place key="channel" meter={meter} />],
          ['Task', meter.task],
          ['Profile', meter.profile],
          ['Address', addressText(address)],
          ['Security', `${security.auth}, ${security.policy}${meter.hasKeys ? ', keys stored' : ''}`],
          ...(meter.balance === true
            ? [
                [
                  'Balance meter',
                  <Anchor key="balance" component={Link} to={`/balance?of=${meter.id}`} inherit>
                    Balance of its transformer
                  </Anchor>,
                ] as const,
              ]
            : []),
          ...(meter.replaces === null
            ? []
            : [
                [
                  'Replaces',
                  <span key="replaces">
                    <MeterLink meter={meter.replaces} /> since <Time ms={meter.replaces.at} minutes />
                  </span>,
                ] as const,
              ]),
          ...(meter.replaced === null
            ? []
            : [
                [
                  'Replaced by',
                  <span key="replaced">
                    <MeterLink meter={{ id: meter.replaced.by, meterNo: meter.replaced.meterNo }} /> on{' '}
                    <Time ms={meter.replaced.at} minutes />
                  </span>,
                ] as const,
              ]),
        ]}
      />
    </Card>
  );
}

const READING_MODULE = 2;
const G3_NETWORK = 14;

/** The channel; where it is that of a power line network, with the meter's place there. */
function Place({ meter: { channel, meterNo, address } }: { readonly meter: Meter }) {
  const commType = useChoices().data?.channels.find(({ name }) => name === channel)?.commType;
  if (commType !== READING_MODULE && commType !== G3_NETWORK) return channel;
  const node = commType === G3_NETWORK ? meterNo : (address.node ?? meterNo).padStart(12, '0');
  return (
    <>
      {channel} ·{' '}
      <Anchor component={Link} to={`/networks?${new URLSearchParams({ channel, node })}`} inherit>
        place in the network
      </Anchor>
    </>
  );
}

/** How the meter is reached, in short. */
function addressText({
  host,
  port,
  transport,
  node,
  framing,
  serverAddress,
  physicalAddress,
  opening,
}: Meter['address']): string {
  if (host !== undefined)
    return `${host}:${port ?? ''} · ${framing}${transport === 'udp' ? ' over UDP' : ''}`;
  const server =
    physicalAddress === undefined ? String(serverAddress) : `${serverAddress}/${physicalAddress}`;
  const unit = node === undefined ? '' : `node ${node} · `;
  return `${unit}${framing.toUpperCase()} ${server}${opening === 'mode-e' ? ' after mode E' : ''}`;
}

function Facts({ rows }: { readonly rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <Stack gap={6}>
      {rows.map(([label, value]) => (
        <Group key={label} gap="sm" wrap="nowrap" align="flex-start">
          <Text size="sm" c="dimmed" w={90} style={{ flexShrink: 0 }}>
            {label}
          </Text>
          <Text size="sm" component="div" style={{ overflowWrap: 'anywhere' }}>
            {value}
          </Text>
        </Group>
      ))}
    </Stack>
  );
}
