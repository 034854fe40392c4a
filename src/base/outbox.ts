import type { BalanceInterval } from './balance.ts';
import {
  EVENT_LOGS,
  type EventLog,
  type MeterEvent,
  type MeterState,
  PROFILE_KINDS,
  type ProfileKind,
  type ProfileRows,
  type RegisterReading,
} from './model.ts';

/**
 * What is to leave the concentrator. An item is written in the transaction that stores what it tells of, and each destination owes
 * its acknowledgement until it has come: whatever dies in between, nothing is lost and only what was not acknowledged comes twice.
 */

export const OUTBOX_KINDS = [
  ...PROFILE_KINDS,
  ...EVENT_LOGS,
  'register',
  'balance',
  'status',
  'logbook',
  'answer',
] as const;
export type OutboxKind = (typeof OUTBOX_KINDS)[number];

/** At once, in the destination's window, or not at all. */
export const OUTBOX_ROUTES = ['now', 'window', 'never'] as const;
export type OutboxRoute = (typeof OUTBOX_ROUTES)[number];

export interface OutboxRule {
  readonly priority: number;
  readonly route: OutboxRoute;
  /** Seconds that it is kept back, so that what belongs together goes together. */
  readonly delayS: number;
}

const rule = (priority: number, route: OutboxRoute = 'now', delayS = 0): OutboxRule => ({
  priority,
  route,
  delayS,
});

/** What holds for a kind that no rule of the user names. */
export const DEFAULT_OUTBOX_RULES: Readonly<Record<OutboxKind, OutboxRule>> = {
  answer: rule(1),
  fraud: rule(1),
  'power-failure': rule(1),
  relay: rule(2),
  'phase-interruption': rule(2),
  'power-quality': rule(3),
  standard: rule(3),
  status: rule(3),
  logbook: rule(3),
  billing: rule(4),
  register: rule(4),
  energy: rule(5),
  demand: rule(5),
  balance: rule(5),
};

/** A rule of the user: `class` is a kind, or a kind of events and a code (`fraud:40`), which goes before the kind. */
export interface NamedOutboxRule extends OutboxRule {
  readonly destination: string;
  readonly class: string;
}

export type OutboxContent =
  | { readonly kind: ProfileKind; readonly rows: ProfileRows }
  | { readonly kind: EventLog; readonly events: readonly MeterEvent[] }
  | { readonly kind: 'register'; readonly registers: readonly Omit<RegisterReading, 'meterId'>[] }
  | { readonly kind: 'balance'; readonly intervals: readonly BalanceInterval[] }
  | { readonly kind: 'status'; readonly state: MeterState }
  | { readonly kind: 'logbook'; readonly type: string; readonly detail: string }
  | { readonly kind: 'answer'; readonly answer: Readonly<Record<string, unknown>> };

export interface OutboxItem {
  /** Grows in the order of storing, and stays the same when it is sent again. */
  readonly id: number;
  /** 0 = the concentrator itself. */
  readonly meterId: number;
  /** UTC ms at which it was stored. */
  readonly at: number;
  readonly priority: number;
  readonly content: OutboxContent;
}

export interface OutboxQuery {
  readonly nowMs: number;
  /** Whether what waits for the destination's window may go. */
  readonly inWindow: boolean;
  /** Those that are on their way. */
  readonly without: readonly number[];
  readonly limit: number;
}

export interface OutboxState {
  readonly destination: string;
  /** UTC ms since when it is a destination. */
  readonly since: number;
  readonly waiting: number;
  readonly bytes: number;
  /** UTC ms at which the oldest that waits was stored. */
  readonly oldest?: number;
  readonly acknowledged: number;
  /** Items that were given up because of their age or the size of the outbox. */
  readonly dropped: number;
}

export interface OutboxBounds {
  readonly maxAgeMs: number;
  /** Of each destination. */
  readonly maxBytes: number;
}

export interface OutboxStore {
  /** From now on everything that is stored is owed to it. */
  open(destination: string): Promise<void>;
  /** It is owed nothing any more. Hands back how many items waited. */
  close(destination: string): Promise<number>;
  /** What is to go next: by priority, then in the order of storing. */
  take(destination: string, query: OutboxQuery): Promise<readonly OutboxItem[]>;
  acknowledge(destination: string, ids: readonly number[]): Promise<void>;
  /** An answer to what this destination has asked for; meter 0 = the concentrator. */
  answer(destination: string, meterId: number, answer: Readonly<Record<string, unknown>>): Promise<void>;
  /** Gives up all that waits. Hands back how many items. */
  clear(destination: string): Promise<number>;
  /**
   * Gives up what is too old, then the oldest of the lowest priority until the rest is small enough, with an event in the logbook.
   * Works in small steps; hands back how many items of all destinations went.
   */
  prune(bounds: OutboxBounds): Promise<number>;
  state(): Promise<readonly OutboxState[]>;
  rules(): Promise<readonly NamedOutboxRule[]>;
  /** @throws DcuError `invalid-field` */
  saveRule(rule: NamedOutboxRule): Promise<void>;
  /** The usual one holds again. @throws DcuError `not-found` */
  removeRule(destination: string, className: string): Promise<void>;
}
