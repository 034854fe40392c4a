import { DcuError } from '../../base/errors.ts';
import { TASK_TYPES, type TaskGroup, type TaskItem, type TaskType } from '../../base/model.ts';
import { command, list } from './changes.ts';
import { columnsOf, FLAG, known, listData, must, rowData, TEXT, WHOLE } from './columns.ts';
import type { ManagementGroup } from './group.ts';
import type { Change, TasksPort } from './ports.ts';
import { integerOf, onlyRowOf } from './written.ts';

/** OpenDCU's own, in the range that is left to manufacturers (B = 128 to 199). */
const GROUPS = '0.128.96.7.0.255';
const REMOVED_GROUP = '0.128.96.7.1.255';
const ITEMS = '0.128.96.8.0.255';
const REMOVED_ITEM = '0.128.96.8.1.255';

const GROUP_COLUMNS = columnsOf<TaskGroup>({ id: WHOLE, name: TEXT, enabled: FLAG });

type ShownItem = Omit<TaskItem, 'type'> & { readonly type: string };

const ITEM_COLUMNS = columnsOf<ShownItem>({
  id: WHOLE,
  name: TEXT,
  task: TEXT,
  intervalS: WHOLE,
  offsetS: WHOLE,
  maxRecallS: WHOLE,
  enabled: FLAG,
  priority: WHOLE,
  type: TEXT,
  cron: TEXT,
  window: TEXT,
});

/** Rows with number 0, or without one, are new; in others null-data leaves what is there. */
export const tasksGroup: ManagementGroup = {
  objects: (at) => {
    const { tasks } = at.sources.management;
    return [
      list(
        at,
        GROUPS,
        async () => listData(GROUP_COLUMNS, await tasks.taskGroups()),
        async (data) => saveGroup(tasks, rowData(GROUP_COLUMNS, onlyRowOf(data))),
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
        async (data) => saveItem(tasks, rowData(ITEM_COLUMNS, onlyRowOf(data))),
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

async function saveGroup(port: TasksPort, { id = 0, ...written }: Partial<TaskGroup>): Promise<Change> {
  if (id === 0) {
    const group = await port.saveTaskGroup({
      name: must(written.name, 'name'),
      enabled: written.enabled ?? true,
    });
    return { action: 'task.create', subject: group.name, detail: group.enabled ? 'enabled' : 'disabled' };
  }
  const before = found(await port.taskGroups(), id, 'task group');
  const group = await port.saveTaskGroup({ ...before, ...written });
  return {
    action: 'task.update',
    subject: before.name,
    detail: `name=${group.name}, enabled=${group.enabled}`,
  };
}

async function saveItem(port: TasksPort, { id = 0, ...written }: Partial<ShownItem>): Promise<Change> {
  const { type, window, ...plain } = written;
  const change: Partial<Omit<TaskItem, 'id' | 'window'>> = {
    ...plain,
    ...(type === undefined ? {} : { type: taskTypeOf(type) }),
  };
  const detail = JSON.stringify(written);
  if (id === 0) {
    const item = await port.saveTaskItem({
      name: must(change.name, 'name'),
      task: must(change.task, 'task'),
      intervalS: must(change.intervalS, 'intervalS'),
      offsetS: change.offsetS ?? 0,
      maxRecallS: must(change.maxRecallS, 'maxRecallS'),
      enabled: change.enabled ?? true,
      priority: must(change.priority, 'priority'),
      type: must(change.type, 'type'),
      cron: must(change.cron, 'cron'),
      ...(window === undefined || window === '' ? {} : { window }),
    });
    return { action: 'task-item.create', subject: nameOf(item), detail };
  }
  const before = found(await port.taskItems(), id, 'task item');
  const { window: open = '', ...kept } = before;
  const wanted = window ?? open;
  await port.saveTaskItem({ ...kept, ...change, ...(wanted === '' ? {} : { window: wanted }) });
  return { action: 'task-item.update', subject: nameOf(before), detail };
}

function taskTypeOf(text: string): TaskType {
  const type = TASK_TYPES.find((one) => one === text);
  if (type === undefined)
    throw new DcuError('invalid-field', `type must be one of ${TASK_TYPES.join(', ')}`, { field: 'type' });
  return type;
}
