import type { Attempt } from '../base/collection.ts';
import type {
  CollectionKind,
  EventLog,
  Interval,
  MeterEvent,
  ProfileKind,
  ProfileRows,
  RegisterReading,
} from '../base/model.ts';
import type { ClockHistory } from './clock-rows.ts';
import type { Page } from './page.ts';

/** Home page: how many rows there are whose own time lies in the intervals. */
export interface Counts {
  readonly meters: number;
  readonly metersEnabled: number;
  readonly billing: number;
  readonly demand: number;
  readonly energy: number;
  readonly events: Readonly<Record<EventLog, number>>;
}

export interface Readings {
  /** Rows with time in the interval, ascending; undefined when nothing was ever read. */
  profile(meterId: number, kind: ProfileKind, interval: Interval): Promise<ProfileRows | undefined>;
  events(
    meterId: number | undefined,
    query: {
      readonly log?: EventLog;
      readonly interval?: Interval;
      readonly limit?: number;
      readonly offset?: number;
    },
  ): Promise<Page<MeterEvent & { readonly meterId: number; readonly log: EventLog }>>;
  /** Last reading of every register of the meter. */
  registers(meterId: number): Promise<readonly RegisterReading[]>;
  /** The last check of a meter's clock, and its corrections, newest first; at most `limit` (50) of them. */
  clock(meterId: number, limit?: number): Promise<ClockHistory>;
  /** The last attempt of each task item at the meter. */
  attempts(meterId: number): Promise<readonly Attempt[]>;
  coverage(meterId: number, kind: CollectionKind): Promise<readonly Interval[]>;
  counts(day: Interval, month: Interval): Promise<Counts>;
  /** Totals of all that is stored, for the demo's summary and diagnostics. */
  totals(): Promise<{
    readonly profileRows: number;
    readonly billingRows: number;
    readonly eventRows: number;
  }>;
}
