import { Alert, Badge, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { DataTable } from 'mantine-datatable';
import { useState } from 'react';
import type { ImportPlan } from '../../../src/api/contract.ts';

type Row = ImportPlan['rows'][number];

const looks = {
  create: { color: 'teal', text: 'New' },
  update: { color: 'blue', text: 'Change' },
  unchanged: { color: 'gray', text: 'As it is' },
  error: { color: 'red', text: 'Error' },
} as const;

const PAGE = 50;
/** Changes that are shown of one row; a new meter has some thirty. */
const SHOWN = 10;

/** What becomes of each row of a file, with all that is wrong in it. */
export function ImportTable({ plan }: { readonly plan: ImportPlan }) {
  const { counts, ignored, rows } = plan;
  const [filter, setFilter] = useState<'all' | 'changes' | 'errors'>(counts.error > 0 ? 'errors' : 'all');
  const [page, setPage] = useState(1);
  const shown = rows.filter(
    ({ action }) =>
      filter === 'all' ||
      (filter === 'errors' ? action === 'error' : action === 'create' || action === 'update'),
  );
  return (
    <Stack gap="xs">
      {ignored.length > 0 && (
        <Alert color="yellow" title="Columns that are left out">
          These headings are none of a meter’s: {ignored.join(', ')}.
        </Alert>
      )}
      <Group justify="space-between">
        <SegmentedControl
          aria-label="Rows"
          data={[
            { value: 'all', label: `All ${rows.length}` },
            { value: 'changes', label: `Changes ${counts.create + counts.update}` },
            { value: 'errors', label: `Errors ${counts.error}` },
          ]}
          value={filter}
          onChange={(value) => {
            setFilter(value);
            setPage(1);
          }}
        />
        <Text size="sm" c="dimmed">
          {counts.create} new · {counts.update} changed · {counts.unchanged} as they are · {counts.error} with
          errors
        </Text>
      </Group>
      <DataTable<Row>
        idAccessor="line"
        withTableBorder
        borderRadius="lg"
        verticalSpacing="xs"
        minHeight={shown.length === 0 ? 140 : 0}
        records={shown.slice((page - 1) * PAGE, page * PAGE)}
        noRecordsText={filter === 'errors' ? 'No row has an error' : 'No such rows'}
        columns={[
          { accessor: 'line', title: 'Line', width: 64 },
          {
            accessor: 'meterNo',
            title: 'MeterNo',
            width: 180,
            render: ({ meterNo }) => <span className="numbers">{meterNo === '' ? '—' : meterNo}</span>,
          },
          {
            accessor: 'action',
            title: 'What',
            width: 110,
            render: ({ action }) => (
              <Badge color={looks[action].color} variant="light" tt="none" fw={500}>
                {looks[action].text}
              </Badge>
            ),
          },
          {
            accessor: 'changes',
            title: 'Details',
            cellsStyle: () => ({ minWidth: 220 }),
            render: (row) => <Details row={row} />,
          },
        ]}
        totalRecords={shown.length}
        page={page}
        onPageChange={setPage}
        recordsPerPage={PAGE}
      />
    </Stack>
  );
}

function Details({ row: { action, problems, changes } }: { readonly row: Row }) {
  if (problems.length > 0) {
    return (
      <Stack gap={2}>
        {problems.map(({ field, message }) => (
          <Text key={`${field} ${message}`} size="sm" c="red">
            {message}
          </Text>
        ))}
      </Stack>
    );
  }
  const more = changes.length - SHOWN;
  return (
    <Text size="sm" c={action === 'create' ? 'dimmed' : 'inherit'} style={{ overflowWrap: 'anywhere' }}>
      {[...changes]
        .sort((a, b) => weight(a) - weight(b))
        .slice(0, SHOWN)
        .map(changeText)
        .join(' · ')}
      {more > 0 ? ` · ${more} more` : ''}
    </Text>
  );
}

/** What tells a new meter from others comes first. */
const FIRST = ['Channel', 'Task', 'Profile', 'Host', 'Port', 'Node', 'Physical', 'Server', 'Auth', 'Policy'];
const weight = (change: Row['changes'][number]): number => {
  const place = FIRST.indexOf(change.field);
  return place >= 0 ? place : isSecret(change) ? FIRST.length : FIRST.length + 1;
};

/** Of secrets nothing is told but that they are given. */
const isSecret = ({ before, after }: Row['changes'][number]): boolean => before === null && after === null;

function changeText({ field, before, after }: Row['changes'][number]): string {
  if (before === null && after === null) return `${field} given`;
  if (before === null) return `${field} ${after}`;
  return `${field} ${before} → ${after ?? 'none'}`;
}
