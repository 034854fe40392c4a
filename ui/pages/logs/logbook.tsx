import { type Result, request } from '../../api/client.ts';
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
        { accessor: 'type', title: 'Event', noWrap: true, width: 190 },
        {
          accessor: 'detail',
          title: 'Details',
          cellsStyle: () => ({ minWidth: 240, overflowWrap: 'anywhere' }),
        },
      ]}
    />
  );
}
