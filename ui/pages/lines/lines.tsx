import { Badge, Card, Skeleton, Stack, Text, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { DataTable, type DataTableColumn, type DataTableSortStatus } from 'mantine-datatable';
import { useState } from 'react';
import type { Line } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { bytesText, grouped } from '../../format.ts';
import { MeterLink } from '../../parts/meter-link.tsx';
import { Page } from '../../parts/page.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Time } from '../../parts/time.tsx';
import { asRow, type LineRow, type SortKey } from './rows.ts';

const PAGE = 25;

/** Operating → Lines: what went over each line since the start, and what went wrong there. */
export default function Lines() {
  const lines = useQuery({
    queryKey: ['lines'],
    queryFn: () => request('GET /api/lines'),
    refetchInterval: 5_000,
  });
  if (lines.isError && lines.data === undefined) {
    return (
      <Page title="Lines">
        <Problem error={lines.error} retry={() => void lines.refetch()} />
      </Page>
    );
  }
  if (lines.data === undefined) {
    return (
      <Page title="Lines">
        <Skeleton h={240} />
      </Page>
    );
  }
  const { rows } = lines.data;
  if (rows.length === 0) {
    return (
      <Page title="Lines">
        <Text c="dimmed">No line has been used since the concentrator was started.</Text>
      </Page>
    );
  }
  return (
    <Page title="Lines">
      {rows.toSorted(sharedFirst).map((line) => (
        <LineCard key={line.line} line={line} />
      ))}
    </Page>
  );
}

const looks = { idle: 'gray', waiting: 'yellow', busy: 'blue' } as const;

const sharedFirst = (a: Line, b: Line): number => Number(b.shared) - Number(a.shared);

function LineCard({ line }: { readonly line: Line }) {
  const { use, ageMs, state, meters, shared } = line;
  return (
    <Card withBorder radius="lg">
      <Title order={2} size="h5" mb={4}>
        {line.line}{' '}
        <Badge color={looks[state]} variant="light" tt="none" fw={500}>
          {state}
        </Badge>
      </Title>
      <Text size="sm" c="dimmed" mb="sm" className="numbers">
        {grouped(meters)} {meters === 1 ? 'meter' : 'meters'}
        {shared ? '' : ', a line each'} · {grouped(use.frames)} frames · {bytesText(use.bytes)}
        {shared ? ` · busy ${share(use.busyMs, ageMs)}` : ''}
        {use.bitMs > 0 ? `, ${share(use.bitMs, use.busyMs)} of it with bits on the wire` : ''} · {use.badFcs}{' '}
        bad FCS · {use.rejectedHeaders} rejected · {use.retransmissions} retransmissions · {use.timeouts}{' '}
        time-outs
      </Text>
      <UseTable name={line.line} withLine={!shared} />
    </Card>
  );
}

const share = (busyMs: number, ageMs: number): string =>
  `${ageMs <= 0 ? 0 : Math.min(100, (busyMs / ageMs) * 100).toFixed(1)} %`;

/** One row a meter; the worst can be sorted to the top. */
function UseTable({ name, withLine }: { readonly name: string; readonly withLine: boolean }) {
  const [page, setPage] = useState(1);
  const [sort, setSort] = useState<DataTableSortStatus<LineRow>>({
    columnAccessor: 'timeouts',
    direction: 'desc',
  });
  const query = {
    offset: (page - 1) * PAGE,
    limit: PAGE,
    sort: sort.columnAccessor as SortKey,
    order: sort.direction,
  };
  const meters = useQuery({
    queryKey: ['lines', name, query],
    queryFn: () => request('GET /api/lines/:name/meters', { params: { name }, query }),
    placeholderData: keepPreviousData,
    refetchInterval: 5_000,
  });
  if (meters.isError && meters.data === undefined) {
    return <Problem error={meters.error} retry={() => void meters.refetch()} />;
  }
  if (meters.data === undefined) return <Skeleton h={120} />;
  const { rows, total } = meters.data;
  const count = (accessor: SortKey, title: string): DataTableColumn<LineRow> => ({
    accessor,
    title,
    sortable: true,
    textAlign: 'right',
    render: (row) => (
      <Text span inherit className="numbers" c={row[accessor] === 0 ? 'dimmed' : 'inherit'}>
        {typeof row[accessor] === 'number' ? grouped(row[accessor]) : row[accessor]}
      </Text>
    ),
  });
  return (
    <DataTable<LineRow>
      idAccessor="key"
      highlightOnHover
      records={rows.map(asRow)}
      sortStatus={sort}
      onSortStatusChange={(next) => {
        setSort(next);
        setPage(1);
      }}
      page={page}
      onPageChange={setPage}
      recordsPerPage={PAGE}
      totalRecords={total}
      columns={[
        {
          accessor: 'meterNo',
          title: 'MeterNo',
          sortable: true,
          render: (row) => <MeterLink meter={{ id: row.meterId, meterNo: row.meterNo }} />,
        },
        ...(withLine ? [{ accessor: 'line', title: 'Line', sortable: true } as const] : []),
        count('frames', 'Frames'),
        {
          accessor: 'bytes',
          title: 'Bytes',
          sortable: true,
          textAlign: 'right',
          render: (row) => <span className="numbers">{bytesText(row.bytes)}</span>,
        },
        {
          accessor: 'busyMs',
          title: 'Busy',
          sortable: true,
          textAlign: 'right',
          render: (row) => <span className="numbers">{share(row.busyMs, row.ageMs)}</span>,
        },
        {
          accessor: 'answersMs',
          title: 'Answers in',
          sortable: true,
          textAlign: 'right',
          render: ({ answersMs }) => (
            <span className="numbers">{answersMs < 0 ? '' : `${Math.round(answersMs)} ms`}</span>
          ),
        },
        { accessor: 'frame', title: 'Frame × window', textAlign: 'right' },
        {
          accessor: 'breaker',
          title: 'Breaker',
          sortable: true,
          render: ({ breaker }) =>
            breaker === 'closed' ? null : (
              <Badge color={breaker === 'open' ? 'red' : 'yellow'} variant="light" tt="none" fw={500}>
                {breaker === 'open' ? 'given up for now' : 'probing'}
              </Badge>
            ),
        },
        count('badFcs', 'Bad FCS'),
        count('rejectedHeaders', 'Rejected'),
        count('retransmissions', 'Retransmissions'),
        count('timeouts', 'Time-outs'),
        count('failures', 'Failures'),
        {
          accessor: 'lastError',
          title: 'Last error',
          width: 260,
          render: ({ lastError }) =>
            lastError === null ? null : (
              <Stack gap={0}>
                <Text size="sm">{lastError.message}</Text>
                <Text size="xs" c="dimmed" component="div">
                  <Time ms={lastError.time} />
                </Text>
              </Stack>
            ),
        },
      ]}
    />
  );
}
