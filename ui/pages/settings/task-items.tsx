import { Text, Tooltip } from '@mantine/core';
import type { TaskItem } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { useChoices, useRight, useZone } from '../../api/queries.ts';
import { dateMinute, durationText } from '../../format.ts';
import { EnabledBadge } from '../../parts/badges.tsx';
import type { FieldValue } from '../../parts/field.ts';
import { SettingsTable } from '../../parts/settings-table.tsx';

type Form = {
  name: string;
  task: string;
  intervalS: number;
  offsetS: number;
  maxRecallS: number;
  enabled: boolean;
  priority: number;
  type: string;
  cron: string;
  window: string;
};

/** A record, so that a type of the API that is missing here does not compile. */
const types: Readonly<Record<TaskItem['type'], true>> = {
  'G3 Path Discovery': true,
  'Monthly Billing': true,
  'Energy profile': true,
  'Demand profile': true,
  'Fraud Event': true,
  'Relay Event': true,
  'Standard Event': true,
  'Power Failure Event': true,
  'Phase Interruption Event': true,
  'Power Quality Event': true,
  'Meter Clock': true,
};

const bodyOf = (form: Form) => ({ ...form, type: form.type as TaskItem['type'] });
const windowPattern = /^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$/;
const seconds = (text: string) => (value: FieldValue) =>
  typeof value === 'number' && value >= 60 ? `${text} (${durationText(value)})` : text;

/** Setting → Task Item (Figures 20 and 21). */
export default function TaskItems() {
  const tasks = useChoices().data?.tasks ?? [];
  const zone = useZone();
  return (
    <SettingsTable<TaskItem, Form>
      title="Task Item"
      kind="task-items"
      load={() => request('GET /api/task-items')}
      columns={[
        { accessor: 'name', title: 'Name' },
        { accessor: 'task', title: 'Task' },
        { accessor: 'intervalS', title: 'Interval', render: (row) => <Seconds value={row.intervalS} /> },
        { accessor: 'offsetS', title: 'Offset', render: (row) => <Seconds value={row.offsetS} /> },
        { accessor: 'maxRecallS', title: 'MaxRecall', render: (row) => <Seconds value={row.maxRecallS} /> },
        { accessor: 'enabled', title: 'Status', render: (row) => <EnabledBadge enabled={row.enabled} /> },
        { accessor: 'priority', title: 'Priority' },
        { accessor: 'type', title: 'Type' },
        {
          accessor: 'cron',
          title: 'Cron',
          render: (row) => (
            <Tooltip
              label={`${row.schedule}${row.nextRuns[0] === undefined ? '' : ` · next ${dateMinute(row.nextRuns[0], zone)}`}`}
              multiline
              maw={360}
            >
              <Text span inherit ff="monospace" style={{ whiteSpace: 'nowrap' }}>
                {row.cron}
              </Text>
            </Tooltip>
          ),
        },
        { accessor: 'window', title: 'Window', render: (row) => row.window ?? '' },
        {
          accessor: 'schedule',
          title: 'In words',
          visibleMediaQuery: '(min-width: 100em)',
          render: (row) => (
            <Text size="xs" c="dimmed">
              {row.schedule}
            </Text>
          ),
        },
      ]}
      searchIn={(row) => `${row.name} ${row.type}`}
      searchLabel="Search name or type"
      filter={{ label: 'Task', of: (row) => row.task }}
      nameOf={(row) => `${row.task} / ${row.name}`}
      writable={useRight('tasks.write')}
      fieldsOf={() => [
        { key: 'name', label: 'Name', kind: 'text', required: true },
        {
          key: 'task',
          label: 'Task',
          kind: 'select',
          required: true,
          options: tasks.filter((task) => task !== 'empty_task'),
        },
        { key: 'type', label: 'Type', kind: 'select', required: true, options: Object.keys(types) },
        { key: 'cron', label: 'Cron', kind: 'cron', required: true },
        {
          key: 'intervalS',
          label: 'Interval, seconds',
          kind: 'number',
          note: seconds('One success in this time is enough; 0 = at every run'),
        },
        {
          key: 'offsetS',
          label: 'Offset, seconds',
          kind: 'number',
          note: seconds('Wait after the run is due, so that the meter has written its row'),
        },
        {
          key: 'maxRecallS',
          label: 'Max Recall, seconds',
          kind: 'number',
          note: seconds('Missing data is fetched as far back as this'),
        },
        {
          key: 'window',
          label: 'Time window',
          kind: 'text',
          help: 'What is under way when it ends goes on in the next one',
          note: (value) =>
            value === ''
              ? 'Meters may be asked at any time'
              : windowPattern.test(String(value))
                ? `Meters are asked in this part of the day only, time of ${zone}`
                : 'Two times of day, such as 22:00-06:00',
        },
        { key: 'priority', label: 'Priority', kind: 'number', help: '1 = first, 5 = last' },
        { key: 'enabled', label: 'Enabled', kind: 'switch' },
      ]}
      formOf={(row) =>
        row === undefined
          ? {
              name: '',
              task: '',
              intervalS: 0,
              offsetS: 0,
              maxRecallS: 1_728_000,
              enabled: true,
              priority: 3,
              type: 'Energy profile',
              cron: '0 */4 * * *',
              window: '',
            }
          : {
              name: row.name,
              task: row.task,
              intervalS: row.intervalS,
              offsetS: row.offsetS,
              maxRecallS: row.maxRecallS,
              enabled: row.enabled,
              priority: row.priority,
              type: row.type,
              cron: row.cron,
              window: row.window ?? '',
            }
      }
      create={(form) => request('POST /api/task-items', { body: bodyOf(form) })}
      update={(row, form) =>
        request('PUT /api/task-items/:id', { params: { id: row.id }, body: bodyOf(form) })
      }
      remove={{
        run: (row) => request('DELETE /api/task-items/:id', { params: { id: row.id } }),
        allowed: () => true,
        warning: 'It no longer runs. What it has read stays.',
      }}
    />
  );
}

function Seconds({ value }: { readonly value: number }) {
  return (
    <Tooltip label={durationText(value)} disabled={value < 60}>
      <span className="numbers">{value}</span>
    </Tooltip>
  );
}
