import type { Channel } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { useChoices, useRight } from '../../api/queries.ts';
import { EnabledBadge } from '../../parts/badges.tsx';
import { SettingsTable } from '../../parts/settings-table.tsx';
import { useProtocolNames } from './names.ts';

type Form = {
  protocol: string;
  task: string;
  enabled: boolean;
  readTimeoutS: number;
  writeTimeoutS: number;
  description: string;
};

/** Setting → Channel (Figure 14). */
export default function Channels() {
  const tasks = useChoices().data?.tasks ?? [];
  const protocols = useProtocolNames();
  return (
    <SettingsTable<Channel, Form>
      title="Channel"
      kind="channels"
      load={() => request('GET /api/channels')}
      columns={[
        { accessor: 'name', title: 'Name' },
        { accessor: 'protocol', title: 'Protocol' },
        { accessor: 'task', title: 'Task' },
        { accessor: 'enabled', title: 'Status', render: (row) => <EnabledBadge enabled={row.enabled} /> },
        { accessor: 'readTimeoutS', title: 'ReadTimeout', render: (row) => `${row.readTimeoutS} s` },
        { accessor: 'writeTimeoutS', title: 'WriteTimeout', render: (row) => `${row.writeTimeoutS} s` },
        { accessor: 'commType', title: 'CommType', render: (row) => `${row.commTypeName} (${row.commType})` },
        { accessor: 'description', title: 'Description' },
      ]}
      searchIn={(row) => row.name}
      searchLabel="Search name"
      filter={{ label: 'Protocol', of: (row) => row.protocol }}
      nameOf={(row) => row.name}
      writable={useRight('settings.write')}
      fieldsOf={() => [
        { key: 'protocol', label: 'Protocol', kind: 'select', required: true, options: protocols },
        { key: 'task', label: 'Task', kind: 'select', required: true, options: tasks },
        {
          key: 'enabled',
          label: 'Enabled',
          kind: 'switch',
          help: 'Meters on a disabled channel are not read.',
        },
        { key: 'readTimeoutS', label: 'ReadTimeout, seconds', kind: 'number' },
        { key: 'writeTimeoutS', label: 'WriteTimeout, seconds', kind: 'number' },
        { key: 'description', label: 'Description', kind: 'text' },
      ]}
      formOf={(row) => ({
        protocol: row?.protocol ?? '',
        task: row?.task ?? '',
        enabled: row?.enabled ?? true,
        readTimeoutS: row?.readTimeoutS ?? 3,
        writeTimeoutS: row?.writeTimeoutS ?? 3,
        description: row?.description ?? '',
      })}
      update={(row, body) => request('PUT /api/channels/:id', { params: { id: row.id }, body })}
    />
  );
}
