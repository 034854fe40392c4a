import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { DataTable, type DataTableColumn } from 'mantine-datatable';
import { useState } from 'react';
import { Page } from '../../parts/page.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Time } from '../../parts/time.tsx';

const PAGE_SIZE = 50;

/** A log, newest first, page by page. */
export function LogTable<Row extends { readonly id: number; readonly time: number }>({
  title,
  kind,
  load,
  columns,
}: {
  readonly title: string;
  readonly kind: string;
  readonly load: (query: {
    offset: number;
    limit: number;
  }) => Promise<{ readonly rows: readonly Row[]; readonly total: number }>;
  readonly columns: DataTableColumn<Row>[];
}) {
  const [page, setPage] = useState(1);
  const log = useQuery({
    queryKey: [kind, page],
    queryFn: () => load({ offset: (page - 1) * PAGE_SIZE, limit: PAGE_SIZE }),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
  return (
    <Page title={title}>
      {log.isError && log.data === undefined ? (
        <Problem error={log.error} retry={() => void log.refetch()} />
      ) : (
        <DataTable<Row>
          withTableBorder
          borderRadius="lg"
          highlightOnHover
          minHeight={log.data === undefined || log.data.rows.length === 0 ? 200 : 0}
          records={[...(log.data?.rows ?? [])]}
          fetching={log.isPending}
          noRecordsText="Nothing has happened yet"
          totalRecords={log.data?.total ?? 0}
          page={page}
          onPageChange={setPage}
          recordsPerPage={PAGE_SIZE}
          columns={[
            { accessor: 'time', title: 'Time', width: 210, render: (row) => <Time ms={row.time} /> },
            ...columns,
          ]}
        />
      )}
    </Page>
  );
}
