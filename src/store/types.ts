import type { Attempt, CollectionStore } from '../base/collection.ts';
import type { G3Path } from '../base/g3.ts';
import type {
  Attribute,
  Channel,
  CollectionKind,
  EventLog,
  Interval,
  Meter,
  MeterAddress,
  MeterEvent,
  MeterSecrets,
  MeterSecurity,
  MeterState,
  NewMeter,
  ProfileKind,
  ProfileRows,
  RegisterReading,
  TaskGroup,
  TaskItem,
} from '../base/model.ts';
import type { OutboxStore } from '../base/outbox.ts';
import type { ClockHistory } from './clock-rows.ts';
import type { FieldProblem } from './validation.ts';

/** The store as the rest of the house sees it. Everything that writes resolves when the change is on disk. */
export interface Store {
  /** Whether the process before this one closed the store in order; false after a crash or power cut. */
  readonly lastShutdownClean: boolean;
  /** UTC ms of the last write before this start: the last sign of life of the process before; undefined for a new store. */
  readonly lastWriteAt: number | undefined;
  readonly archive: MeterArchive;
  readonly configuration: Configuration;
  readonly collection: CollectionStore;
  readonly readings: Readings;
  readonly accounts: Accounts;
  readonly logbook: Logbook;
  readonly audit: AuditTrail;
  readonly blacklist: BlacklistStore;
  readonly found: FoundDevices;
  readonly networks: Networks;
  readonly networkKeys: NetworkKeyStore;
  readonly g3: G3Ways;
  readonly outbox: OutboxStore;
  /** Drops data older than the retention (setting `retention.days`, default 92) in small steps. */
  applyRetention(nowMs: number): Promise<{ readonly rowsDropped: number }>;
  /** Bytes in use and free on the volume. */
  usage(): Promise<{ readonly bytes: number; readonly freeBytes: number }>;
  close(): Promise<void>;
}

/** Encrypts small secrets for their place in the store; `place` must be the same at `open`. */
export interface SecretSealer {
  seal(secret: Uint8Array, place: string): Promise<string>;
  open(sealed: string, place: string): Promise<Uint8Array>;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly total: number;
}

export interface MeterQuery {
  /** Matches anywhere in MeterNo. */
  readonly search?: string;
  readonly channel?: string;
  readonly task?: string;
  readonly enabled?: boolean;
  readonly state?: MeterState;
  /** UTC ms: those that were found silent then or before, and are still. */
  readonly offlineSinceMs?: number;
  readonly sort?: 'id' | 'meterNo' | 'channel' | 'task' | 'enabled' | 'lastSeen' | 'offlineSince';
  readonly descending?: boolean;
  readonly offset?: number;
  readonly limit?: number;
}

/** A meter with what is known of its last contact. */
export interface MeterRow extends Meter {
  readonly state: MeterState;
  /** UTC ms of the last answer; undefined = never. */
  readonly lastSeen?: number;
  /** UTC ms at which it was first found silent, since it last answered. */
  readonly offlineSince?: number;
  readonly lastError?: { readonly code: string; readonly message: string; readonly time: number };
  /** MeterNo of the one that took its place (`replaced`). */
  readonly successorNo?: string;
  /** The meter whose place it took. */
  readonly replaces?: { readonly id: number; readonly meterNo: string; readonly at: number };
}

/** The meter that takes another one's place; what is absent it takes over, but for what a meter has of its own. */
export interface Replacement {
  readonly meterNo: string;
  readonly address?: MeterAddress;
  readonly security?: MeterSecurity;
  /** UTC ms; now if absent. */
  readonly installedAt?: number;
}

/** A value of a field of a row; null takes it away, absent leaves it. */
type Patch<Of> = { readonly [Key in keyof Of]?: Of[Key] | null };

/** A meter as a file names it. Fields that are absent keep their value, or for a new meter take the manual's usual one. */
export interface ImportRow {
  /** Of the file, from 1. */
  readonly line: number;
  readonly meterNo: string;
  readonly fields: Partial<Omit<NewMeter, 'meterNo' | 'address' | 'security'>>;
  readonly address: Patch<MeterAddress>;
  readonly security: Patch<MeterSecurity>;
  readonly secrets: MeterSecrets;
  /** What could not be read of it; of the field `row` when nothing could. */
  readonly problems: readonly FieldProblem[];
}

export interface ImportOptions {
  /** Whether meters that are in the archive already are changed; else they are errors, unless nothing would change. */
  readonly update: boolean;
}

/** What becomes of a row. */
export interface ImportedRow {
  readonly line: number;
  readonly meterNo: string;
  readonly action: 'create' | 'update' | 'unchanged' | 'error';
  readonly problems: readonly FieldProblem[];
  /** Of a new meter all its fields; of secrets only that they are given. */
  readonly changes: readonly {
    readonly field: string;
    readonly before: string | null;
    readonly after: string | null;
  }[];
  readonly meterId?: number;
}

export interface ImportPlan {
  readonly rows: readonly ImportedRow[];
  /** Stands for what would be done; another one when the archive has changed in between. */
  readonly digest: string;
}

/** Violations end in DcuError `invalid-field` (field named), `conflict` (MeterNo or line address taken, archive full) or `not-found`. */
export interface MeterArchive {
  list(query: MeterQuery): Promise<Page<MeterRow>>;
  get(id: number): Promise<MeterRow | undefined>;
  create(meter: NewMeter, secrets: MeterSecrets): Promise<MeterRow>;
  /** Secrets that are absent stay as they are. */
  update(id: number, change: Partial<NewMeter>, secrets?: MeterSecrets): Promise<MeterRow>;
  /** Removes the meter and all that was read of it. */
  remove(id: number): Promise<void>;
  /**
   * Puts a new meter into the place of another: that one is disabled and keeps all that was read of it, the new one takes channel,
   * task, profile and what is said of its place. Secrets, system title and signing key are a meter's own and are not taken over.
   */
  replace(id: number, by: Replacement, secrets: MeterSecrets): Promise<MeterRow>;
  /** What `import` would do, with everything that is wrong in each row. */
  planImport(rows: readonly ImportRow[], options: ImportOptions): Promise<ImportPlan>;
  /**
   * Enters and changes meters in one transaction: nothing is applied while a row has an error, unless `soundOnly`.
   * @throws DcuError `conflict` when `digest` is given and is not that of what would be done now
   */
  import(
    rows: readonly ImportRow[],
    options: ImportOptions & { readonly soundOnly: boolean; readonly digest?: string },
  ): Promise<ImportPlan & { readonly applied: boolean }>;
}

/** Deleting or filling `empty_task` ends in DcuError `protected`; a bad cron in `invalid-cron`. */
export interface Configuration {
  taskGroups(): Promise<readonly TaskGroup[]>;
  saveTaskGroup(group: Omit<TaskGroup, 'id'> & { readonly id?: number }): Promise<TaskGroup>;
  removeTaskGroup(id: number): Promise<void>;
  taskItems(task?: string): Promise<readonly TaskItem[]>;
  saveTaskItem(item: Omit<TaskItem, 'id'> & { readonly id?: number }): Promise<TaskItem>;
  removeTaskItem(id: number): Promise<void>;
  channels(): Promise<readonly Channel[]>;
  saveChannel(channel: Omit<Channel, 'id'> & { readonly id?: number }): Promise<Channel>;
  channelAttributes(channel?: string): Promise<readonly Attribute[]>;
  saveChannelAttribute(attribute: Omit<Attribute, 'id'> & { readonly id?: number }): Promise<Attribute>;
  protocols(): Promise<
    readonly {
      readonly id: number;
      readonly name: string;
      readonly direction: string;
      readonly description: string;
    }[]
  >;
  protocolAttributes(protocol?: string): Promise<readonly Attribute[]>;
  saveProtocolAttribute(attribute: Omit<Attribute, 'id'> & { readonly id?: number }): Promise<Attribute>;
  settings(): Promise<
    readonly {
      readonly id: number;
      readonly key: string;
      readonly value: string;
      readonly description: string;
    }[]
  >;
  setting(key: string): Promise<string | undefined>;
  saveSetting(key: string, value: string): Promise<void>;
}

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

export interface Account {
  readonly id: number;
  readonly name: string;
  readonly role: string;
  readonly mustChangePassword: boolean;
  readonly disabled: boolean;
}

/** Rows only; hashing, lockout and rights are `security/`'s. */
export interface Accounts {
  byName(name: string): Promise<(Account & { readonly passwordHash: string }) | undefined>;
  byId(id: number): Promise<(Account & { readonly passwordHash: string }) | undefined>;
  list(): Promise<readonly Account[]>;
  create(account: Omit<Account, 'id'>, passwordHash: string): Promise<Account>;
  setPassword(id: number, passwordHash: string, mustChange: boolean): Promise<void>;
  /** `tokenHash` is SHA-256 of the session token; tokens themselves are never stored. */
  createSession(session: {
    readonly tokenHash: string;
    readonly accountId: number;
    readonly createdAt: number;
    readonly expiresAt: number;
  }): Promise<void>;
  session(
    tokenHash: string,
  ): Promise<
    { readonly accountId: number; readonly createdAt: number; readonly expiresAt: number } | undefined
  >;
  touchSession(tokenHash: string, expiresAt: number): Promise<void>;
  removeSession(tokenHash: string): Promise<void>;
  removeSessionsOf(accountId: number): Promise<void>;
  failures(subject: string): Promise<{ readonly count: number; readonly blockedUntil: number | undefined }>;
  saveFailures(subject: string, count: number, blockedUntil: number | undefined): Promise<void>;
}

/** The concentrator's own events (manual 7.3 i, 7.5). */
export interface Logbook {
  record(event: { readonly time: number; readonly type: string; readonly detail: string }): Promise<void>;
  list(query: {
    readonly limit: number;
    readonly offset: number;
  }): Promise<
    Page<{ readonly id: number; readonly time: number; readonly type: string; readonly detail: string }>
  >;
}

/** Who changed what, when. Values of secrets are never in it. */
export interface AuditTrail {
  record(entry: {
    readonly time: number;
    readonly actor: string;
    readonly action: string;
    readonly subject: string;
    readonly detail: string;
  }): Promise<void>;
  list(query: { readonly limit: number; readonly offset: number }): Promise<
    Page<{
      readonly id: number;
      readonly time: number;
      readonly actor: string;
      readonly action: string;
      readonly subject: string;
      readonly detail: string;
    }>
  >;
}

export interface BlacklistRow {
  readonly id: number;
  /** MeterNo, address of a communication unit, IP address with or without port, or system title, as it was typed in. */
  readonly address: string;
  readonly reason: string;
  readonly createdAt: number;
}

/** Devices that may not communicate. */
export interface BlacklistStore {
  list(): Promise<readonly BlacklistRow[]>;
  /** @throws DcuError `invalid-field`, `conflict` when it is on the list already, in whatever spelling */
  add(address: string, reason: string): Promise<BlacklistRow>;
  /** Hands back what was taken off. @throws DcuError `not-found` */
  remove(id: number): Promise<BlacklistRow>;
}

/** How it was found: the network told, it was looked for, or a line was scanned. */
export type FoundVia = 'report' | 'search' | 'scan';
export type FoundState = 'new' | 'accepted' | 'ignored';

/** A device that was found and is no meter of the archive (yet). */
export interface FoundDevice {
  readonly id: number;
  readonly channel: string;
  /** As the channel names it: address of the communication unit, HDLC address, IP address and port. */
  readonly address: string;
  readonly via: FoundVia;
  readonly state: FoundState;
  readonly foundAt: number;
  readonly seenAt: number;
  /** What it said of itself and the meter that it would be; `{}` when it was not asked. */
  readonly proposal: unknown;
}

export interface FoundNote extends Pick<FoundDevice, 'channel' | 'address' | 'via' | 'seenAt'> {
  /** Absent leaves the one of before. */
  readonly proposal?: unknown;
}

export interface FoundQuery {
  readonly channel?: string;
  readonly state?: FoundState;
  /** Matches anywhere in the address. */
  readonly search?: string;
  readonly limit: number;
  readonly offset: number;
}

export interface FoundDevices {
  /** Last seen first. */
  list(query: FoundQuery): Promise<Page<FoundDevice>>;
  get(id: number): Promise<FoundDevice | undefined>;
  /** True when it is news; one that was ignored stays ignored. */
  note(device: FoundNote): Promise<boolean>;
  /** @throws DcuError `not-found` */
  setState(id: number, state: FoundState): Promise<FoundDevice>;
}

/** A node of a power line network, addresses as its channel names them; null = not known. */
export interface NetworkNode {
  readonly address: string;
  /** TEI, or G3 short address. */
  readonly shortAddress: number | null;
  /** Address of the node through which it is reached; null = the coordinator, or not known. */
  readonly parent: string | null;
  /** Hops to the coordinator. */
  readonly level: number | null;
  readonly role: 'coordinator' | 'proxy' | 'station';
  /** 0 (worst) to 15. */
  readonly quality: number | null;
  /** Bit n-1 = phase n. */
  readonly phases: number | null;
  /** What else the network says. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** UTC ms of the last look that has shown it. */
  readonly seenAt: number;
}

/** What is known of power line networks. */
export interface Networks {
  /** Also those that the last look did not show. */
  nodes(channel: string): Promise<readonly NetworkNode[]>;
  /** What one look at a network has shown. */
  saveNodes(channel: string, nodes: readonly Omit<NetworkNode, 'seenAt'>[], seenAt: number): Promise<void>;
}

/** Ways through G3-PLC networks. */
export interface G3Ways {
  /** Undefined before anything was told. @throws DcuError `not-found` for a meter that is not there */
  path(meterId: number): Promise<G3Path | undefined>;
}

/** A change of pre-shared keys: `failed` = it could not be taken back at every meter. */
export type KeyChangeState = 'planned' | 'running' | 'done' | 'rolling-back' | 'rolled-back' | 'failed';
export type KeyStepState = 'waiting' | 'sent' | 'confirmed' | 'failed' | 'rolled-back';

export interface KeyStep {
  readonly meterId: number;
  readonly state: KeyStepState;
  readonly message?: string;
  readonly at?: number;
}

export interface KeyChange {
  readonly id: number;
  readonly channel: string;
  /** 0 = the whole network. */
  readonly meterId: number;
  readonly state: KeyChangeState;
  readonly actor: string;
  readonly startedAt: number;
  readonly finishedAt?: number;
  readonly steps: readonly KeyStep[];
}

/** A pre-shared key that is known, 16 bytes. It never leaves the process but to a meter. */
export interface KnownNetworkKey {
  /** 0 = the whole network's; a meter's own goes before it. */
  readonly meterId: number;
  readonly key: Uint8Array;
  /** The one before, for as long as the change can be taken back, or one that the meter may have as well. */
  readonly previous?: Uint8Array;
  readonly changedAt: number;
}

/** Pre-shared keys of G3-PLC networks and their changes. While one is under way, another ends in DcuError `conflict`. */
export interface NetworkKeyStore {
  /** Which there are, without the keys. */
  list(): Promise<
    readonly {
      readonly channel: string;
      readonly meterId: number;
      readonly hasPrevious: boolean;
      readonly changedAt: number;
    }[]
  >;
  /** @throws what the sealer throws when a key was moved or changed */
  keys(channel: string): Promise<readonly KnownNetworkKey[]>;
  save(channel: string, meterId: number, key: Uint8Array): Promise<void>;
  /** All of a channel anew. */
  replace(channel: string, keys: readonly KnownNetworkKey[]): Promise<void>;
  plan(change: {
    readonly channel: string;
    readonly meterId: number;
    readonly key: Uint8Array;
    readonly actor: string;
    readonly meterIds: readonly number[];
  }): Promise<KeyChange>;
  /** Newest first. */
  changes(): Promise<readonly KeyChange[]>;
  /** @throws DcuError `not-found` */
  change(id: number): Promise<KeyChange>;
  /** The key that a change brings; undefined once it has ended. */
  changeKey(id: number): Promise<Uint8Array | undefined>;
  step(id: number, meterId: number, state: KeyStepState, message?: string): Promise<void>;
  /** @throws DcuError `conflict` when the change is in another state than `from` */
  move(id: number, from: readonly KeyChangeState[], to: KeyChangeState): Promise<void>;
  /**
   * All keys of the channel anew and the change's state in one transaction; without `key` the change has ended.
   * @throws DcuError `conflict` when the change is in another state than `from`
   */
  settle(
    id: number,
    settled: {
      readonly from: KeyChangeState;
      readonly state: KeyChangeState;
      readonly key?: Uint8Array;
      readonly keys: readonly KnownNetworkKey[];
    },
  ): Promise<void>;
}
