import { Badge, Stack, Text, Title } from '@mantine/core';
import { DataTable } from 'mantine-datatable';
import { MeterLink } from '../../parts/meter-link.tsx';
import { NOT_A_PHONE, OnPhone } from '../../parts/phone.tsx';
import { Time } from '../../parts/time.tsx';
import { MeterPorts } from './meter-ports.tsx';
import type { HeadendChannel } from './queries.ts';

type Association = HeadendChannel['connections'][number]['associations'][number];

interface Row {
  readonly id: string;
  readonly channel: string;
  readonly peer: string;
  readonly since: number;
  /** Undefined while none stands on the connection. */
  readonly association: Association | undefined;
}

const mechanisms: Readonly<Record<Association['auth'], string>> = {
  none: 'public, without authentication',
  lls: 'password (LLS)',
  hls: 'HLS 2',
  'hls-md5': 'HLS MD5',
  'hls-sha1': 'HLS SHA-1',
  'hls-gmac': 'HLS GMAC, ciphered',
  'hls-sha256': 'HLS SHA-256',
  'hls-ecdsa': 'HLS ECDSA',
};

/** Who is connected now, under which association, and the ports of single meters. */
export function ConnectionsTab({ channels }: { readonly channels: readonly HeadendChannel[] }) {
  const rows = rowsOf(channels);
  return (
    <Stack gap="lg">
      <DataTable<Row>
        withTableBorder
        borderRadius="lg"
        highlightOnHover
        minHeight={rows.length === 0 ? 160 : 0}
        noRecordsText="Nobody is connected now"
        records={rows}
        columns={[
          {
            accessor: 'peer',
            title: 'Peer',
            render: ({ peer, channel, since }) => (
              <>
                <span className="numbers" style={{ overflowWrap: 'anywhere' }}>
                  {peer}
                </span>
                <OnPhone>
                  <Text size="xs" c="dimmed" component="div">
                    {channel}
                  </Text>
                  <Text size="xs" c="dimmed" component="div">
                    <Time ms={since} minutes />
                  </Text>
                </OnPhone>
              </>
            ),
          },
          { accessor: 'channel', title: 'Channel', visibleMediaQuery: NOT_A_PHONE },
          {
            accessor: 'association',
            title: 'Association',
            render: ({ association }) => <AssociationText association={association} />,
          },
          {
            accessor: 'device',
            title: 'Logical device',
            render: ({ association }) => <Device association={association} />,
          },
          {
            accessor: 'since',
            title: 'Since',
            visibleMediaQuery: NOT_A_PHONE,
            render: ({ since }) => <Time ms={since} minutes />,
          },
        ]}
      />
      {channels.map(
        ({ channel, meterPorts }) =>
          meterPorts !== null && (
            <Stack key={channel} gap="sm">
              <Title order={2} size="h5">
                Ports of meters on {channel}
              </Title>
              <MeterPorts channel={channel} />
            </Stack>
          ),
      )}
    </Stack>
  );
}

function rowsOf(channels: readonly HeadendChannel[]): Row[] {
  return channels.flatMap(({ channel, connections }) =>
    connections.flatMap(({ peer, since, associations }): Row[] => {
      const common = { channel, peer, since };
      if (associations.length === 0) {
        return [{ ...common, id: `${channel} ${peer}`, association: undefined }];
      }
      return associations.map((association) => ({
        ...common,
        id: `${channel} ${peer} ${association.client} ${association.sap}`,
        association,
      }));
    }),
  );
}

function AssociationText({ association }: { readonly association: Association | undefined }) {
  if (association === undefined) {
    return (
      <Text span inherit c="dimmed">
        none yet
      </Text>
    );
  }
  const { client, auth, live } = association;
  return (
    <>
      Client {client}: {mechanisms[auth]}{' '}
      {live && (
        <Badge color="blue" variant="light" size="sm" tt="none" fw={500} miw="max-content">
          live from meters
        </Badge>
      )}
    </>
  );
}

function Device({ association }: { readonly association: Association | undefined }) {
  if (association === undefined) return '—';
  const { sap, meter } = association;
  return (
    <>
      {meter === null ? 'Concentrator' : <MeterLink meter={meter} />}{' '}
      <Text span size="xs" c="dimmed">
        SAP {sap}
      </Text>
    </>
  );
}
