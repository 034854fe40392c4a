import { asc, count, eq } from 'drizzle-orm';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import { DcuError } from '../base/errors.ts';
import {
  type Attribute,
  type Channel,
  COMM_TYPES,
  TASK_TYPES,
  type TaskGroup,
  type TaskItem,
} from '../base/model.ts';
import { checkAttribute, checkSetting } from './attribute-fields.ts';
import type { Database } from './database.ts';
import { EMPTY_TASK, SECRET_SETTINGS } from './defaults.ts';
import { SECRET_ATTRIBUTES } from './hes-defaults.ts';
import {
  channelAttributes,
  channels,
  meters,
  protocolAttributes,
  protocols,
  settings,
  taskGroups,
  taskItems,
} from './schema.ts';
import { checkInteger, checkName, checkOneOf, checkText, checkWindow, invalid } from './validation.ts';

type Draft<Row extends { readonly id: number }> = Omit<Row, 'id'> & { readonly id?: number };

const missing = (what: string, id: number): DcuError =>
  new DcuError('not-found', `there is no ${what} ${id}`);
const conflict = (field: string, message: string): DcuError => new DcuError('conflict', message, { field });
const isProtected = (message: string): DcuError => new DcuError('protected', message);

export function listTaskGroups(db: Database): readonly TaskGroup[] {
  return db.query.select().from(taskGroups).orderBy(asc(taskGroups.id)).all();
}

/** A new name is carried over to the items, meters and channels of the group. */
export function saveTaskGroup(db: Database, draft: Draft<TaskGroup>): TaskGroup {
  checkName('name', draft.name);
  const [sameName] = db.query.select().from(taskGroups).where(eq(taskGroups.name, draft.name)).all();
  if (sameName !== undefined && sameName.id !== draft.id) {
    throw conflict('name', `there is a task group ${draft.name} already`);
  }
  const values = { name: draft.name, enabled: draft.enabled };
  if (draft.id === undefined) {
    return only(db.query.insert(taskGroups).values(values).returning().all(), 'task group', 0);
  }
  const before = taskGroup(db, draft.id);
  if (before.name === EMPTY_TASK && draft.name !== EMPTY_TASK)
    throw isProtected(`${EMPTY_TASK} keeps its name`);
  const after = db.query.update(taskGroups).set(values).where(eq(taskGroups.id, draft.id)).returning().all();
  if (before.name !== draft.name) {
    const task = { task: draft.name };
    db.query.update(taskItems).set(task).where(eq(taskItems.task, before.name)).run();
    db.query.update(meters).set(task).where(eq(meters.task, before.name)).run();
    db.query.update(channels).set(task).where(eq(channels.task, before.name)).run();
  }
  return only(after, 'task group', draft.id);
}

function taskGroup(db: Database, id: number): TaskGroup {
  return only(db.query.select().from(taskGroups).where(eq(taskGroups.id, id)).all(), 'task group', id);
}

/** Removes the group with its items; refused while a meter or channel has it. */
export function removeTaskGroup(db: Database, id: number): void {
  const group = taskGroup(db, id);
  if (group.name === EMPTY_TASK) throw isProtected(`${EMPTY_TASK} cannot be deleted`);
  const [users] = db.query.select({ n: count() }).from(meters).where(eq(meters.task, group.name)).all();
  const [lines] = db.query.select({ n: count() }).from(channels).where(eq(channels.task, group.name)).all();
  if ((users?.n ?? 0) + (lines?.n ?? 0) > 0) {
    throw new DcuError(
      'conflict',
      `${users?.n ?? 0} meters and ${lines?.n ?? 0} channels still have task ${group.name}`,
    );
  }
  for (const item of listTaskItems(db, group.name)) removeTaskItem(db, item.id);
  db.query.delete(taskGroups).where(eq(taskGroups.id, id)).run();
}

export function listTaskItems(db: Database, task?: string): readonly TaskItem[] {
  const condition = task === undefined ? undefined : eq(taskItems.task, task);
  const rows = db.query.select().from(taskItems).where(condition).orderBy(asc(taskItems.id)).all();
  return rows.map(itemOf);
}

function itemOf(row: typeof taskItems.$inferSelect): TaskItem {
  const type = TASK_TYPES.find((name) => name === row.type);
  if (type === undefined)
    throw new DcuError('storage-corrupt', `task item ${row.id} is of unknown type ${row.type}`);
  const { window, ...rest } = row;
  return { ...rest, type, ...(window === null ? {} : { window }) };
}

/** A century in seconds: more is a slip of the keyboard. */
const MAX_SECONDS = 3_155_760_000;

/** The cron text has been checked before. */
export function saveTaskItem(db: Database, draft: Draft<TaskItem>): TaskItem {
  checkName('name', draft.name);
  if (draft.task === EMPTY_TASK) throw isProtected(`${EMPTY_TASK} takes no items`);
  const [group] = db.query.select().from(taskGroups).where(eq(taskGroups.name, draft.task)).all();
  if (group === undefined) throw invalid('task', 'is not the name of a task group');
  checkInteger('intervalS', draft.intervalS, 0, MAX_SECONDS);
  checkInteger('offsetS', draft.offsetS, 0, 86_400);
  checkInteger('maxRecallS', draft.maxRecallS, 0, MAX_SECONDS);
  checkInteger('priority', draft.priority, 1, 5);
  checkOneOf('type', draft.type, TASK_TYPES);
  if (draft.window !== undefined) checkWindow('window', draft.window);
  const { id, ...rest } = draft;
  const values = { ...rest, window: draft.window ?? null };
  const rows =
    id === undefined
      ? db.query.insert(taskItems).values(values).returning().all()
      : db.query.update(taskItems).set(values).where(eq(taskItems.id, id)).returning().all();
  return itemOf(only(rows, 'task item', id ?? 0));
}

export function removeTaskItem(db: Database, id: number): void {
  const removed = db.query.delete(taskItems).where(eq(taskItems.id, id)).returning().all();
  only(removed, 'task item', id);
  db.run('DELETE FROM attempts WHERE item_id = ?', [id]);
  db.run('DELETE FROM attempt_counters WHERE item_id = ?', [id]);
}

export function listChannels(db: Database): readonly Channel[] {
  return db.query.select().from(channels).orderBy(asc(channels.id)).all().map(channelOf);
}

const COMM_TYPE_NUMBERS = Object.keys(COMM_TYPES).map(Number);
const isCommType = (value: number): value is Channel['commType'] => COMM_TYPE_NUMBERS.includes(value);

function channelOf(row: typeof channels.$inferSelect): Channel {
  const { commType } = row;
  if (isCommType(commType)) return { ...row, commType };
  throw new DcuError('storage-corrupt', `channel ${row.name} is of unknown type ${commType}`);
}

/** A new name is carried over to the attributes and meters of the channel. */
export function saveChannel(db: Database, draft: Draft<Channel>): Channel {
  checkName('name', draft.name);
  checkText('description', draft.description, 0, 200);
  checkInteger('readTimeoutS', draft.readTimeoutS, 1, 300);
  checkInteger('writeTimeoutS', draft.writeTimeoutS, 1, 300);
  if (!isCommType(draft.commType))
    throw invalid('commType', `must be one of ${COMM_TYPE_NUMBERS.join(', ')}`);
  const [protocol] = db.query.select().from(protocols).where(eq(protocols.name, draft.protocol)).all();
  if (protocol === undefined) throw invalid('protocol', 'is not the name of a protocol');
  const [group] = db.query.select().from(taskGroups).where(eq(taskGroups.name, draft.task)).all();
  if (group === undefined) throw invalid('task', 'is not the name of a task group');
  const [sameName] = db.query.select().from(channels).where(eq(channels.name, draft.name)).all();
  if (sameName !== undefined && sameName.id !== draft.id) {
    throw conflict('name', `there is a channel ${draft.name} already`);
  }
  const { id, ...values } = draft;
  if (id === undefined) {
    return channelOf(only(db.query.insert(channels).values(values).returning().all(), 'channel', 0));
  }
  const before = only(db.query.select().from(channels).where(eq(channels.id, id)).all(), 'channel', id);
  const after = db.query.update(channels).set(values).where(eq(channels.id, id)).returning().all();
  if (before.name !== draft.name) {
    const owner = { owner: draft.name };
    db.query.update(channelAttributes).set(owner).where(eq(channelAttributes.owner, before.name)).run();
    db.query.update(meters).set({ channel: draft.name }).where(eq(meters.channel, before.name)).run();
  }
  return channelOf(only(after, 'channel', id));
}

type AttributeTable = typeof channelAttributes | typeof protocolAttributes;

function listAttributes(
  db: Database,
  table: AttributeTable,
  owner: string | undefined,
): readonly Attribute[] {
  const condition = owner === undefined ? undefined : eq(table.owner, owner);
  return db.query.select().from(table).where(condition).orderBy(asc(table.id)).all();
}

function saveAttribute(db: Database, table: AttributeTable, draft: Draft<Attribute>): Attribute {
  checkName('key', draft.key);
  checkText('description', draft.description, 0, 200);
  if (!SECRET_ATTRIBUTES.has(draft.key)) checkAttribute(draft.key, draft.value);
  else if (table === protocolAttributes)
    throw invalid('key', 'is that of a secret, which only channels have');
  const [sameKey] = listAttributes(db, table, draft.owner).filter((row) => row.key === draft.key);
  if (sameKey !== undefined && sameKey.id !== draft.id) {
    throw conflict('key', `${draft.owner} has an attribute ${draft.key} already`);
  }
  const { id, ...values } = draft;
  const rows =
    id === undefined
      ? db.query.insert(table).values(values).returning().all()
      : db.query.update(table).set(values).where(eq(table.id, id)).returning().all();
  return only(rows, 'attribute', id ?? 0);
}

export const listChannelAttributes = (db: Database, channel?: string): readonly Attribute[] =>
  listAttributes(db, channelAttributes, channel);

/** The value of a secret is sealed already, and was checked before. */
export function saveChannelAttribute(db: Database, draft: Draft<Attribute>): Attribute {
  requireName(db, channels, channels.name, draft.owner, 'channel');
  return saveAttribute(db, channelAttributes, draft);
}

/** Values of secrets are sealed already, and were checked before. */
export function changeChannelAttributes(
  db: Database,
  owner: string,
  values: Readonly<Record<string, string>>,
): void {
  const before = listChannelAttributes(db, owner);
  for (const [key, value] of Object.entries(values)) {
    const known = before.find((row) => row.key === key);
    saveChannelAttribute(db, { description: '', ...known, owner, key, value });
  }
}

/** What were settings once become attributes of a channel that has none there yet; the settings are gone then. */
export function moveSettings(db: Database, owner: string, values: Readonly<Record<string, string>>): void {
  const isSet = new Set(
    listChannelAttributes(db, owner).flatMap(({ key, value }) => (value === '' ? [] : key)),
  );
  changeChannelAttributes(
    db,
    owner,
    Object.fromEntries(Object.entries(values).filter(([key]) => !isSet.has(key))),
  );
  for (const key of Object.keys(values)) db.query.delete(settings).where(eq(settings.key, key)).run();
}

export const listProtocolAttributes = (db: Database, protocol?: string): readonly Attribute[] =>
  listAttributes(db, protocolAttributes, protocol);

export function saveProtocolAttribute(db: Database, draft: Draft<Attribute>): Attribute {
  requireName(db, protocols, protocols.name, draft.owner, 'protocol');
  return saveAttribute(db, protocolAttributes, draft);
}

function requireName(
  db: Database,
  table: SQLiteTable,
  column: typeof channels.name | typeof protocols.name,
  name: string,
  what: string,
): void {
  const [found] = db.query.select({ n: count() }).from(table).where(eq(column, name)).all();
  if ((found?.n ?? 0) === 0) throw invalid('owner', `is not the name of a ${what}`);
}

export function listProtocols(db: Database): readonly (typeof protocols.$inferSelect)[] {
  return db.query.select().from(protocols).orderBy(asc(protocols.id)).all();
}

export type SettingRow = typeof settings.$inferSelect;

/** Secret values come out sealed. */
export function listSettings(db: Database): readonly SettingRow[] {
  return db.query.select().from(settings).orderBy(asc(settings.id)).all();
}

export function readSetting(db: Database, key: string): string | undefined {
  return db.query.select().from(settings).where(eq(settings.key, key)).all()[0]?.value;
}

/** `value` is sealed already when the setting is secret. */
export function writeSetting(db: Database, key: string, value: string): void {
  if (!SECRET_SETTINGS.has(key)) checkSetting(key, value);
  const changed = db.query.update(settings).set({ value }).where(eq(settings.key, key)).returning().all();
  if (changed.length === 0) throw new DcuError('not-found', `there is no setting ${key}`, { field: 'key' });
}

/** As `writeSetting`, all of them or none. */
export function writeSettings(db: Database, values: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(values)) writeSetting(db, key, value);
}

function only<Row>(rows: readonly Row[], what: string, id: number): Row {
  const [row] = rows;
  if (row === undefined) throw missing(what, id);
  return row;
}
