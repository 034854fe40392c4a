import type { TaskGroup } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { useRight } from '../../api/queries.ts';
import { EnabledBadge } from '../../parts/badges.tsx';
import { SettingsTable } from '../../parts/settings-table.tsx';

type Form = { name: string; enabled: boolean };

const PROTECTED = 'empty_task';

/** Setting → Task (Figure 19). */
export default function TaskGroups() {
  return (
    <SettingsTable<TaskGroup, Form>
      title="Task"
      kind="tasks"
      load={() => request('GET /api/tasks')}
      columns={[
        { accessor: 'name', title: 'Name' },
        { accessor: 'enabled', title: 'Status', render: (row) => <EnabledBadge enabled={row.enabled} /> },
      ]}
      searchIn={(row) => row.name}
      searchLabel="Search name"
      nameOf={(row) => row.name}
      writable={useRight('tasks.write')}
      fieldsOf={(row) => [
        { key: 'name', label: 'Name', kind: 'text', required: true, disabled: row?.name === PROTECTED },
        {
          key: 'enabled',
          label: 'Enabled',
          kind: 'switch',
          help: 'The items of a disabled task do not run, whatever they themselves say.',
        },
      ]}
      formOf={(row) => ({ name: row?.name ?? '', enabled: row?.enabled ?? true })}
      create={(body) => request('POST /api/tasks', { body })}
      update={(row, body) => request('PUT /api/tasks/:id', { params: { id: row.id }, body })}
      remove={{
        run: (row) => request('DELETE /api/tasks/:id', { params: { id: row.id } }),
        allowed: (row) => row.name !== PROTECTED,
        warning: 'Its items are deleted too, and meters that have this task are no longer read by it.',
      }}
    />
  );
}
