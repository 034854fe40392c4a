import { DataTable } from 'mantine-datatable';
import { useState } from 'react';
import { MeterLink } from '../../parts/meter-link.tsx';
import { Time } from '../../parts/time.tsx';
import { NodeMarks, Phases, Quality, roleNames } from './node-marks.tsx';
import { type NetworkNode, sorted } from './nodes.ts';

const PAGE = 50;

/** The same nodes as rows, a page at a time. */
export function NodeTable({
  nodes,
  orphans,
  page,
  onPage,
  selected,
  onSelect,
}: {
  readonly nodes: readonly NetworkNode[];
  readonly orphans: ReadonlySet<string>;
  readonly page: number;
  readonly onPage: (page: number) => void;
  readonly selected: string | null;
  readonly onSelect: (address: string) => void;
}) {
  const [sort, setSort] = useState<{ columnAccessor: keyof NetworkNode; direction: 'asc' | 'desc' }>({
    columnAccessor: 'level',
    direction: 'asc',
  });
  const last = Math.max(1, Math.ceil(nodes.length / PAGE));
  const shown = Math.min(page, last);
  const rows = sorted(nodes, sort.columnAccessor, sort.direction === 'desc');
  return (
    <DataTable<NetworkNode>
      idAccessor="address"
      highlightOnHover
      minHeight={nodes.length === 0 ? 160 : 0}
      noRecordsText="No node fits these filters"
      records={rows.slice((shown - 1) * PAGE, shown * PAGE)}
      totalRecords={nodes.length}
      recordsPerPage={PAGE}
      page={shown}
      onPageChange={onPage}
      sortStatus={sort}
      onSortStatusChange={({ columnAccessor, direction }) =>
        setSort({ columnAccessor: columnAccessor as keyof NetworkNode, direction })
      }
      onRowClick={({ record }) => onSelect(record.address)}
      rowStyle={({ address }) =>
        address === selected ? { background: 'var(--mantine-primary-color-light)' } : undefined
      }
      columns={[
        {
          accessor: 'address',
          title: 'Address',
          sortable: true,
          render: ({ address }) => <span className="numbers">{address}</span>,
        },
        {
          accessor: 'meterNo',
          title: 'MeterNo',
          sortable: true,
          render: ({ meterId, meterNo }) =>
            meterId === null || meterNo === null ? '' : <MeterLink meter={{ id: meterId, meterNo }} />,
        },
        {
          accessor: 'level',
          title: 'Level',
          sortable: true,
          textAlign: 'right',
          render: ({ level }) => level ?? '—',
        },
        { accessor: 'role', title: 'Role', sortable: true, render: ({ role }) => roleNames[role] },
        {
          accessor: 'quality',
          title: 'Quality',
          sortable: true,
          textAlign: 'right',
          render: ({ quality }) => <Quality quality={quality} />,
        },
        { accessor: 'phases', title: 'Phases', sortable: true, render: (node) => <Phases node={node} /> },
        {
          accessor: 'shortAddress',
          title: 'Short address',
          sortable: true,
          textAlign: 'right',
          render: ({ shortAddress }) => shortAddress ?? '—',
        },
        { accessor: 'parent', title: 'Through', sortable: true, render: ({ parent }) => parent ?? '—' },
        {
          accessor: 'seenAt',
          title: 'Seen at',
          sortable: true,
          render: ({ seenAt }) => <Time ms={seenAt} minutes />,
        },
        {
          accessor: 'gone',
          title: 'State',
          render: (node) => <NodeMarks node={node} orphan={orphans.has(node.address)} />,
        },
      ]}
    />
  );
}
