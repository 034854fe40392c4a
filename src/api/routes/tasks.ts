import { t } from 'elysia';
import { DcuError } from '../../base/errors.ts';
import type { TaskItem } from '../../base/model.ts';
import { defineRoute, done, found, idParams, ok } from '../route.ts';
import * as schema from '../schema.ts';
import type { ApiServices } from '../services.ts';

const RUNS_SHOWN = 5;

export const taskRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/tasks',
    right: 'tasks.read',
    summary: 'Task groups',
    response: schema.list(schema.taskGroup),
    handler: async ({ services }) => ({
      rows: (await services.store.configuration.taskGroups()).map((group) => ({ ...group })),
    }),
  }),
  defineRoute({
    method: 'POST',
    path: '/api/tasks',
    right: 'tasks.write',
    summary: 'Add a task group',
    body: schema.taskGroupBody,
    response: schema.taskGroup,
    handler: async ({ services, body, audit }) => {
      const group = await services.store.configuration.saveTaskGroup(body);
      await audit('task.create', group.name, group.enabled ? 'enabled' : 'disabled');
      return { ...group };
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/api/tasks/:id',
    right: 'tasks.write',
    summary: 'Change a task group',
    params: idParams,
    body: schema.taskGroupBody,
    response: schema.taskGroup,
    handler: async ({ services, params, body, audit }) => {
      const before = await groupOf(services, params.id);
      const group = await services.store.configuration.saveTaskGroup({ ...body, id: params.id });
      await audit('task.update', before.name, `name=${group.name}, enabled=${group.enabled}`);
      return { ...group };
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/api/tasks/:id',
    right: 'tasks.write',
    summary: 'Delete a task group; empty_task is protected',
    params: idParams,
    response: done,
    handler: async ({ services, params, audit }) => {
      const group = await groupOf(services, params.id);
      await services.store.configuration.removeTaskGroup(params.id);
      await audit('task.delete', group.name);
      return ok;
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/task-items',
    right: 'tasks.read',
    summary: 'Task items with their schedule in words and the next runs',
    query: t.Object({ task: t.Optional(t.String({ maxLength: 64 })) }),
    response: schema.list(schema.taskItem),
    handler: async ({ services, query }) => {
      const task = query.task === '' ? undefined : query.task;
      const items = await services.store.configuration.taskItems(task);
      return { rows: items.map((item) => itemView(item, services)) };
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/task-items',
    right: 'tasks.write',
    summary: 'Add a task item',
    body: schema.taskItemBody,
    response: schema.taskItem,
    handler: async ({ services, body, audit }) => {
      checkCron(services, body.cron);
      const item = await services.store.configuration.saveTaskItem(itemFrom(body));
      await audit('task-item.create', `${item.task}/${item.name}`, JSON.stringify(body));
      return itemView(item, services);
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/api/task-items/:id',
    right: 'tasks.write',
    summary: 'Change a task item',
    params: idParams,
    body: schema.taskItemBody,
    response: schema.taskItem,
    handler: async ({ services, params, body, audit }) => {
      const before = await itemOf(services, params.id);
      checkCron(services, body.cron);
      const item = await services.store.configuration.saveTaskItem({ ...itemFrom(body), id: params.id });
      await audit('task-item.update', `${before.task}/${before.name}`, JSON.stringify(body));
      return itemView(item, services);
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/api/task-items/:id',
    right: 'tasks.write',
    summary: 'Delete a task item',
    params: idParams,
    response: done,
    handler: async ({ services, params, audit }) => {
      const item = await itemOf(services, params.id);
      await services.store.configuration.removeTaskItem(params.id);
      await audit('task-item.delete', `${item.task}/${item.name}`);
      return ok;
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/cron',
    right: 'tasks.read',
    summary: 'A cron expression in words, with its next runs',
    body: t.Object({ cron: t.String({ minLength: 1, maxLength: 100 }) }),
    response: t.Object({ schedule: t.String(), nextRuns: t.Array(t.Number()), zone: t.String() }),
    handler: ({ services, body }) => {
      checkCron(services, body.cron);
      return {
        schedule: services.cron.describe(body.cron),
        nextRuns: [...services.cron.next(body.cron, services.clock.now(), RUNS_SHOWN)],
        zone: services.device.zone(),
      };
    },
  }),
] as const;

async function groupOf({ store }: ApiServices, id: number) {
  const groups = await store.configuration.taskGroups();
  return found(
    groups.find((group) => group.id === id),
    'task group',
    id,
  );
}

async function itemOf({ store }: ApiServices, id: number): Promise<TaskItem> {
  const items = await store.configuration.taskItems();
  return found(
    items.find((item) => item.id === id),
    'task item',
    id,
  );
}

/** Throws `invalid-cron` with the field named, before anything is stored. */
function checkCron({ cron, clock }: ApiServices, expression: string): void {
  try {
    cron.next(expression, clock.now(), 1);
  } catch (thrown) {
    if (thrown instanceof DcuError && thrown.code === 'invalid-cron') {
      throw new DcuError('invalid-cron', thrown.message, { field: 'cron' });
    }
    throw thrown;
  }
}

function itemView(item: TaskItem, { cron, clock }: ApiServices): typeof schema.taskItem.static {
  return {
    ...item,
    schedule: cron.describe(item.cron),
    nextRuns: item.enabled ? [...cron.next(item.cron, clock.now(), RUNS_SHOWN)] : [],
  };
}

/** An empty window is none. */
function itemFrom({ window, ...item }: typeof schema.taskItemBody.static): Omit<TaskItem, 'id'> {
  return { ...item, ...(window === undefined || window === '' ? {} : { window }) };
}
