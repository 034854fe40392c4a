import { type Result, request } from '../../api/client.ts';
import { SettingsTable } from '../../parts/settings-table.tsx';

type Protocol = Result<'GET /api/protocols'>['rows'][number];

/** Setting → Protocol (Figure 16). */
export default function Protocols() {
  return (
    <SettingsTable<Protocol, Record<string, never>>
      title="Protocol"
      kind="protocols"
      load={() => request('GET /api/protocols')}
      columns={[
        { accessor: 'name', title: 'Name' },
        { accessor: 'direction', title: 'Direction' },
        { accessor: 'description', title: 'Description' },
      ]}
      searchIn={(row) => `${row.name} ${row.description}`}
      searchLabel="Search name"
      filter={{ label: 'Direction', of: (row) => row.direction }}
      nameOf={(row) => row.name}
      writable={false}
    />
  );
}
