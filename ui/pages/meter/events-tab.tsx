import { Badge, Group, Select, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { DataTable } from 'mantine-datatable';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import type { EventLog } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { eventLogNames } from '../../format.ts';
import { Problem } from '../../parts/problem.tsx';
import { Time } from '../../parts/time.tsx';

const PAGE_SIZE = 50;
const isLog = (value: string | null): value is EventLog => value !== null && value in eventLogNames;

export function EventsTab({ meterId }: { readonly meterId: number }) {
  const [params, setParams] = useSearchParams();
  const [page, setPage] = useState(1);
  const asked = params.get('log');
  const log = isLog(asked) ? asked : undefined;
  const events = useQuery({
    queryKey: ['meter-data', meterId, 'events', log, page],
    queryFn: () =>
      request('GET /api/meters/:id/events', {
        params: { id: meterId },
        query: { ...(log === undefined ? {} : { log }), offset: (page - 1) * PAGE_SIZE, limit: PAGE_SIZE },
      }),
    placeholderData: keepPreviousData,
  });
  if (events.isError && events.data === undefined) {
    return <Problem error={events.error} retry={() => void events.refetch()} />;
  }
  return (
    <>
      <Group mb="sm">
        <Select
          placeholder="All logs"
          aria-label="Event log"
          data={Object.entries(eventLogNames).map(([value, label]) => ({ value, label }))}
          value={log ?? null}
          onChange={(value) => {
            setPage(1);
            setParams(
              (before) => {
                const next = new URLSearchParams(before);
                if (value === null) next.delete('log');
                else next.set('log', value);
                return next;
              },
              { replace: true },
            );
          }}
          clearable
          w={220}
        />
      </Group>
      <DataTable
        withTableBorder
        borderRadius="md"
        highlightOnHover
        minHeight={200}
        idAccessor={(row) => `${row.log} ${row.time} ${row.code}`}
        records={events.data?.rows ?? []}
        fetching={events.isPending}
        noRecordsText="No events have been read"
        totalRecords={events.data?.total ?? 0}
        page={page}
        onPageChange={setPage}
        recordsPerPage={PAGE_SIZE}
        columns={[
          { accessor: 'time', title: 'Time', width: 210, render: (row) => <Time ms={row.time} /> },
          {
            accessor: 'log',
            title: 'Log',
            width: 170,
            render: (row) => (
              <Badge variant="light" color="gray" tt="none" fw={500}>
                {eventLogNames[row.log]}
              </Badge>
            ),
          },
          { accessor: 'code', title: 'Code', width: 80, textAlign: 'right' },
          {
            accessor: 'text',
            title: 'Event',
            render: (row) =>
              row.text ?? (
                <Text span inherit c="dimmed">
                  Unknown code
                </Text>
              ),
          },
          {
            accessor: 'extra',
            title: 'Details',
            render: (row) => (
              <Text size="xs" c="dimmed">
                {Object.entries(row.extra)
                  .map(([key, value]) => `${key} = ${value}`)
                  .join(', ')}
              </Text>
            ),
          },
        ]}
      />
    </>
  );
}
