import { Badge, Stack, TextInput, Tooltip } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { DataTable } from 'mantine-datatable';
import { useState } from 'react';
import { request } from '../../api/client.ts';
import { MeterLink } from '../../parts/meter-link.tsx';
import { messageOf, Problem } from '../../parts/problem.tsx';
import type { MeterPort } from './queries.ts';

const PAGE = 25;
const SEARCH_DELAY_MS = 250;

/** The TCP ports of single meters, searched by MeterNo or port, a page at a time. */
export function MeterPorts({ channel }: { readonly channel: string }) {
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(1);
  const [wanted] = useDebouncedValue(search, SEARCH_DELAY_MS);
  const ports = useQuery({
    queryKey: ['meter-ports', channel, wanted, page],
    queryFn: () =>
      request('GET /api/headend/:channel/meter-ports', {
        params: { channel },
        query: { search: wanted, offset: (page - 1) * PAGE, limit: PAGE },
      }),
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });
  if (ports.isError && ports.data === undefined) {
    return <Problem error={ports.error} retry={() => void ports.refetch()} />;
  }
  return (
    <Stack gap="xs">
      <TextInput
        placeholder="Search MeterNo or port"
        aria-label="Search MeterNo or port"
        leftSection={<IconSearch size={16} />}
        value={search}
        onChange={(event) => {
          setSearch(event.currentTarget.value);
          setPage(1);
        }}
        w={{ base: '100%', xs: 240 }}
      />
      <DataTable<MeterPort>
        withTableBorder
        borderRadius="lg"
        highlightOnHover
        idAccessor="meterId"
        minHeight={160}
        records={ports.data?.rows ?? []}
        fetching={ports.isPending}
        noRecordsText="No port fits this search"
        totalRecords={ports.data?.total ?? 0}
        recordsPerPage={PAGE}
        page={page}
        onPageChange={setPage}
        columns={[
          {
            accessor: 'meterNo',
            title: 'MeterNo',
            render: ({ meterId, meterNo }) => <MeterLink meter={{ id: meterId, meterNo }} />,
          },
          {
            accessor: 'port',
            title: 'Port',
            textAlign: 'right',
            render: ({ port }) => <span className="numbers">{port}</span>,
          },
          {
            accessor: 'error',
            title: 'State',
            render: ({ error, connections }) => <PortState error={error} connections={connections} />,
          },
        ]}
      />
    </Stack>
  );
}

function PortState({ error, connections }: Pick<MeterPort, 'error' | 'connections'>) {
  if (error !== null) {
    return (
      <Tooltip label={messageOf(new Error(error))} multiline maw={360}>
        <Badge color="red" variant="light" tt="none" fw={500} miw="max-content">
          Cannot be had
        </Badge>
      </Tooltip>
    );
  }
  return (
    <Badge color={connections > 0 ? 'blue' : 'teal'} variant="light" tt="none" fw={500} miw="max-content">
      {connections > 0 ? `${connections} connected` : 'Open'}
    </Badge>
  );
}
