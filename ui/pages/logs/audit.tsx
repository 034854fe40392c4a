import { Text } from '@mantine/core';
import { type Result, request } from '../../api/client.ts';
import { LogTable } from './log-table.tsx';

type Row = Result<'GET /api/audit'>['rows'][number];

/** Who changed what. */
export default function Audit() {
  return (
    <LogTable<Row>
      title="Audit Trail"
      kind="audit"
      load={(query) => request('GET /api/audit', { query })}
      columns={[
        { accessor: 'actor', title: 'Who' },
        { accessor: 'action', title: 'Did' },
        { accessor: 'subject', title: 'To' },
        {
          accessor: 'detail',
          title: 'Details',
          render: (row) => (
            <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {row.detail}
            </Text>
          ),
        },
      ]}
    />
  );
}
