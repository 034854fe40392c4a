import { type Result, request } from '../../api/client.ts';
import { useRight } from '../../api/queries.ts';
import { SettingsTable } from '../../parts/settings-table.tsx';
import { Mono, SECRET_HELP, Value } from './value.tsx';

type Setting = Result<'GET /api/settings'>['rows'][number];
type Form = { value: string };

/** Setting → System (Figures 11 to 13). */
export default function SystemSettings() {
  return (
    <SettingsTable<Setting, Form>
      title="System"
      kind="settings"
      load={() => request('GET /api/settings')}
      columns={[
        {
          accessor: 'key',
          title: 'Key',
          render: (row) => <Mono text={row.key} />,
        },
        {
          accessor: 'value',
          title: 'Value',
          render: (row) => <Value row={row} />,
        },
        { accessor: 'description', title: 'Description' },
      ]}
      searchIn={(row) => `${row.key} ${row.description}`}
      searchLabel="Search key"
      nameOf={(row) => row.key}
      writable={useRight('settings.write')}
      fieldsOf={(row) => [
        {
          key: 'value',
          label: 'Value',
          kind: row?.secret === true ? 'secret' : 'text',
          help: row?.secret === true ? SECRET_HELP : (row?.description ?? ''),
        },
      ]}
      formOf={(row) => ({ value: row?.value ?? '' })}
      update={async (row, body) => {
        if (row.secret && body.value === '') return;
        await request('PUT /api/settings/:key', { params: { key: row.key }, body });
      }}
    />
  );
}
