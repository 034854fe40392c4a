import { Text } from '@mantine/core';
import { type Result, request } from '../../api/client.ts';
import { NOT_A_PHONE, OnPhone } from '../../parts/phone.tsx';
import { LogTable } from './log-table.tsx';

type Row = Result<'GET /api/logbook'>['rows'][number];

/** The concentrator's own events. */
export default function Logbook() {
  return (
    <LogTable<Row>
      title="Concentrator Log"
      kind="logbook"
      load={(query) => request('GET /api/logbook', { query })}
      columns={[
        {
          accessor: 'type',
          title: 'Event',
          render: ({ type, detail }) => (
            <>
              <span style={{ whiteSpace: 'nowrap' }}>{type}</span>
              <OnPhone>
                <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                  {detail}
                </Text>
              </OnPhone>
            </>
          ),
        },
        {
          accessor: 'detail',
          title: 'Details',
          visibleMediaQuery: NOT_A_PHONE,
          cellsStyle: () => ({ minWidth: 240, overflowWrap: 'anywhere' }),
        },
      ]}
    />
  );
}
