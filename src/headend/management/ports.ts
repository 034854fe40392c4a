import type { Attribute, Channel, TaskGroup, TaskItem } from '../../base/model.ts';
import type { CosemObject } from '../../dlms/cosem/cosem-object.ts';

/** What each group of the concentrator's objects needs of the house; handed over where the servers are composed. */

export interface FirmwarePort {
  /** The one image transfer of the concentrator; it outlives connections, so that a head-end that comes back goes on. */
  readonly imageTransfer: {
    /** The object as `who` has it. */
    objectFor(who: string): CosemObject;
  };
}

/** A change that was made, as the audit trail tells it; never a secret. */
export interface Change {
  readonly action: string;
  readonly subject: string;
  readonly detail: string;
}

/** Writes down who has changed what: into the audit trail, and as an event. */
export interface ChangeRecorder {
  changed(changes: readonly Change[], actor: string): Promise<void>;
}

/** What is wrong with a row that was written; rows count from 1, 0 = with all of it. */
export interface RowProblem {
  readonly row: number;
  readonly field: string;
  readonly message: string;
}

export interface Refusal {
  readonly time: number;
  readonly obis: string;
  readonly problems: readonly RowProblem[];
}

/** Why a change was refused, for each who asked for one. */
export interface RefusalsPort {
  note(actor: string, refusal: Refusal): void;
  /** Of the last one; undefined when nothing was refused. */
  last(actor: string): Refusal | undefined;
}

/** Who the concentrator is. */
export interface IdentityPort {
  readonly manufacturer: string;
  readonly product: string;
  readonly systemTitle: Uint8Array;
  /** What the machine calls itself, and what it is. */
  readonly hostName: string;
  readonly machine: string;
  readonly operatingSystem: string;
  /** Of the first network interface, `00:11:22:33:44:55`; empty where there is none. */
  readonly hardwareAddress: string;
  /** The program's runtime. */
  readonly runtime: string;
  /** Firmware of each PLC module, by the name of its channel. */
  modules(): readonly { readonly channel: string; readonly firmware: string }[];
}

/** A time to be taken over on request, and when that may be; UTC ms. */
export interface PresetTime {
  readonly timeMs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The clock that the whole concentrator goes by. */
export interface ClockPort {
  /** Whether somebody has said within a day what time it is; `lost`: it shows less than it was set to last. */
  readonly state: { readonly synchronised: boolean; readonly lost: boolean };
  /** @throws DcuError `invalid-field` for a time that cannot be, `forbidden` where it may not be set */
  set(utcMs: number, who: string): Promise<unknown>;
  /** What `adjust_to_preset_time` takes over. */
  preset: PresetTime | undefined;
}

/** The time server behind the head-end. */
export interface NtpPort {
  settings(): Promise<{ readonly host: string; readonly port: number }>;
  /** Asks it now. @throws DcuError what kept it from answering */
  synchronise(): Promise<unknown>;
}

/** An entry of the concentrator's own logbook. */
export interface LogbookEntry {
  readonly time: number;
  readonly type: string;
  readonly detail: string;
}

export interface LogbookPort {
  /** The newest entries, newest first; of all types if none are named. */
  entries(limit: number, types: readonly string[]): Promise<readonly LogbookEntry[]>;
  /** How many entries there are of each type that has any. */
  counts(): Promise<readonly { readonly type: string; readonly count: number }[]>;
  /** Titles of the types that there may be. */
  types(): Readonly<Record<string, string>>;
  /** Types that head-ends are shown; all if empty. */
  filter(): Promise<readonly string[]>;
  /** @throws DcuError `invalid-field` for a type that there is none of */
  setFilter(types: readonly string[]): Promise<void>;
  /** Somebody has tried to clear it. */
  clearRefused(actor: string): Promise<void>;
}

/** A setting as it is shown; a secret has no value. */
export interface SettingRow {
  readonly key: string;
  readonly value: string | null;
  readonly description: string;
}

export interface SettingsPort {
  rows(): Promise<readonly SettingRow[]>;
  /** All of them or none. @throws DcuError `invalid-field`, `not-found` */
  change(values: Readonly<Record<string, string>>): Promise<void>;
}

/** An attribute as it is shown; a secret has no value. */
export interface AttributeRow {
  readonly owner: string;
  readonly key: string;
  readonly value: string | null;
  readonly description: string;
}

export interface ProtocolRow {
  readonly name: string;
  readonly direction: string;
  readonly description: string;
}

/** Channels and protocols with their attributes, as the GUI changes them. */
export interface ChannelsPort {
  channels(): Promise<readonly Channel[]>;
  saveChannel(channel: Channel): Promise<unknown>;
  channelAttributes(): Promise<readonly AttributeRow[]>;
  /** New values by key, all of them or none; what is not there is added. */
  changeChannelAttributes(channel: string, values: Readonly<Record<string, string>>): Promise<void>;
  protocols(): Promise<readonly ProtocolRow[]>;
  protocolAttributes(): Promise<readonly Attribute[]>;
  saveProtocolAttribute(attribute: Omit<Attribute, 'id'> & { readonly id?: number }): Promise<unknown>;
  /** Whether the value of a key is never shown. */
  isSecret(key: string): boolean;
}

/** Task groups and items, as the GUI changes them. */
export interface TasksPort {
  taskGroups(): Promise<readonly TaskGroup[]>;
  saveTaskGroup(group: Omit<TaskGroup, 'id'> & { readonly id?: number }): Promise<TaskGroup>;
  removeTaskGroup(id: number): Promise<void>;
  taskItems(): Promise<readonly TaskItem[]>;
  saveTaskItem(item: Omit<TaskItem, 'id'> & { readonly id?: number }): Promise<TaskItem>;
  removeTaskItem(id: number): Promise<void>;
}

export interface BlacklistEntry {
  readonly id: number;
  readonly address: string;
  readonly reason: string;
  /** UTC ms. */
  readonly createdAt: number;
}

/** Devices that may not communicate. */
export interface BlacklistPort {
  list(): Promise<readonly BlacklistEntry[]>;
  add(address: string, reason: string): Promise<unknown>;
  remove(id: number): Promise<unknown>;
}

/** A meter by the columns of the archive's CSV file: those that are not named are left as they are. */
export interface WrittenMeter {
  readonly meterNo: string;
  readonly values: Readonly<Record<string, string>>;
}

/** The archive, by the very columns, checks and transaction of its CSV import. */
export interface MeterListPort {
  /** All meters with what is shown of them; secrets never are. */
  rows(): Promise<readonly (WrittenMeter & { readonly id: number; readonly enabled: boolean })[]>;
  /** Enters and changes meters: all, or none while anything is wrong with any. */
  save(meters: readonly WrittenMeter[]): Promise<{
    readonly problems: readonly RowProblem[];
    readonly changes: readonly Change[];
  }>;
  /** Puts a new meter into the place of another, whose readings stay under it. */
  replace(meterNo: string, by: WrittenMeter): Promise<Change>;
  /** @throws DcuError `not-found` before any is removed */
  remove(meterNos: readonly string[]): Promise<readonly Change[]>;
}

/** A network interface of the machine, as it is now. */
export interface NetworkInterface {
  /** Six bytes; fewer where the interface has no such address. */
  readonly hardwareAddress: Uint8Array;
  /** Dotted decimal; undefined without an IPv4 address. */
  readonly ipv4: { readonly address: string; readonly netmask: string } | undefined;
  readonly ipv6: readonly string[];
  /** Of the default route, where that goes over this interface. */
  readonly gateway: string | undefined;
}

export interface NetworkPort {
  interfaces(): readonly NetworkInterface[];
  nameServers(): readonly string[];
  /** Channels on which head-ends dial in, always the same. */
  readonly listeners: readonly string[];
  readonly mostConnections: number;
  readonly idleTimeoutS: number;
  /** Where a channel listens; undefined while it is closed. */
  port(channel: string): number | undefined;
  /** Resolves when it is checked; a channel that the request came over is opened anew after it was answered. */
  setPort(channel: string, port: number): Promise<void>;
}

/** What a modem knows of its network; the numbers are those of class 47. */
export interface ModemState {
  readonly operator: string;
  /** 0 not registered, 1 home network, 2 searching, 3 denied, 4 unknown, 5 roaming. */
  readonly status: number;
  /** 0 inactive, 1 incoming call, 2 active. */
  readonly circuitSwitched: number;
  /** 0 inactive, 1 GPRS, 2 EDGE, 3 UMTS, 4 HSDPA, 5 LTE. */
  readonly packetSwitched: number;
  readonly cell: {
    readonly id: number;
    readonly location: number;
    /** CSQ; 99 = not known. */
    readonly signalQuality: number;
    readonly bitErrorRate: number;
    readonly mcc: number;
    readonly mnc: number;
    readonly channel: number;
  };
  /** UTC ms; undefined = never. */
  readonly capturedAt: number | undefined;
}

/** The modem towards the head-end; undefined where there is none. */
export interface ModemPort {
  state(): ModemState | undefined;
}

/** What decides when somebody is locked out and for how long; the same at all interfaces. */
export type LockoutRule = 'attempts' | 'initialS' | 'steepness' | 'maxS';

/** An interface at which somebody may be locked out. */
export interface ProtectedInterface {
  /** Name of the channel, or `gui`. */
  readonly name: string;
  /** protection_mode: 0 locked, 1 locked on failed attempts, 2 unlocked. */
  readonly mode: number;
  /** Somebody is blocked there. */
  readonly isBlocking: boolean;
  readonly failedAttempts: number;
  readonly cumulativeFailedAttempts: number;
}

/** Lock-outs of the concentrator's interfaces; an actor is named for whoever changes something. */
export interface LockoutPort {
  /** The channels on which head-ends dial in first, in the order of their TCP-UDP setups, then what is dialled, then the GUI. */
  interfaces(): Promise<readonly ProtectedInterface[]>;
  rules(): Promise<Readonly<Record<LockoutRule, number>>>;
  setMode(name: string, mode: number, actor: string): Promise<void>;
  /** @throws DcuError `invalid-field` for a value that the setting cannot have */
  setRule(rule: LockoutRule, value: number, actor: string): Promise<void>;
  /** Lets everybody in again. */
  reset(name: string, actor: string): Promise<void>;
}
