import { DcuError } from '../../base/errors.ts';
import { TASK_TYPES, type TaskGroup, type TaskItem, type TaskType } from '../../base/model.ts';
import { command, list } from './changes.ts';
import { flag, known, type ListColumn, listData, must, text, WrittenRow, whole } from './columns.ts';
import type { ManagementGroup } from './group.ts';
import type { Change, TasksPort } from './ports.ts';
import { integerOf, onlyRowOf } from './written.ts';

/** OpenDCU's own, in the range that is left to manufacturers (B = 128 to 199). */
const GROUPS = '0.128.96.7.0.255';
const REMOVED_GROUP = '0.128.96.7.1.255';
const ITEMS = '0.128.96.8.0.255';
const REMOVED_ITEM = '0.128.96.8.1.255';

const GROUP_COLUMNS: readonly ListColumn<TaskGroup>[] = [
  whole('id', ({ id }) => id),
  text('name', ({ name }) => name),
  flag('enabled', ({ enabled }) => enabled),
];
const ITEM_COLUMNS: readonly ListColumn<TaskItem>[] = [
  whole('id', ({ id }) => id),
  text('name', ({ name }) => name),
  text('task', ({ task }) => task),
  whole('intervalS', ({ intervalS }) => intervalS),
  whole('offsetS', ({ offsetS }) => offsetS),
  whole('maxRecallS', ({ maxRecallS }) => maxRecallS),
  flag('enabled', ({ enabled }) => enabled),
  whole('priority', ({ priority }) => priority),
  text('type', ({ type }) => type),
  text('cron', ({ cron }) => cron),
  text('window', ({ window }) => window),
];

/** Rows with number 0, or without one, are new; in others null-data leaves what is there. */
export const tasksGroup: ManagementGroup = {
  objects: (at) => {
    const { tasks } = at.sources.management;
    return [
      list(
        at,
        GROUPS,
        async () => listData(GROUP_COLUMNS, await tasks.taskGroups()),
        async (data) => saveGroup(tasks, new WrittenRow(GROUP_COLUMNS, onlyRowOf(data))),
      ),
      command(at, REMOVED_GROUP, async (data) => {
        const id = integerOf(data, 'id');
        const group = found(await tasks.taskGroups(), id, 'task group');
        await tasks.removeTaskGroup(id);
        return { action: 'task.delete', subject: group.name, detail: '' };
      }),
      list(
        at,
        ITEMS,
        async () => listData(ITEM_COLUMNS, await tasks.taskItems()),
        async (data) => saveItem(tasks, new WrittenRow(ITEM_COLUMNS, onlyRowOf(data))),
      ),
      command(at, REMOVED_ITEM, async (data) => {
        const id = integerOf(data, 'id');
        const item = found(await tasks.taskItems(), id, 'task item');
        await tasks.removeTaskItem(id);
        return { action: 'task-item.delete', subject: nameOf(item), detail: '' };
      }),
    ];
  },
};

const nameOf = ({ task, name }: Pick<TaskItem, 'task' | 'name'>): string => `${task}/${name}`;

function found<Row extends { readonly id: number }>(rows: readonly Row[], id: number, what: string): Row {
  return known(
    rows.find((row) => row.id === id),
    what,
    id,
  );
}

async function saveGroup(port: TasksPort, row: WrittenRow): Promise<Change> {
  const id = row.whole('id') ?? 0;
  const before = id === 0 ? undefined : found(await port.taskGroups(), id, 'task group');
  const name = must(row.text('name') ?? before?.name, 'name');
  const enabled = row.flag('enabled') ?? before?.enabled ?? true;
  await port.saveTaskGroup({ ...before, name, enabled });
  return before === undefined
    ? { action: 'task.create', subject: name, detail: enabled ? 'enabled' : 'disabled' }
    : { action: 'task.update', subject: before.name, detail: `name=${name}, enabled=${enabled}` };
}

async function saveItem(port: TasksPort, row: WrittenRow): Promise<Change> {
  const id = row.whole('id') ?? 0;
  const before = id === 0 ? undefined : found(await port.taskItems(), id, 'task item');
  const type = row.text('type');
  const window = row.text('window') ?? before?.window ?? '';
  const item = await port.saveTaskItem({
    ...(before === undefined ? {} : { id: before.id }),
    name: must(row.text('name') ?? before?.name, 'name'),
    task: must(row.text('task') ?? before?.task, 'task'),
    intervalS: must(row.whole('intervalS') ?? before?.intervalS, 'intervalS'),
    offsetS: row.whole('offsetS') ?? before?.offsetS ?? 0,
    maxRecallS: must(row.whole('maxRecallS') ?? before?.maxRecallS, 'maxRecallS'),
    enabled: row.flag('enabled') ?? before?.enabled ?? true,
    priority: must(row.whole('priority') ?? before?.priority, 'priority'),
    type: must(type === undefined ? before?.type : taskTypeOf(type), 'type'),
    cron: must(row.text('cron') ?? before?.cron, 'cron'),
    ...(window === '' ? {} : { window }),
  });
  return {
    action: before === undefined ? 'task-item.create' : 'task-item.update',
    subject: nameOf(before ?? item),
    detail: String(row),
  };
}

function taskTypeOf(text: string): TaskType {
  const type = TASK_TYPES.find((one) => one === text);
  if (type === undefined)
    throw new DcuError('invalid-field', `type must be one of ${TASK_TYPES.join(', ')}`, { field: 'type' });
  return type;
}
