/**
 * The concentrator's vocabulary: what meters, channels, tasks and readings are, for every side of the house.
 * Instants are UTC epoch milliseconds; durations carry their unit in the name.
 */

/** Tables 7.7.3 of the manual: what a task item does. */
export const TASK_TYPES = [
  'G3 Path Discovery',
  'Monthly Billing',
  'Energy profile',
  'Demand profile',
  'Fraud Event',
  'Relay Event',
  'Standard Event',
  'Power Failure Event',
  'Phase Interruption Event',
  'Power Quality Event',
  'Meter Clock',
] as const;
export type TaskType = (typeof TASK_TYPES)[number];

/** Rows with a time and one value per capture object. */
export const PROFILE_KINDS = ['energy', 'demand', 'billing'] as const;
export type ProfileKind = (typeof PROFILE_KINDS)[number];

/** The six event logs of the manual. */
export const EVENT_LOGS = [
  'fraud',
  'relay',
  'standard',
  'power-failure',
  'phase-interruption',
  'power-quality',
] as const;
export type EventLog = (typeof EVENT_LOGS)[number];

/** What a task type collects; undefined for those that collect nothing (clock, path discovery). */
export type CollectionKind = ProfileKind | EventLog;

/** A task group: the unit that is assigned to meters and channels (Figure 19). */
export interface TaskGroup {
  readonly id: number;
  readonly name: string;
  readonly enabled: boolean;
}

/** A task item (Figures 20 and 21). */
export interface TaskItem {
  readonly id: number;
  readonly name: string;
  /** Name of its task group. */
  readonly task: string;
  /** Seconds in which one success is enough; 0 = every tick of the cron. */
  readonly intervalS: number;
  /** Seconds to wait after the tick, so that the meter has written its row. */
  readonly offsetS: number;
  /** Seconds back from now within which missing data is fetched. */
  readonly maxRecallS: number;
  readonly enabled: boolean;
  /** 1 (first) to 5 (last). */
  readonly priority: number;
  readonly type: TaskType;
  readonly cron: string;
  /** Part of the day in which the meters may be asked, `HH:MM-HH:MM` in the concentrator's zone, over midnight too; any time if absent. */
  readonly window?: string;
}

/**
 * CommType of Figures 10 and 14, and OpenDCU's own additions: 12 for meters with an IP address each, 13 for what meters push, 14 for
 * meters of a G3-PLC network, each of which has an IPv6 address, 15 for a broker that is brought what there is.
 */
export const COMM_TYPES = {
  2: 'reading module',
  4: 'RS-485 1',
  5: 'TCP client',
  7: 'RS-485 2',
  8: 'RS-485 3',
  9: 'TCP server',
  10: 'TCP server GUI',
  11: 'TCP server balance meter',
  12: 'TCP meters',
  13: 'pushed data',
  14: 'G3-PLC network',
  15: 'MQTT broker',
  16: 'head-end that is pushed to',
} as const;
export type CommType = keyof typeof COMM_TYPES;

/** Lines that many meters share. */
export const RS485_COMM_TYPES: ReadonlySet<number> = new Set<CommType>([4, 7, 8]);
/** Networks whose meters have an IP address of their own. */
export const IP_COMM_TYPES: ReadonlySet<number> = new Set<CommType>([12, 14]);
/** The UART of a PLC module. */
export const MODULE_COMM_TYPE = 2 satisfies CommType;
/** A G3-PLC network. */
export const G3_COMM_TYPE = 14 satisfies CommType;

export interface Channel {
  readonly id: number;
  readonly name: string;
  readonly protocol: string;
  readonly task: string;
  readonly enabled: boolean;
  readonly readTimeoutS: number;
  readonly writeTimeoutS: number;
  readonly commType: CommType;
  readonly description: string;
}

/** Key and value of a channel or protocol, as the manual's tables name them (`max.bytes`, `ip.1`, …). */
export interface Attribute {
  readonly id: number;
  /** Name of the channel or protocol it belongs to. */
  readonly owner: string;
  readonly key: string;
  readonly value: string;
  readonly description: string;
}

/** Authentication mechanisms 0 to 7 (Green Book 9.4.2.2.3); `hls` is number 2, which each manufacturer fills in. */
export const AUTH_MECHANISMS = [
  'none',
  'lls',
  'hls',
  'hls-md5',
  'hls-sha1',
  'hls-gmac',
  'hls-sha256',
  'hls-ecdsa',
] as const;
export type AuthMechanism = (typeof AUTH_MECHANISMS)[number];
/** Security suites (Green Book 9.2.3): AES-128; P-256 and AES-128; P-384 and AES-256. */
export type SecuritySuite = 0 | 1 | 2;
/** Protection of APDUs with global keys: none, authenticated, encrypted, both. */
export type SecurityPolicy = 'none' | 'auth' | 'enc' | 'auth-enc';
export type Framing = 'hdlc' | 'wrapper';

/** Logical names, short names, or what the meter turns out to speak. */
export const METER_REFERENCING = ['ln', 'sn', 'auto'] as const;
export type MeterReferencing = (typeof METER_REFERENCING)[number];

/** What carries the wrapper to a meter that has an IP address. */
export const METER_TRANSPORTS = ['tcp', 'udp'] as const;
export type MeterTransport = (typeof METER_TRANSPORTS)[number];

/** How the line to a meter is taken into use: directly with HDLC, or by the IEC 62056-21 mode E opening. */
export const METER_OPENINGS = ['direct', 'mode-e'] as const;
export type MeterOpening = (typeof METER_OPENINGS)[number];

export const PARITIES = ['none', 'even', 'odd'] as const;
export type Parity = (typeof PARITIES)[number];

/** How a meter is reached on its channel. */
export interface MeterAddress {
  readonly framing: Framing;
  /** Meters with an IP address only. */
  readonly host?: string;
  readonly port?: number;
  /** Meters with an IP address only; `tcp` if absent. */
  readonly transport?: MeterTransport;
  /** Behind the PLC module: address of the communication unit, twelve digits; MeterNo filled up with zeros if absent. */
  readonly node?: string;
  /** RS-485 only; `direct` if absent. */
  readonly opening?: MeterOpening;
  /** RS-485 only: bits per second of this meter, with mode E the most that it may change to; the channel's if absent. */
  readonly baudRate?: number;
  /** RS-485 only; the channel's if absent. */
  readonly parity?: Parity;
  readonly clientAddress: number;
  /** Wrapper: the server's wPort. HDLC: the upper (logical device) address. */
  readonly serverAddress: number;
  /** HDLC: the lower (physical device) address; absent with one-byte addressing. */
  readonly physicalAddress?: number;
  readonly addressBytes: 1 | 2 | 4;
  /** How the meter's objects are named; `ln` if absent. */
  readonly referencing?: MeterReferencing;
}

export interface MeterSecurity {
  readonly auth: AuthMechanism;
  readonly policy: SecurityPolicy;
  /** Eight bytes of hex; what the AARE says wins. */
  readonly systemTitle?: string;
  /** 0 if absent. */
  readonly suite?: SecuritySuite;
  /** The meter's public digital signature key, X and Y in hex; HLS-ECDSA. */
  readonly signingKey?: string;
}

/** Write-only: never in an API answer, a log or an export. */
export interface MeterSecrets {
  readonly password?: Uint8Array;
  readonly encryptionKey?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
  /** Our private digital signature key towards this meter, the scalar big-endian; HLS-ECDSA. */
  readonly signingKey?: Uint8Array;
  /** Key-encrypting key (KEK) of the meter: wraps keys that are transferred to it. */
  readonly masterKey?: Uint8Array;
}

/** In the place of a balance meter's number: the meter is below no transformer of this archive. */
export const BELOW_NONE = '-';

/** Meters in use that an archive has room for; those that were replaced do not count. */
export const MOST_METERS = 2040;

/** A row of the archive (Figures 8 and 22). */
export interface Meter {
  readonly id: number;
  readonly meterNo: string;
  readonly enabled: boolean;
  /** -1 = not yet known. */
  readonly mac: number;
  readonly channel: string;
  readonly meterType: number;
  readonly phase: number;
  readonly credit: number;
  readonly task: string;
  readonly prepaid: number;
  readonly wiring: number;
  /** Name of the meter profile that says which objects it has. */
  readonly profile: string;
  /** It is the total meter of a transformer; false if absent. */
  readonly balance?: boolean;
  /** MeterNo of the balance meter that it is below; `BELOW_NONE`; empty or absent = below the only one there is. */
  readonly balanceMeter?: string;
  readonly address: MeterAddress;
  readonly security: MeterSecurity;
  readonly hasPassword: boolean;
  readonly hasKeys: boolean;
  readonly createdAt: number;
  /** The meter that took its place, and since when; its own readings stay under it. */
  readonly replaced?: { readonly by: number; readonly at: number };
}

export type NewMeter = Omit<Meter, 'id' | 'hasPassword' | 'hasKeys' | 'createdAt' | 'replaced'>;

/** What a column of a profile holds: a capture object with the scaler and unit that the meter states. */
export interface CaptureColumn {
  readonly classId: number;
  readonly obis: string;
  readonly attribute: number;
  readonly dataIndex: number;
  /** Power of ten; null where the object has none. */
  readonly scaler: number | null;
  /** DLMS unit enumeration (Blue Book, class 3); null where the object has none. */
  readonly unit: number | null;
}

/** Raw values of one column. Numbers are the register's integers, unscaled; NaN = null-data. */
export type ColumnValues =
  | { readonly kind: 'number'; readonly values: Float64Array }
  /** 64-bit integers, exact; undefined = null-data. */
  | { readonly kind: 'bigint'; readonly values: readonly (bigint | undefined)[] }
  /** Octet strings and whatever has no number: A-XDR content bytes. */
  | { readonly kind: 'bytes'; readonly values: readonly (Uint8Array | undefined)[] };

/** Rows of one profile of one meter, as columns. The clock column is `times`; all others are in `columns`. */
export interface ProfileRows {
  readonly columns: readonly CaptureColumn[];
  /** UTC milliseconds, one a row, in the meter's order. */
  readonly times: Float64Array;
  /** DLMS clock status byte of each row's time; 0xff = not specified. */
  readonly clockStatus: Uint8Array;
  /** As many as `columns`, each with as many values as `times`. */
  readonly values: readonly ColumnValues[];
}

/** One entry of a meter's event log. */
export interface MeterEvent {
  readonly time: number;
  readonly code: number;
  readonly clockStatus: number;
  /** Further captured values, by capture object `class:obis:attribute`, as text. */
  readonly extra: Readonly<Record<string, string>>;
}

/** Half-open interval [fromMs, toMs). */
export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

export type MeterState = 'unknown' | 'online' | 'offline' | 'reading';

/** One register (or other scalar attribute) read at an instant. */
export interface RegisterReading {
  readonly meterId: number;
  readonly classId: number;
  readonly obis: string;
  readonly attribute: number;
  readonly time: number;
  /** A-XDR type name. */
  readonly type: string;
  /** Raw value as decimal or hex text; nothing is rounded. */
  readonly value: string;
  readonly scaler: number | null;
  readonly unit: number | null;
}
