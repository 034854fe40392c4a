import { Text } from '@mantine/core';
import { type Result, request } from '../../api/client.ts';
import { useRight } from '../../api/queries.ts';
import { SettingsTable } from '../../parts/settings-table.tsx';

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
          render: (row) => (
            <Text span inherit ff="monospace">
              {row.key}
            </Text>
          ),
        },
        {
          accessor: 'value',
          title: 'Value',
          render: (row) =>
            row.secret ? (
              '***'
            ) : (
              <Text span inherit ff="monospace">
                {row.value}
              </Text>
            ),
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
          help:
            row?.secret === true
              ? 'The stored value is not shown; what you type replaces it.'
              : (row?.description ?? ''),
        },
      ]}
      formOf={(row) => ({ value: row?.value ?? '' })}
      update={(row, body) => request('PUT /api/settings/:key', { params: { key: row.key }, body })}
    />
  );
}
