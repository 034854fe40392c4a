import { type CollectionKind, EVENT_LOGS, type EventLog, type ProfileKind } from '../base/model.ts';

/** Numbers of the kinds in the database; never change one, only add. */
const KIND_NUMBERS = {
  energy: 0,
  demand: 1,
  billing: 2,
  fraud: 3,
  relay: 4,
  standard: 5,
  'power-failure': 6,
  'phase-interruption': 7,
  'power-quality': 8,
} as const satisfies Record<CollectionKind, number>;

export const kindNumber = (kind: CollectionKind): number => KIND_NUMBERS[kind];

const LOG_BY_NUMBER = new Map<number, EventLog>(EVENT_LOGS.map((log) => [KIND_NUMBERS[log], log]));

export function eventLogOf(number: number): EventLog {
  const log = LOG_BY_NUMBER.get(number);
  if (log === undefined) throw new RangeError(`no event log has the number ${number}`);
  return log;
}

export const DAY_MS = 86_400_000;

/** The chunk that a row belongs to: its UTC day since the epoch; its UTC year for billing. */
export function bucketOf(kind: ProfileKind, timeMs: number): number {
  return kind === 'billing' ? new Date(timeMs).getUTCFullYear() : Math.floor(timeMs / DAY_MS);
}
