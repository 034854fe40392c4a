import { and, asc, count, desc, eq, isNull, or, type SQL, sql } from 'drizzle-orm';
import { DcuError } from '../base/errors.ts';
import type { Meter, MeterState, NewMeter } from '../base/model.ts';
import type { Database } from './database.ts';
import { checkMeter, checkSecretsPresent, SECRET_NAMES, type SecretName } from './meter-fields.ts';
import { channels, meterStates, meters, taskGroups } from './schema.ts';
import type { MeterQuery, MeterRow, Page } from './types.ts';
import { invalid } from './validation.ts';

/** Sealed secrets by name; null takes the stored one away, absent leaves it. */
export type SealedSecrets = Partial<Record<SecretName, string | null>>;

const SEALED_COLUMNS = {
  password: 'sealedPassword',
  encryptionKey: 'sealedEncryptionKey',
  authenticationKey: 'sealedAuthenticationKey',
  signingKey: 'sealedSigningKey',
  masterKey: 'sealedMasterKey',
} as const satisfies Record<SecretName, keyof typeof meters.$inferSelect>;

/** The last failure of a task item that has not succeeded since, as JSON. */
const LAST_ERROR = sql<string | null>`(
  SELECT json_object('code', error, 'message', coalesce(message, ''), 'time', finished_at) FROM attempts
  WHERE attempts.meter_id = ${meters.id} AND error IS NOT NULL ORDER BY finished_at DESC LIMIT 1)`;

const SELECTION = {
  meter: meters,
  state: meterStates.state,
  lastSeen: meterStates.lastSeen,
  offlineSince: meterStates.offlineSince,
  lastError: LAST_ERROR,
};

const SORT_COLUMNS = {
  id: meters.id,
  meterNo: meters.meterNo,
  channel: meters.channel,
  task: meters.task,
  enabled: meters.enabled,
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
    query.state === undefined ? undefined : stateIs(query.state),
  );
}

/** A meter that was never contacted has no state row: it is `unknown`. */
function stateIs(state: MeterState): SQL | undefined {
  const stored = eq(meterStates.state, state);
  return state === 'unknown' ? or(stored, isNull(meterStates.state)) : stored;
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
    .orderBy(query.descending === true ? desc(column) : asc(column), asc(meters.id))
    .limit(query.limit ?? -1)
    .offset(query.offset ?? 0)
    .all();
  return { total: total?.n ?? 0, rows: rows.map(rowOf) };
}

export function getMeter(db: Database, id: number): MeterRow | undefined {
  const [row] = db.query
    .select(SELECTION)
    .from(meters)
    .leftJoin(meterStates, eq(meterStates.meterId, meters.id))
    .where(eq(meters.id, id))
    .all();
  return row === undefined ? undefined : rowOf(row);
}

export function allMeters(db: Database): readonly Meter[] {
  return db.query.select().from(meters).orderBy(asc(meters.id)).all().map(meterOf);
}

/** @throws DcuError `invalid-field`, `conflict` */
export function insertMeter(db: Database, meter: NewMeter, sealed: SealedSecrets, nowMs: number): MeterRow {
  check(db, meter);
  requireFreeNumber(db, meter.meterNo, undefined);
  checkSecretsPresent(meter.security, presence(sealed));
  const [made] = db.query
    .insert(meters)
    .values({ ...columnsOf(meter), ...sealedColumns(sealed), createdAt: nowMs })
    .returning({ id: meters.id })
    .all();
  return required(db, made?.id ?? 0);
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
  check(db, after);
  requireFreeNumber(db, after.meterNo, id);
  checkSecretsPresent(after.security, presence({ ...sealedSecrets(db, id), ...sealed }));
  db.query
    .update(meters)
    .set({ ...columnsOf(after), ...sealedColumns(sealed) })
    .where(eq(meters.id, id))
    .run();
  return required(db, id);
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
];

export function removeMeter(db: Database, id: number): void {
  if (db.run('DELETE FROM meters WHERE id = ?', [id]) === 0) throw notFound(id);
  for (const table of TABLES_OF_A_METER) db.run(`DELETE FROM ${table} WHERE meter_id = ?`, [id]);
}

/** @throws DcuError `not-found` */
export function sealedSecrets(db: Database, id: number): SealedSecrets & { readonly meterNo: string } {
  const [row] = db.query.select().from(meters).where(eq(meters.id, id)).all();
  if (row === undefined) throw notFound(id);
  const sealed: SealedSecrets = {};
  for (const name of SECRET_NAMES) {
    const value = row[SEALED_COLUMNS[name]];
    if (value !== null) sealed[name] = value;
  }
  return { ...sealed, meterNo: row.meterNo };
}

const notFound = (id: number): DcuError => new DcuError('not-found', `there is no meter ${id}`);

function required(db: Database, id: number): MeterRow {
  const row = getMeter(db, id);
  if (row === undefined) throw notFound(id);
  return row;
}

function check(db: Database, meter: NewMeter): void {
  const [channel] = db.query.select().from(channels).where(eq(channels.name, meter.channel)).all();
  if (channel === undefined) throw invalid('channel', 'is not the name of a channel');
  const [task] = db.query.select().from(taskGroups).where(eq(taskGroups.name, meter.task)).all();
  if (task === undefined) throw invalid('task', 'is not the name of a task group');
  checkMeter(meter, channel.commType);
}

function requireFreeNumber(db: Database, meterNo: string, ownId: number | undefined): void {
  const [other] = db.query.select({ id: meters.id }).from(meters).where(eq(meters.meterNo, meterNo)).all();
  if (other === undefined || other.id === ownId) return;
  throw new DcuError('conflict', `there is a meter ${meterNo} already`, { field: 'meterNo' });
}

function presence(sealed: SealedSecrets): Record<SecretName, boolean> {
  const has = (name: SecretName): boolean => typeof sealed[name] === 'string';
  return {
    password: has('password'),
    encryptionKey: has('encryptionKey'),
    authenticationKey: has('authenticationKey'),
    signingKey: has('signingKey'),
    masterKey: has('masterKey'),
  };
}

function sealedColumns(
  sealed: SealedSecrets,
): Partial<Record<(typeof SEALED_COLUMNS)[SecretName], string | null>> {
  const columns: Partial<Record<(typeof SEALED_COLUMNS)[SecretName], string | null>> = {};
  for (const name of SECRET_NAMES) {
    const value = sealed[name];
    if (value !== undefined) columns[SEALED_COLUMNS[name]] = value;
  }
  return columns;
}

type MeterColumns = typeof meters.$inferSelect;

function columnsOf(
  meter: NewMeter,
): Omit<
  MeterColumns,
  'id' | 'createdAt' | 'replacedBy' | 'replacedAt' | (typeof SEALED_COLUMNS)[SecretName]
> {
  const { address, security } = meter;
  return {
    meterNo: meter.meterNo,
    enabled: meter.enabled,
    mac: meter.mac,
    channel: meter.channel,
    meterType: meter.meterType,
    phase: meter.phase,
    credit: meter.credit,
    task: meter.task,
    prepaid: meter.prepaid,
    wiring: meter.wiring,
    profile: meter.profile,
    framing: address.framing,
    host: address.host ?? null,
    port: address.port ?? null,
    transport: address.transport ?? null,
    node: address.node ?? null,
    opening: address.opening ?? null,
    baudRate: address.baudRate ?? null,
    parity: address.parity ?? null,
    clientAddress: address.clientAddress,
    serverAddress: address.serverAddress,
    physicalAddress: address.physicalAddress ?? null,
    addressBytes: address.addressBytes,
    referencing: address.referencing ?? null,
    auth: security.auth,
    policy: security.policy,
    systemTitle: security.systemTitle?.toUpperCase() ?? null,
    suite: security.suite ?? null,
    signingKey: security.signingKey?.toUpperCase() ?? null,
  };
}

function meterOf(row: MeterColumns): Meter {
  return {
    id: row.id,
    meterNo: row.meterNo,
    enabled: row.enabled,
    mac: row.mac,
    channel: row.channel,
    meterType: row.meterType,
    phase: row.phase,
    credit: row.credit,
    task: row.task,
    prepaid: row.prepaid,
    wiring: row.wiring,
    profile: row.profile,
    address: {
      framing: row.framing,
      ...(row.host === null ? {} : { host: row.host }),
      ...(row.port === null ? {} : { port: row.port }),
      ...(row.transport === null ? {} : { transport: row.transport }),
      ...(row.node === null ? {} : { node: row.node }),
      ...(row.opening === null ? {} : { opening: row.opening }),
      ...(row.baudRate === null ? {} : { baudRate: row.baudRate }),
      ...(row.parity === null ? {} : { parity: row.parity }),
      clientAddress: row.clientAddress,
      serverAddress: row.serverAddress,
      ...(row.physicalAddress === null ? {} : { physicalAddress: row.physicalAddress }),
      addressBytes: row.addressBytes === 1 ? 1 : row.addressBytes === 2 ? 2 : 4,
      ...(row.referencing === null ? {} : { referencing: row.referencing }),
    },
    security: {
      auth: row.auth,
      policy: row.policy,
      ...(row.systemTitle === null ? {} : { systemTitle: row.systemTitle }),
      ...(row.suite === 1 || row.suite === 2 ? { suite: row.suite } : {}),
      ...(row.signingKey === null ? {} : { signingKey: row.signingKey }),
    },
    hasPassword: row.sealedPassword !== null,
    hasKeys: row.sealedEncryptionKey !== null && row.sealedAuthenticationKey !== null,
    createdAt: row.createdAt,
    ...(row.replacedBy === null || row.replacedAt === null
      ? {}
      : { replaced: { by: row.replacedBy, at: row.replacedAt } }),
  };
}

interface Selected {
  readonly meter: MeterColumns;
  readonly state: MeterState | null;
  readonly lastSeen: number | null;
  readonly offlineSince: number | null;
  readonly lastError: string | null;
}

function rowOf(row: Selected): MeterRow {
  return {
    ...meterOf(row.meter),
    state: row.state ?? 'unknown',
    ...(row.lastSeen === null ? {} : { lastSeen: row.lastSeen }),
    ...(row.offlineSince === null ? {} : { offlineSince: row.offlineSince }),
    ...(row.lastError === null
      ? {}
      : { lastError: JSON.parse(row.lastError) as NonNullable<MeterRow['lastError']> }),
  };
}
