import { ActionIcon, Anchor, Button, Group, Text, Tooltip } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { DataTable, type DataTableColumn } from 'mantine-datatable';
import { useState } from 'react';
import { Link } from 'react-router';
import type { BlacklistEntry } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { useChange, useRight } from '../../api/queries.ts';
import { confirm } from '../../parts/confirm.tsx';
import { EditDrawer } from '../../parts/edit-drawer.tsx';
import type { Field } from '../../parts/field.ts';
import { MeterLink } from '../../parts/meter-link.tsx';
import { Page } from '../../parts/page.tsx';
import { NOT_A_PHONE } from '../../parts/phone.tsx';
import { failed, Problem, told } from '../../parts/problem.tsx';
import { Time } from '../../parts/time.tsx';

type NewEntry = { address: string; reason: string };

const fields: readonly Field<NewEntry>[] = [
  {
    key: 'address',
    label: 'Device',
    kind: 'text',
    required: true,
    help: 'MeterNo, node, system title, or IP address with or without port',
  },
  { key: 'reason', label: 'Reason', kind: 'text' },
];

/** Archive → Blacklist: devices that may not communicate. */
export default function Blacklist() {
  const writable = useRight('meters.write');
  const [adding, setAdding] = useState(false);
  const entries = useQuery({ queryKey: ['blacklist'], queryFn: () => request('GET /api/blacklist') });
  const kinds = ['blacklist', 'meters', 'meter', 'found'];
  const add = useChange((body: NewEntry) => request('POST /api/blacklist', { body }), kinds);
  const remove = useChange(
    ({ id }: BlacklistEntry) => request('DELETE /api/blacklist/:id', { params: { id } }),
    kinds,
  );
  const askToRemove = (entry: BlacklistEntry): void =>
    confirm('Take off the blacklist', `${entry.address} may register and be read again.`, 'Take off', () =>
      remove.mutate(entry, {
        onSuccess: () => told(`${entry.address} may communicate again.`),
        onError: (error) => failed('Could not change the blacklist', error),
      }),
    );
  const columns: DataTableColumn<BlacklistEntry>[] = [
    {
      accessor: 'address',
      title: 'Device',
      render: ({ address }) => <span className="numbers">{address}</span>,
    },
    { accessor: 'reason', title: 'Reason' },
    {
      accessor: 'meters',
      title: 'Meters of the archive',
      visibleMediaQuery: NOT_A_PHONE,
      render: ({ meters }) =>
        meters.length === 0 ? (
          <Text span inherit c="dimmed">
            none
          </Text>
        ) : (
          <Group gap="xs">
            {meters.map((meter) => (
              <MeterLink key={meter.id} meter={meter} />
            ))}
          </Group>
        ),
    },
    {
      accessor: 'createdAt',
      title: 'Since',
      visibleMediaQuery: NOT_A_PHONE,
      render: ({ createdAt }) => <Time ms={createdAt} minutes />,
    },
    ...(writable
      ? [
          {
            accessor: 'action',
            title: 'Action',
            textAlign: 'right' as const,
            render: (entry: BlacklistEntry) => (
              <Tooltip label="Take off">
                <ActionIcon
                  variant="subtle"
                  color="red"
                  aria-label={`Take off ${entry.address}`}
                  onClick={() => askToRemove(entry)}
                >
                  <IconTrash size={16} />
                </ActionIcon>
              </Tooltip>
            ),
          },
        ]
      : []),
  ];
  return (
    <Page
      title="Blacklist"
      actions={
        writable && (
          <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
            Add device
          </Button>
        )
      }
    >
      <Text size="sm" c="dimmed" maw={760}>
        These devices are not let into a network, not taken into the archive by themselves and not read. Each
        attempt is an entry of the{' '}
        <Anchor component={Link} to="/events/logbook" inherit>
          Concentrator Log
        </Anchor>
        , at most one an hour.
      </Text>
      {entries.isError && entries.data === undefined ? (
        <Problem error={entries.error} retry={() => void entries.refetch()} />
      ) : (
        <DataTable<BlacklistEntry>
          withTableBorder
          borderRadius="lg"
          highlightOnHover
          verticalSpacing="xs"
          minHeight={(entries.data?.rows.length ?? 0) === 0 ? 200 : 0}
          records={entries.data?.rows ?? []}
          columns={columns}
          fetching={entries.isPending}
          noRecordsText="Every device may communicate"
        />
      )}
      <EditDrawer<NewEntry>
        opened={adding}
        title="Keep a device from communicating"
        fields={fields}
        initial={{ address: '', reason: '' }}
        save={async (entry) => {
          const address = entry.address.trim();
          await add.mutateAsync({ address, reason: entry.reason.trim() });
          told(`${address} may not communicate any more.`);
        }}
        onClose={() => setAdding(false)}
      />
    </Page>
  );
}
