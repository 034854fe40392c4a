import type { BalanceInterval } from '../base/balance.ts';
import { DcuError } from '../base/errors.ts';
import type { MeterEvent, MeterState, RegisterReading } from '../base/model.ts';
import {
  type NamedOutboxRule,
  OUTBOX_KINDS,
  OUTBOX_ROUTES,
  type OutboxBounds,
  type OutboxContent,
  type OutboxItem,
  type OutboxKind,
  type OutboxQuery,
  type OutboxRoute,
  type OutboxState,
} from '../base/outbox.ts';
import { recordLogbook } from './access-rows.ts';
import { decodeChunk } from './chunk-codec.ts';
import type { Database } from './database.ts';
import { layoutById } from './layouts.ts';
import { hasCodes, offerFact } from './outbox-write.ts';
import { checkInteger, checkName, checkOneOf, invalid } from './validation.ts';

export function openDestination(db: Database, name: string, nowMs: number): void {
  checkName('destination', name);
  db.run(
    'INSERT INTO outbox_destinations (name, since, acknowledged, dropped) VALUES (?, ?, 0, 0) ON CONFLICT DO NOTHING',
    [name, nowMs],
  );
}

export function closeDestination(db: Database, name: string): number {
  const left = clearOutbox(db, name);
  db.run('DELETE FROM outbox_destinations WHERE name = ?', [name]);
  return left;
}

/** Items that nobody is owed any more. */
const ORPHANS = 'NOT EXISTS (SELECT 1 FROM outbox_debts WHERE item_id = outbox_items.id)';

export function clearOutbox(db: Database, name: string): number {
  const left = db.run('DELETE FROM outbox_debts WHERE destination = ?', [name]);
  db.run(`DELETE FROM outbox_items WHERE ${ORPHANS}`);
  db.run('UPDATE outbox_destinations SET dropped = dropped + ? WHERE name = ?', [left, name]);
  return left;
}

interface ItemRow {
  readonly id: number;
  readonly meter_id: number;
  readonly kind: OutboxKind;
  readonly at: number;
  readonly priority: number;
  readonly layout_id: number | null;
  readonly body: ArrayBuffer;
}

export function takeOutbox(db: Database, destination: string, query: OutboxQuery): readonly OutboxItem[] {
  // A clock that was set back must not keep anything for longer than its delay.
  return db
    .all<ItemRow>(
      `SELECT i.id, i.meter_id, i.kind, i.at, d.priority, i.layout_id, i.body
       FROM outbox_debts d JOIN outbox_items i ON i.id = d.item_id
       WHERE d.destination = ?1 AND NOT (d.at <= ?2 AND ?2 < d.due_at) AND (?3 OR NOT d.windowed)
         AND d.item_id NOT IN (SELECT value FROM json_each(?4))
       ORDER BY d.priority, d.item_id LIMIT ?5`,
      [destination, query.nowMs, query.inWindow ? 1 : 0, JSON.stringify(query.without), query.limit],
    )
    .map((row) => ({
      id: row.id,
      meterId: row.meter_id,
      at: row.at,
      priority: row.priority,
      content: contentOf(db, row),
    }));
}

function contentOf(db: Database, { kind, layout_id, body }: ItemRow): OutboxContent {
  const bytes = new Uint8Array(body);
  const json = (): unknown => JSON.parse(new TextDecoder().decode(bytes));
  switch (kind) {
    case 'energy':
    case 'demand':
    case 'billing':
      return { kind, rows: { columns: layoutById(db, layout_id ?? 0).columns, ...decodeChunk(bytes) } };
    case 'register':
      return { kind, registers: json() as readonly Omit<RegisterReading, 'meterId'>[] };
    case 'balance':
      return { kind, intervals: json() as readonly BalanceInterval[] };
    case 'status':
      return { kind, ...(json() as { readonly state: MeterState }) };
    case 'logbook':
      return { kind, ...(json() as { readonly type: string; readonly detail: string }) };
    case 'answer':
      return { kind, answer: json() as Readonly<Record<string, unknown>> };
    default:
      return { kind, events: json() as readonly MeterEvent[] };
  }
}

export function acknowledgeOutbox(db: Database, destination: string, ids: readonly number[]): void {
  const gone = removeDebts(db, destination, ids);
  db.run('UPDATE outbox_destinations SET acknowledged = acknowledged + ? WHERE name = ?', [
    gone,
    destination,
  ]);
}

function removeDebts(db: Database, destination: string, ids: readonly number[]): number {
  const list = JSON.stringify(ids);
  const gone = db.run(
    'DELETE FROM outbox_debts WHERE destination = ? AND item_id IN (SELECT value FROM json_each(?))',
    [destination, list],
  );
  db.run(`DELETE FROM outbox_items WHERE id IN (SELECT value FROM json_each(?)) AND ${ORPHANS}`, [list]);
  return gone;
}

export function answerOutbox(
  db: Database,
  destination: string,
  meterId: number,
  answer: Readonly<Record<string, unknown>>,
  nowMs: number,
): void {
  offerFact(db, meterId, 'answer', answer, nowMs, [destination]);
}

/** Items that one step gives up at most. */
const PRUNE_STEP = 512;

/** One step. `done` when there was no more. */
export function pruneOutbox(
  db: Database,
  { maxAgeMs, maxBytes }: OutboxBounds,
  nowMs: number,
): { readonly dropped: Readonly<Record<string, number>>; readonly done: boolean } {
  const dropped: Record<string, number> = {};
  let done = true;
  for (const { name, bytes } of db.all<{ name: string; bytes: number }>(
    `SELECT name, coalesce((SELECT sum(bytes) FROM outbox_debts WHERE destination = name), 0) AS bytes
     FROM outbox_destinations`,
  )) {
    const old = db
      .all<{ item_id: number }>(
        'SELECT item_id FROM outbox_debts WHERE destination = ? AND at < ? ORDER BY item_id LIMIT ?',
        [name, nowMs - maxAgeMs, PRUNE_STEP],
      )
      .map(({ item_id }) => item_id);
    const given = old.length > 0 ? old : beyond(db, name, bytes - maxBytes);
    if (given.length === 0) continue;
    dropped[name] = removeDebts(db, name, given);
    db.run('UPDATE outbox_destinations SET dropped = dropped + ? WHERE name = ?', [dropped[name] ?? 0, name]);
    done = false;
  }
  return { dropped, done };
}

/** The oldest of the lowest priority that together have so many bytes. */
function beyond(db: Database, destination: string, bytes: number): number[] {
  if (bytes <= 0) return [];
  const rows = db.all<{ item_id: number; bytes: number }>(
    'SELECT item_id, bytes FROM outbox_debts WHERE destination = ? ORDER BY priority DESC, item_id LIMIT ?',
    [destination, PRUNE_STEP],
  );
  const given: number[] = [];
  let left = bytes;
  for (const row of rows) {
    if (left <= 0) break;
    given.push(row.item_id);
    left -= row.bytes;
  }
  return given;
}

/** What `pruneOutbox` gave up in all its steps goes into the logbook. */
export function recordDropped(db: Database, dropped: Readonly<Record<string, number>>, nowMs: number): void {
  for (const [name, count] of Object.entries(dropped)) {
    const detail = `${count} items for ${name} were given up: the outbox was too old or too large`;
    recordLogbook(db, { time: nowMs, type: 'uplink-dropped', detail });
  }
}

export function outboxState(db: Database): readonly OutboxState[] {
  return db
    .all<{
      name: string;
      since: number;
      acknowledged: number;
      dropped: number;
      waiting: number;
      bytes: number | null;
      oldest: number | null;
    }>(
      `SELECT name, since, acknowledged, dropped, count(d.item_id) AS waiting, sum(d.bytes) AS bytes, min(d.at) AS oldest
       FROM outbox_destinations LEFT JOIN outbox_debts d ON d.destination = name GROUP BY name ORDER BY name`,
    )
    .map(({ name, bytes, oldest, ...row }) => ({
      destination: name,
      ...row,
      bytes: bytes ?? 0,
      ...(oldest === null ? {} : { oldest }),
    }));
}

export function outboxRules(db: Database): readonly NamedOutboxRule[] {
  return db
    .all<{ destination: string; class: string; priority: number; route: OutboxRoute; delay_s: number }>(
      'SELECT destination, class, priority, route, delay_s FROM outbox_rules ORDER BY destination, class',
    )
    .map(({ delay_s, ...row }) => ({ ...row, delayS: delay_s }));
}

/** Of each destination: every kind, and codes that somebody cares for. */
const MOST_RULES = 256;

export function saveOutboxRule(db: Database, rule: NamedOutboxRule): void {
  checkName('destination', rule.destination);
  checkInteger('priority', rule.priority, 1, 5);
  checkInteger('delayS', rule.delayS, 0, 86_400);
  checkOneOf('route', rule.route, OUTBOX_ROUTES);
  const [kind = '', code, ...rest] = rule.class.split(':');
  checkOneOf('class', kind, OUTBOX_KINDS);
  const codeIsSound = code === undefined || (hasCodes(kind) && /^\d{1,5}$/.test(code));
  if (rest.length > 0 || !codeIsSound) throw invalid('class', 'is no kind, or kind of events and code');
  db.run(
    `INSERT INTO outbox_rules (destination, class, priority, route, delay_s) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET priority = excluded.priority, route = excluded.route, delay_s = excluded.delay_s`,
    [rule.destination, rule.class, rule.priority, rule.route, rule.delayS],
  );
  const count = db.first<{ n: number }>('SELECT count(*) AS n FROM outbox_rules WHERE destination = ?', [
    rule.destination,
  ]);
  if ((count?.n ?? 0) > MOST_RULES) throw invalid('class', `is one of more than ${MOST_RULES} rules`);
}

export function removeOutboxRule(db: Database, destination: string, className: string): void {
  if (
    db.run('DELETE FROM outbox_rules WHERE destination = ? AND class = ?', [destination, className]) === 0
  ) {
    throw new DcuError('not-found', `there is no rule for ${className} to ${destination}`);
  }
}
