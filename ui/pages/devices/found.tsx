import { Badge, Button, Group, SegmentedControl, Text, TextInput, Tooltip } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { DataTable, type DataTableColumn } from 'mantine-datatable';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import type { FoundDevice } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { useChange, useRight } from '../../api/queries.ts';
import { confirm } from '../../parts/confirm.tsx';
import { Page } from '../../parts/page.tsx';
import { NOT_A_PHONE } from '../../parts/phone.tsx';
import { failed, Problem, told } from '../../parts/problem.tsx';
import { TimeAgo } from '../../parts/time.tsx';
import { MeterDrawer } from '../meters/meter-drawer.tsx';
import type { ProposedMeter } from '../meters/meter-form.ts';

const states = ['new', 'ignored', 'accepted'] as const;
const PAGE = 25;

const ways = { report: 'Told by the network', search: 'Looked for', scan: 'Scan of a line' } as const;

/** Archive → Found Devices: what is there and is no meter of the archive. */
export default function Found() {
  const [params, setParams] = useSearchParams();
  const state = states.find((one) => one === params.get('state')) ?? 'new';
  const [page, setPage] = useState(1);
  const [typed, setTyped] = useState(params.get('search') ?? '');
  const [search] = useDebouncedValue(typed.trim(), 250);
  const [accepting, setAccepting] = useState<FoundDevice | undefined>();
  const writable = useRight('meters.write');
  const query = { state, search, offset: (page - 1) * PAGE, limit: PAGE };
  const devices = useQuery({
    queryKey: ['found', query],
    queryFn: () => request('GET /api/found', { query }),
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });
  const columns = foundColumns(writable && state !== 'accepted' ? { accept: setAccepting } : undefined);
  return (
    <Page title="Found Devices">
      <Group gap="xs">
        <SegmentedControl
          aria-label="State"
          data={[
            { value: 'new', label: 'New' },
            { value: 'ignored', label: 'Ignored' },
            { value: 'accepted', label: 'Accepted' },
          ]}
          value={state}
          onChange={(next) => {
            setPage(1);
            setParams(next === 'new' ? {} : { state: next }, { replace: true });
          }}
        />
        <TextInput
          placeholder="Search address"
          aria-label="Search address"
          leftSection={<IconSearch size={16} />}
          value={typed}
          onChange={(event) => {
            setPage(1);
            setTyped(event.currentTarget.value);
          }}
        />
      </Group>
      {devices.isError && devices.data === undefined ? (
        <Problem error={devices.error} retry={() => void devices.refetch()} />
      ) : (
        <DataTable<FoundDevice>
          withTableBorder
          borderRadius="lg"
          highlightOnHover
          verticalSpacing="xs"
          minHeight={(devices.data?.rows.length ?? 0) === 0 ? 200 : 0}
          records={devices.data?.rows ?? []}
          columns={columns}
          fetching={devices.isPending}
          noRecordsText={
            state === 'new'
              ? 'Nothing has been found that is not in the archive'
              : `No device has been ${state} ${search === '' ? 'yet' : 'with such an address'}`
          }
          totalRecords={devices.data?.total ?? 0}
          page={page}
          onPageChange={setPage}
          recordsPerPage={PAGE}
        />
      )}
      <MeterDrawer
        work={accepting === undefined ? undefined : { do: 'accept', found: accepting }}
        onClose={() => setAccepting(undefined)}
      />
    </Page>
  );
}

/** What the device would be, as far as it told. */
function Proposed({ device }: { readonly device: FoundDevice }) {
  const meter = device.proposal?.['meter'] as ProposedMeter | undefined;
  if (meter === undefined) {
    return (
      <Text span inherit c="dimmed">
        not asked
      </Text>
    );
  }
  return (
    <span>
      <span className="numbers">{meter.meterNo ?? 'no number'}</span>
      {meter.profile === undefined ? '' : ` · ${meter.profile}`}
    </span>
  );
}

function foundColumns(
  actions: { readonly accept: (device: FoundDevice) => void } | undefined,
): DataTableColumn<FoundDevice>[] {
  return [
    {
      accessor: 'address',
      title: 'Address',
      render: (device) => (
        <Group gap={6}>
          <span className="numbers">{device.address}</span>
          {device.blacklisted !== null && (
            <Tooltip label={device.blacklisted.reason || 'No reason given'}>
              <Badge color="red" tt="none" fw={500}>
                Blacklisted
              </Badge>
            </Tooltip>
          )}
        </Group>
      ),
    },
    { accessor: 'channel', title: 'Channel', visibleMediaQuery: NOT_A_PHONE },
    { accessor: 'via', title: 'Found', visibleMediaQuery: NOT_A_PHONE, render: ({ via }) => ways[via] },
    { accessor: 'proposal', title: 'Meter', render: (device) => <Proposed device={device} /> },
    {
      accessor: 'seenAt',
      title: 'Last seen',
      visibleMediaQuery: NOT_A_PHONE,
      render: ({ seenAt }) => <TimeAgo ms={seenAt} />,
    },
    ...(actions === undefined
      ? []
      : [
          {
            accessor: 'action',
            title: 'Action',
            textAlign: 'right' as const,
            render: (device: FoundDevice) => <FoundActions device={device} accept={actions.accept} />,
          },
        ]),
  ];
}

function FoundActions({
  device,
  accept,
}: {
  readonly device: FoundDevice;
  readonly accept: (device: FoundDevice) => void;
}) {
  const params = { id: device.id };
  const kinds = ['found', 'blacklist'];
  const aside = useChange(
    () =>
      device.state === 'ignored'
        ? request('POST /api/found/:id/restore', { params })
        : request('POST /api/found/:id/ignore', { params }),
    kinds,
  );
  const [name] = device.names;
  const ban = useChange(async () => {
    await request('POST /api/blacklist', {
      body: { address: name ?? device.address, reason: `found on ${device.channel}` },
    });
    await request('POST /api/found/:id/ignore', { params });
  }, kinds);
  return (
    <Group gap={4} justify="flex-end">
      <Button size="compact-sm" variant="light" onClick={() => accept(device)}>
        Accept
      </Button>
      <Button
        size="compact-sm"
        variant="subtle"
        color="gray"
        loading={aside.isPending}
        onClick={() =>
          aside.mutate(undefined, { onError: (error) => failed('Could not set the device aside', error) })
        }
      >
        {device.state === 'ignored' ? 'Show again' : 'Ignore'}
      </Button>
      {device.blacklisted === null && name !== undefined && (
        <Button
          size="compact-sm"
          variant="subtle"
          color="red"
          loading={ban.isPending}
          onClick={() =>
            confirm(
              'Blacklist device',
              `${name} will not be let in and not be read until it is taken off the blacklist.`,
              'Blacklist',
              () =>
                ban.mutate(undefined, {
                  onSuccess: () => told(`${name} may not communicate any more.`),
                  onError: (error) => failed('Could not change the blacklist', error),
                }),
            )
          }
        >
          Blacklist
        </Button>
      )}
    </Group>
  );
}
