import {
  type ColumnValues,
  EVENT_LOGS,
  type EventLog,
  PROFILE_KINDS,
  type ProfileKind,
} from '../../src/base/model.ts';
import type { Store } from '../../src/store/types.ts';

/**
 * A row or an entry of a log as one line of text: what the store has, what the head-end was told and what the meter has written are
 * the same when their lines are.
 */
export type Fact = string;

export interface RowFact {
  readonly meterNo: string;
  readonly kind: ProfileKind;
  /** UTC ms. */
  readonly time: number;
  readonly clockStatus: number;
  /** Captured values as text, the clock left out. */
  readonly cells: string;
}

export const rowFact = ({ meterNo, kind, time, clockStatus, cells }: RowFact): Fact =>
  `${meterNo} ${kind} ${time} ${clockStatus} ${cells}`;

export interface EventFact {
  readonly meterNo: string;
  readonly log: EventLog;
  /** UTC ms. */
  readonly time: number;
  readonly code: number;
  readonly extra: Readonly<Record<string, string>>;
}

/** The log of power failures tells how long each was, the others what happened. */
export const eventFact = ({ meterNo, log, time, code, extra }: EventFact): Fact =>
  `${meterNo} ${log} ${time} ${log === 'power-failure' ? (Object.values(extra)[0] ?? '') : code}`;

const LOGBOOK = 'logbook';

/** Date-times of DLMS have hundredths of a second. */
export const logbookFact = (time: number, type: string, detail: string): Fact =>
  `${LOGBOOK} ${Math.floor(time / 10)} ${type} ${detail}`;

/** Whether it tells of the concentrator and of no meter. */
export const isConcentrators = (fact: Fact): boolean => fact.startsWith(`${LOGBOOK} `);

/** As often as each is there. */
export class FactCount {
  readonly #counts = new Map<Fact, number>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(fact: Fact): void {
    this.#counts.set(fact, this.of(fact) + 1);
    this.#size++;
  }

  of(fact: Fact): number {
    return this.#counts.get(fact) ?? 0;
  }

  all(): IterableIterator<Fact> {
    return this.#counts.keys();
  }

  /** Those that are here more often than there. */
  beyond(other: FactCount): Fact[] {
    const found: Fact[] = [];
    for (const [fact, count] of this.#counts) {
      for (let more = count - other.of(fact); more > 0; more--) found.push(fact);
    }
    return found;
  }
}

/** What stands for a cell without a value. */
export const NULL_DATA = 'null-data';

const EVERYTHING = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
const ALL = 10_000_000;

/** All rows and entries of logs that a store has, and what happened to the concentrator itself after `sinceMs`. */
export async function storedFacts(store: Store, sinceMs: number): Promise<FactCount> {
  const facts = new FactCount();
  const { rows: meters } = await store.archive.list({ limit: ALL });
  for (const { id, meterNo } of meters) {
    for (const kind of PROFILE_KINDS) {
      const rows = await store.readings.profile(id, kind, EVERYTHING);
      for (const [row, time] of [...(rows?.times ?? [])].entries()) {
        const cells = rows?.values.map((column) => cellText(column, row)).join(' ') ?? '';
        facts.add(rowFact({ meterNo, kind, time, clockStatus: rows?.clockStatus[row] ?? -1, cells }));
      }
    }
    for (const log of EVENT_LOGS) {
      const { rows } = await store.readings.events(id, { log, interval: EVERYTHING, limit: ALL });
      for (const event of rows) facts.add(eventFact({ ...event, meterNo }));
    }
  }
  const { rows } = await store.logbook.list({ limit: ALL, offset: 0 });
  for (const { time, type, detail } of rows) {
    if (time > sinceMs) facts.add(logbookFact(time, type, detail));
  }
  return facts;
}

function cellText(column: ColumnValues, row: number): string {
  const value = column.values[row];
  if (value === undefined || Number.isNaN(value)) return NULL_DATA;
  return value instanceof Uint8Array ? value.toHex() : String(value);
}
