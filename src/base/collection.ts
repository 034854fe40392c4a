import type { G3Finding, G3Stranger } from './g3.ts';
import type {
  CaptureColumn,
  CollectionKind,
  EventLog,
  Interval,
  Meter,
  MeterEvent,
  MeterSecrets,
  MeterState,
  ProfileKind,
  ProfileRows,
  RegisterReading,
  TaskGroup,
  TaskItem,
} from './model.ts';

/**
 * What collecting needs of the store. Each promise of a write resolves only when the rows are on disk:
 * that is the acknowledgement. Writes are idempotent; writing the same rows twice adds nothing.
 */
export interface CollectionStore {
  meters(): Promise<readonly Meter[]>;
  secrets(meterId: number): Promise<MeterSecrets>;
  taskGroups(): Promise<readonly TaskGroup[]>;
  taskItems(): Promise<readonly TaskItem[]>;
  /** Attributes of a protocol by key, e.g. `max.bytes`. */
  protocolAttributes(protocol: string): Promise<Readonly<Record<string, string>>>;

  /** What has been asked for and answered, sorted and disjoint; also ranges that hold no rows. */
  coverage(meterId: number, kind: CollectionKind): Promise<readonly Interval[]>;
  /** Opens again what is covered from an instant on, of all meters: it was claimed by a clock that was ahead. */
  forgetCoverage(fromMs: number): Promise<void>;
  /** Adds rows and, in the same transaction, the interval they complete (if any). Rows and times of other columns are kept. */
  appendProfile(
    meterId: number,
    kind: ProfileKind,
    rows: ProfileRows,
    covered: Interval | undefined,
  ): Promise<{ readonly added: number }>;
  appendEvents(
    meterId: number,
    log: EventLog,
    events: readonly MeterEvent[],
    covered: Interval | undefined,
  ): Promise<{ readonly added: number }>;
  /** Latest known columns of a profile; undefined before the first read. */
  columns(meterId: number, kind: ProfileKind): Promise<readonly CaptureColumn[] | undefined>;
  /** The last of each register that was read of a meter. */
  registers(meterId: number): Promise<readonly RegisterReading[]>;
  saveRegisters(readings: readonly RegisterReading[]): Promise<void>;
  saveClockCheck(check: ClockCheck): Promise<void>;
  saveClockCorrection(correction: ClockCorrection): Promise<void>;
  /** How far each event log was seen at the last cheap look; logs never looked at are absent. */
  logMarks(meterId: number): Promise<readonly LogMark[]>;
  saveLogMark(meterId: number, mark: LogMark): Promise<void>;

  /** UTC ms of the last success of a task item for a meter. */
  lastSuccess(meterId: number, itemId: number): Promise<number | undefined>;
  saveAttempt(attempt: Attempt): Promise<void>;
  saveMeterState(meterId: number, state: MeterState, atMs: number): Promise<void>;
  /** What is known of the last contact of each meter that was ever asked. */
  contacts(): Promise<readonly MeterContact[]>;
  /** Value of a setting of the concentrator that is no secret; undefined when there is none of this name. */
  setting(key: string): Promise<string | undefined>;
  /** Hands back which of the nodes that it names are no meters of the archive. */
  saveG3Finding(finding: G3Finding): Promise<readonly G3Stranger[]>;
  counters: InvocationCounters;
}

export interface ClockCheck {
  readonly meterId: number;
  readonly time: number;
  /** Meter minus concentrator, milliseconds, round trip taken out. */
  readonly driftMs: number;
  readonly action: 'none' | 'shifted' | 'set' | 'refused';
}

/** A correction of a meter's clock, done or refused. */
export interface ClockCorrection {
  readonly meterId: number;
  readonly time: number;
  /** Meter minus concentrator before it, milliseconds. */
  readonly driftMs: number;
  readonly action: 'shifted' | 'set' | 'refused' | 'broadcast';
  /** Drift after it; absent where it was not looked at again. */
  readonly leftMs?: number;
}

export interface LogMark {
  readonly log: EventLog;
  readonly entries: number;
  /** The last entry in hex; empty where it was not looked at. */
  readonly last: string;
  readonly checkedAt: number;
}

export interface MeterContact {
  readonly meterId: number;
  readonly state: MeterState;
  /** UTC ms of the last answer; absent = never. */
  readonly lastSeen?: number;
  /** UTC ms at which it was first found silent, since it last answered. */
  readonly offlineSince?: number;
}

export interface Attempt {
  readonly meterId: number;
  readonly itemId: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly added: number;
  /** Error code; undefined = success. */
  readonly error?: string;
  readonly message?: string;
}

/**
 * Invocation counters that survive a restart and are never reused: `reserve` has put the end of the block on
 * disk before it resolves. `keyId` names one key in one direction (`meter:0011539465:out`).
 */
export interface InvocationCounters {
  /** The value that `reserve` would hand out next; 0 for a key that is new. */
  peek(keyId: string): Promise<number>;
  /** The first of `count` consecutive values that nobody will get again. */
  reserve(keyId: string, count: number): Promise<number>;
  /** Raises the counter to at least `value` (a meter's hint, or read by the public client). */
  raise(keyId: string, value: number): Promise<void>;
}
