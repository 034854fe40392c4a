import type { BalanceInterval } from '../base/balance.ts';
import { type CollectionKind, type ColumnValues, EVENT_LOGS, type ProfileRows } from '../base/model.ts';
import { DEFAULT_OUTBOX_RULES, type OutboxKind, type OutboxRoute, type OutboxRule } from '../base/outbox.ts';
import { encodeChunk } from './chunk-codec.ts';
import type { Database } from './database.ts';

/** An item before it has an id. */
interface Draft {
  /** 0 = the concentrator itself. */
  readonly meterId: number;
  readonly kind: OutboxKind;
  /** Of events, where a rule tells them from the others of their log. */
  readonly code?: number;
  readonly layoutId?: number;
  readonly body: Uint8Array;
  readonly at: number;
}

/** Rows of one item, and so of one message. */
const MOST_ROWS = 256;
const MOST_EVENTS = 64;
const MOST_REGISTERS = 64;
const MOST_INTERVALS = 64;
/** What a debt takes beside the body of its item. */
const DEBT_BYTES = 64;

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

interface RuleRow {
  readonly destination: string;
  readonly class: string;
  readonly priority: number;
  readonly route: OutboxRoute;
  readonly delay_s: number;
}

export const destinations = (db: Database): readonly string[] =>
  db.all<{ name: string }>('SELECT name FROM outbox_destinations').map(({ name }) => name);

function ruleFor(rules: readonly RuleRow[], destination: string, { kind, code }: Draft): OutboxRule {
  const own = (name: string): RuleRow | undefined =>
    rules.find((rule) => rule.destination === destination && rule.class === name);
  const row = (code === undefined ? undefined : own(`${kind}:${code}`)) ?? own(kind);
  if (row === undefined) return DEFAULT_OUTBOX_RULES[kind];
  return { priority: row.priority, route: row.route, delayS: row.delay_s };
}

const allRules = (db: Database): readonly RuleRow[] =>
  db.all<RuleRow>('SELECT destination, class, priority, route, delay_s FROM outbox_rules');

/** Owes an item to `owedTo`; to be called in the transaction that stores what it tells of. */
export function offer(db: Database, draft: Draft, owedTo = destinations(db)): void {
  if (owedTo.length === 0) return;
  const rules = allRules(db);
  const owed = owedTo
    .map((destination) => ({ destination, rule: ruleFor(rules, destination, draft) }))
    .filter(({ rule }) => rule.route !== 'never');
  if (owed.length === 0) return;
  const { meterId, kind, layoutId, body, at } = draft;
  db.run('INSERT INTO outbox_items (meter_id, kind, at, layout_id, body) VALUES (?, ?, ?, ?, ?)', [
    meterId,
    kind,
    at,
    layoutId ?? null,
    body,
  ]);
  const id = db.first<{ id: number }>('SELECT last_insert_rowid() AS id')?.id ?? 0;
  for (const { destination, rule } of owed) {
    db.run(
      `INSERT INTO outbox_debts (destination, item_id, meter_id, priority, windowed, at, due_at, bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        destination,
        id,
        meterId,
        rule.priority,
        rule.route === 'window' ? 1 : 0,
        at,
        at + rule.delayS * 1000,
        body.length + DEBT_BYTES,
      ],
    );
  }
}

/** The rows of `rows` at `indices`, which are new. */
export function offerProfile(
  db: Database,
  place: { readonly meterId: number; readonly kind: OutboxKind; readonly layoutId: number },
  rows: Pick<ProfileRows, 'times' | 'clockStatus' | 'values'>,
  indices: readonly number[],
  at: number,
): void {
  const owedTo = indices.length === 0 ? [] : destinations(db);
  if (owedTo.length === 0) return;
  for (let from = 0; from < indices.length; from += MOST_ROWS) {
    const some = indices.slice(from, from + MOST_ROWS);
    offer(db, { ...place, at, body: encodeChunk(pick(rows, some)) }, owedTo);
  }
}

function pick(
  rows: Pick<ProfileRows, 'times' | 'clockStatus' | 'values'>,
  indices: readonly number[],
): Parameters<typeof encodeChunk>[0] {
  return {
    times: Float64Array.from(indices, (i) => rows.times[i] ?? Number.NaN),
    clockStatus: Uint8Array.from(indices, (i) => rows.clockStatus[i] ?? 0xff),
    values: rows.values.map((column) => pickColumn(column, indices)),
  };
}

function pickColumn(column: ColumnValues, indices: readonly number[]): ColumnValues {
  switch (column.kind) {
    case 'number':
      return { kind: 'number', values: Float64Array.from(indices, (i) => column.values[i] ?? Number.NaN) };
    case 'bigint':
      return { kind: 'bigint', values: indices.map((i) => column.values[i]) };
    case 'bytes':
      return { kind: 'bytes', values: indices.map((i) => column.values[i]) };
  }
}

/** Events that are new; those that a rule tells from the others are an item of their own. */
export function offerEvents<Event extends { readonly code: number }>(
  db: Database,
  meterId: number,
  log: CollectionKind,
  events: readonly Event[],
  at: number,
): void {
  const owedTo = events.length === 0 ? [] : destinations(db);
  if (owedTo.length === 0) return;
  const ruled = new Set(allRules(db).map((rule) => rule.class));
  let group: Event[] = [];
  let groupCode: number | undefined;
  const flush = (): void => {
    if (group.length === 0) return;
    const code = groupCode === undefined ? {} : { code: groupCode };
    offer(db, { meterId, kind: log, ...code, body: bytesOf(group), at }, owedTo);
    group = [];
  };
  for (const event of events) {
    const code = ruled.has(`${log}:${event.code}`) ? event.code : undefined;
    if (code !== groupCode || group.length === MOST_EVENTS) flush();
    groupCode = code;
    group.push(event);
  }
  flush();
}

export function offerRegisters<Reading extends { readonly meterId: number; readonly time: number }>(
  db: Database,
  readings: readonly Reading[],
): void {
  const owedTo = readings.length === 0 ? [] : destinations(db);
  if (owedTo.length === 0) return;
  for (const id of new Set(readings.map(({ meterId }) => meterId))) {
    const own = readings.filter(({ meterId }) => meterId === id);
    for (let from = 0; from < own.length; from += MOST_REGISTERS) {
      const some = own.slice(from, from + MOST_REGISTERS).map(({ meterId: _, ...reading }) => reading);
      const at = Math.round(Math.max(...own.map(({ time }) => time)));
      offer(db, { meterId: id, kind: 'register', body: bytesOf(some), at }, owedTo);
    }
  }
}

/** Intervals of a balance that are new, or come to something else now. */
export function offerBalance(
  db: Database,
  meterId: number,
  intervals: readonly BalanceInterval[],
  at: number,
): void {
  const owedTo = intervals.length === 0 ? [] : destinations(db);
  if (owedTo.length === 0) return;
  for (let from = 0; from < intervals.length; from += MOST_INTERVALS) {
    const body = bytesOf(intervals.slice(from, from + MOST_INTERVALS));
    offer(db, { meterId, kind: 'balance', body, at }, owedTo);
  }
}

/** Whatever is JSON and one of its kind. */
export function offerFact(
  db: Database,
  meterId: number,
  kind: 'status' | 'logbook' | 'answer',
  fact: Readonly<Record<string, unknown>>,
  at: number,
  owedTo?: readonly string[],
): void {
  offer(db, { meterId, kind, body: bytesOf(fact), at }, owedTo ?? destinations(db));
}

const LOGS: ReadonlySet<string> = new Set(EVENT_LOGS);
/** Whether a kind may have rules for single event codes. */
export const hasCodes = (kind: string): boolean => LOGS.has(kind);
