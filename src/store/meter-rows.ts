import { and, asc, count, desc, eq, isNull, lte, or, type SQL, sql } from 'drizzle-orm';
import { DcuError } from '../base/errors.ts';
import { type Meter, type MeterState, MOST_METERS, type NewMeter } from '../base/model.ts';
import { leaveBalancePlaces } from './balance-places.ts';
import { dissolveBalance, renameBalance, requirePlace } from './balance-rules.ts';
import type { Database } from './database.ts';
import { lineAddressOf, requireFreeAddress } from './line-address.ts';
import { checkMeter, checkSecretsPresent } from './meter-fields.ts';
import {
  columnsOf,
  meterOf,
  presence,
  rowOf,
  type SealedSecrets,
  sealedColumns,
  sealedOf,
} from './meter-record.ts';
import { channels, meterStates, meters, taskGroups } from './schema.ts';
import type { MeterQuery, MeterRow, Page } from './types.ts';
import { invalid } from './validation.ts';

/** The last failure of a task item that has not succeeded since, as JSON. */
const LAST_ERROR = sql<string | null>`(
  SELECT json_object('code', error, 'message', coalesce(message, ''), 'time', finished_at) FROM attempts
  WHERE attempts.meter_id = ${meters.id} AND error IS NOT NULL ORDER BY finished_at DESC LIMIT 1)`;

/** MeterNo of the one that took its place. */
const SUCCESSOR = sql<
  string | null
>`(SELECT next.meter_no FROM meters next WHERE next.id = ${meters.replacedBy})`;
const SELECTION = {
  meter: meters,
  state: meterStates.state,
  lastSeen: meterStates.lastSeen,
  offlineSince: meterStates.offlineSince,
  lastError: LAST_ERROR,
  successor: SUCCESSOR,
};

const SORT_COLUMNS = {
  id: meters.id,
  meterNo: meters.meterNo,
  channel: meters.channel,
  task: meters.task,
  enabled: meters.enabled,
  offlineSince: meterStates.offlineSince,
  lastSeen: meterStates.lastSeen,
} as const;

/** `LIKE` with the user's wildcards taken literally. */
const contains = (text: string): SQL =>
  sql`${meters.meterNo} LIKE ${`%${text.replaceAll(/[\\%_]/g, '\\$&')}%`} ESCAPE '\\'`;

function conditionOf(query: MeterQuery): SQL | undefined {
  return and(
    query.search ? contains(query.search) : undefined,
    query.channel === undefined ? undefined : eq(meters.channel, query.channel),
    query.task === undefined ? undefined : eq(meters.task, query.task),
    query.enabled === undefined ? undefined : eq(meters.enabled, query.enabled),
    query.balance === undefined ? undefined : eq(meters.balance, query.balance),
    query.state === undefined ? undefined : stateIs(query.state),
    query.offlineSinceMs === undefined ? undefined : offlineSince(query.offlineSinceMs),
  );
}

/** A meter that was never contacted has no state row: it is `unknown`. */
function stateIs(state: MeterState): SQL | undefined {
  const stored = eq(meterStates.state, state);
  return state === 'unknown' ? or(stored, isNull(meterStates.state)) : stored;
}

/** Found silent at that instant or before, and not heard of since. */
const offlineSince = (ms: number): SQL | undefined =>
  and(eq(meterStates.state, 'offline'), lte(meterStates.offlineSince, ms));

/** By meter, the one whose place it took; all with one look, for a list has thousands of rows. */
function predecessors(db: Database): ReadonlyMap<number, NonNullable<MeterRow['replaces']>> {
  const rows = db.all<{ id: number; meter_no: string; replaced_by: number; replaced_at: number }>(
    'SELECT id, meter_no, replaced_by, replaced_at FROM meters WHERE replaced_by IS NOT NULL ORDER BY id',
  );
  return new Map(
    rows.map((row) => [row.replaced_by, { id: row.id, meterNo: row.meter_no, at: row.replaced_at }]),
  );
}

export function listMeters(db: Database, query: MeterQuery): Page<MeterRow> {
  const condition = conditionOf(query);
  const [total] = db.query
    .select({ n: count() })
    .from(meters)
    .leftJoin(meterStates, eq(meterStates.meterId, meters.id))
    .where(condition)
    .all();
  const column = SORT_COLUMNS[query.sort ?? 'id'];
  const rows = db.query
    .select(SELECTION)
    .from(meters)
    .leftJoin(meterStates, eq(meterStates.meterId, meters.id))
    .where(condition)
    // What has no value comes last in either direction.
    .orderBy(isNull(column), query.descending === true ? desc(column) : asc(column), asc(meters.id))
    .limit(query.limit ?? -1)
    .offset(query.offset ?? 0)
    .all();
  const before = predecessors(db);
  return { total: total?.n ?? 0, rows: rows.map((row) => rowOf(row, before.get(row.meter.id))) };
}

export function getMeter(db: Database, id: number): MeterRow | undefined {
  const [row] = db.query
    .select(SELECTION)
    .from(meters)
    .leftJoin(meterStates, eq(meterStates.meterId, meters.id))
    .where(eq(meters.id, id))
    .all();
  return row === undefined ? undefined : rowOf(row, predecessors(db).get(id));
}

export function allMeters(db: Database): readonly Meter[] {
  return db.query.select().from(meters).orderBy(asc(meters.id)).all().map(meterOf);
}

/** @throws DcuError `invalid-field`, `conflict` */
export function insertMeter(db: Database, meter: NewMeter, sealed: SealedSecrets, nowMs: number): MeterRow {
  const commType = check(db, meter);
  requireFreeNumber(db, meter.meterNo, undefined);
  requireFreeAddress(db, meter, commType, undefined);
  requirePlace(db, meter, undefined);
  requireRoom(db);
  checkSecretsPresent(meter.security, presence(sealed));
  return required(db, writeNewMeter(db, meter, sealed, nowMs));
}

/** The row alone: what holds for it was looked at before. Hands back its id. */
export function writeNewMeter(db: Database, meter: NewMeter, sealed: SealedSecrets, nowMs: number): number {
  return db.query
    .insert(meters)
    .values({ ...columnsOf(meter), ...sealedColumns(sealed), createdAt: nowMs })
    .returning({ id: meters.id })
    .get().id;
}

/** @throws DcuError `invalid-field`, `conflict`, `not-found` */
export function updateMeter(
  db: Database,
  id: number,
  change: Partial<NewMeter>,
  sealed: SealedSecrets,
): MeterRow {
  const before = required(db, id);
  const after: NewMeter = { ...before, ...change };
  const commType = check(db, after);
  requireFreeNumber(db, after.meterNo, id);
  if (takesAddress(before, after, commType)) requireAddress(db, before, after, commType);
  requirePlace(db, after, before);
  checkSecretsPresent(after.security, presence({ ...sealedSecrets(db, id), ...sealed }));
  writeMeter(db, id, after, sealed);
  renameBalance(db, before.meterNo, after.meterNo);
  return required(db, id);
}

/** As `writeNewMeter`. A meter that is put to use again has not been replaced. */
export function writeMeter(db: Database, id: number, meter: NewMeter, sealed: SealedSecrets): void {
  db.query
    .update(meters)
    .set({
      ...columnsOf(meter),
      ...sealedColumns(sealed),
      ...(meter.enabled ? { replacedBy: null, replacedAt: null } : {}),
    })
    .where(eq(meters.id, id))
    .run();
}

/** A meter that was replaced holds its address no more, unless it is put to use again. */
export const holdsAddress = (meter: Pick<Meter, 'enabled' | 'replaced'>): boolean =>
  meter.enabled || meter.replaced === undefined;

/** Whether a change makes a meter answer where it did not before; what stood side by side before may stay. */
function takesAddress(before: Meter, after: NewMeter, commType: number): boolean {
  if (!holdsAddress({ ...before, enabled: after.enabled })) return false;
  return (
    !holdsAddress(before) ||
    before.channel !== after.channel ||
    lineAddressOf(before, commType)?.key !== lineAddressOf(after, commType)?.key
  );
}

function requireAddress(db: Database, before: Meter, after: NewMeter, commType: number): void {
  try {
    requireFreeAddress(db, after, commType, before.id);
  } catch (error) {
    if (!(error instanceof DcuError) || holdsAddress(before)) throw error;
    throw new DcuError(
      'conflict',
      `meter ${before.meterNo} was replaced, and its address is in use: ${error.message}`,
      { field: 'enabled' },
    );
  }
}

function requireRoom(db: Database): void {
  const [inUse] = db.query.select({ n: count() }).from(meters).where(isNull(meters.replacedBy)).all();
  if ((inUse?.n ?? 0) < MOST_METERS) return;
  throw new DcuError('conflict', `the archive is full: it has room for ${MOST_METERS} meters`, {
    field: 'meterNo',
  });
}

/** Invocation counters stay: the meter may come back with the same key. */
const TABLES_OF_A_METER = [
  'meter_states',
  'meter_layouts',
  'profile_chunks',
  'coverage',
  'events',
  'registers',
  'clock_checks',
  'attempts',
  'clock_corrections',
  'log_marks',
  'network_keys',
  'outbox_debts',
  'outbox_items',
  'balance_intervals',
];

export function removeMeter(db: Database, id: number): void {
  const { meterNo } = required(db, id);
  leaveBalancePlaces(db, id);
  db.run('DELETE FROM meters WHERE id = ?', [id]);
  dissolveBalance(db, meterNo);
  for (const table of TABLES_OF_A_METER) db.run(`DELETE FROM ${table} WHERE meter_id = ?`, [id]);
  db.run('UPDATE meters SET replaced_by = NULL, replaced_at = NULL WHERE replaced_by = ?', [id]);
}

/** @throws DcuError `not-found` */
export function sealedSecrets(db: Database, id: number): SealedSecrets & { readonly meterNo: string } {
  const [row] = db.query.select().from(meters).where(eq(meters.id, id)).all();
  if (row === undefined) throw notFound(id);
  return { ...sealedOf(row), meterNo: row.meterNo };
}

const notFound = (id: number): DcuError => new DcuError('not-found', `there is no meter ${id}`);

/** @throws DcuError `not-found` */
export function required(db: Database, id: number): MeterRow {
  const row = getMeter(db, id);
  if (row === undefined) throw notFound(id);
  return row;
}

/** Hands back the CommType of the meter's channel. @throws DcuError `invalid-field` */
function check(db: Database, meter: NewMeter): number {
  const [channel] = db.query.select().from(channels).where(eq(channels.name, meter.channel)).all();
  if (channel === undefined) throw invalid('channel', 'is not the name of a channel');
  const [task] = db.query.select().from(taskGroups).where(eq(taskGroups.name, meter.task)).all();
  if (task === undefined) throw invalid('task', 'is not the name of a task group');
  checkMeter(meter, channel.commType);
  return channel.commType;
}

function requireFreeNumber(db: Database, meterNo: string, ownId: number | undefined): void {
  const [other] = db.query.select({ id: meters.id }).from(meters).where(eq(meters.meterNo, meterNo)).all();
  if (other === undefined || other.id === ownId) return;
  throw new DcuError('conflict', `there is a meter ${meterNo} already`, { field: 'meterNo' });
}
