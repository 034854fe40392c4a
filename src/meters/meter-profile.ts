import { DcuError } from '../base/errors.ts';
import type { AuthMechanism, EventLog, ProfileKind, SecurityPolicy, SecuritySuite } from '../base/model.ts';

/** One object of a meter and what it is called in words. */
export interface NamedObject {
  readonly classId: number;
  readonly obis: string;
  readonly title: string;
}

/** An event log: a profile generic whose rows are a time and an event code. */
export interface EventLogObject {
  readonly obis: string;
  /** Code of a row that captures none (a power failure log holds durations). */
  readonly impliedCode: number;
  /** Data object whose value, captured in a row, is its event code; null where rows hold none. */
  readonly codeObis: string | null;
}

/** What an event is about. */
export const EVENT_CLASSES = [
  'standard',
  'fraud',
  'security',
  'relay',
  'power',
  'quality',
  'communication',
] as const;
export type EventClass = (typeof EVENT_CLASSES)[number];

export const EVENT_SEVERITIES = ['info', 'warning', 'alarm'] as const;
export type EventSeverity = (typeof EVENT_SEVERITIES)[number];

/** What an event says of the rows around it: power gone and back, the clock's time before and after it was set. */
export const EVENT_TELLS = ['power-down', 'power-up', 'clock-before', 'clock-after'] as const;
export type EventTells = (typeof EVENT_TELLS)[number];

export interface EventMeaning {
  readonly text: string;
  readonly class: EventClass;
  readonly severity: EventSeverity;
  readonly tells?: EventTells;
}

/** A client of the meter: its address, and how such a client usually associates. No secrets. */
export interface ProfileClient {
  readonly address: number;
  readonly title: string;
  readonly auth: AuthMechanism;
  readonly policy: SecurityPolicy;
  /** Its association stands without being opened: what goes to all meters at once comes from it. */
  readonly preEstablished?: boolean;
}

export interface ProfileQuirks {
  /** The meter refuses selective access by range: its buffers are read by entry. */
  readonly noRangeAccess: boolean;
  /** Answers may end in bytes that belong to nothing (a clock written twice). */
  readonly repeatsClock: boolean;
  /** References in one request with a list; 1 = lists are not used. */
  readonly maxListSize: number;
  /** A second request may be under way before the first is answered. */
  readonly pipelining: boolean;
}

/** By what a meter of this kind is told from others. */
export interface ProfileHints {
  /** Three letters of the manufacturer, with which a logical device name begins (FLAG ids). */
  readonly manufacturers: readonly string[];
  /** Regular expression that a logical device name of this kind fits; null = any. */
  readonly logicalDeviceName: string | null;
  /** Objects by which it shows; `weight` is added to its score, below zero taken off. */
  readonly objects: readonly { readonly obis: string; readonly weight: number }[];
}

/** What takes the pre-shared key of a G3-PLC network: no standard has such an object, each vendor has its own. */
export interface G3PskObject {
  readonly classId: number;
  readonly obis: string;
  /** A SET of this attribute, or a call of this method. */
  readonly by: { readonly attribute: number } | { readonly method: number };
  /** `kek`: wrapped with the meter's master key (RFC 3394); `none`: only the association protects it. */
  readonly wrap: 'kek' | 'none';
  /** Octet-string with the first three bytes of a block of zeros under the key in use; absent where the meter has none. */
  readonly checkValue?: { readonly classId: number; readonly obis: string; readonly attribute: number };
}

/** Which objects a kind of meter has, what its codes mean and how it is talked to. Data only. */
export interface MeterProfile {
  readonly name: string;
  readonly title: string;
  /** What of this nobody has confirmed against the companion specification or a meter. */
  readonly unchecked: readonly string[];
  readonly profiles: Readonly<Record<ProfileKind, string>>;
  /** Several objects where the meter has more logs than there are kinds; none where it lacks this one. */
  readonly logs: Readonly<Record<EventLog, readonly EventLogObject[]>>;
  /** What event codes mean; vendors disagree, hence per profile. */
  readonly events: Readonly<Record<number, EventMeaning>>;
  /** Where a code means something else in one log. */
  readonly eventsOfLog: Readonly<Partial<Record<EventLog, Readonly<Record<number, EventMeaning>>>>>;
  readonly clock: string;
  /** Disconnect control, class 70. */
  readonly relay: string;
  /** Image transfer, class 18. */
  readonly imageTransfer: string;
  /** Push setups, class 40. */
  readonly pushSetups: readonly string[];
  /** Data object with the last invocation counter of the unicast key, read by the public client. */
  readonly invocationCounter: string;
  /** Client address without authentication. */
  readonly publicClient: number;
  /** The others by their usual address; first the one that a reader uses. */
  readonly clients: readonly ProfileClient[];
  readonly suites: readonly SecuritySuite[];
  /** HDLC addresses under which such a meter is usually found. */
  readonly hdlc: { readonly logical: number; readonly addressBytes: 1 | 2 | 4 };
  /** Registers of an on-demand read, in the order in which they are shown. */
  readonly registers: readonly NamedObject[];
  /** Counters of failures, openings and resets. */
  readonly counters: readonly NamedObject[];
  /** Scaler and unit of what the meter does not state itself, by `class:obis`. */
  readonly scalers: Readonly<Record<string, { readonly scaler: number; readonly unit: number }>>;
  /** HDLC frames that may be under way unacknowledged from the meter, proposed in SNRM. */
  readonly receiveWindow: number;
  readonly quirks: ProfileQuirks;
  readonly hints: ProfileHints;
  /** Absent where the key of a G3-PLC network cannot be changed through the meter. */
  readonly g3Psk?: G3PskObject;
}

export const OBIS_PATTERN =
  /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){5}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;

/** Every logical name that a profile speaks of. */
export function obisCodesOf(profile: MeterProfile): string[] {
  return [
    ...Object.values(profile.profiles),
    ...Object.values(profile.logs).flatMap((logs) =>
      logs.flatMap(({ obis, codeObis }) => (codeObis === null ? [obis] : [obis, codeObis])),
    ),
    profile.clock,
    profile.relay,
    profile.imageTransfer,
    ...profile.pushSetups,
    profile.invocationCounter,
    ...[...profile.registers, ...profile.counters].map(({ obis }) => obis),
    ...profile.hints.objects.map(({ obis }) => obis),
    ...[profile.g3Psk, profile.g3Psk?.checkValue].flatMap((object) => object?.obis ?? []),
  ];
}

/** Checks what a typing mistake would break and hands the profile back. */
export function defineMeterProfile(profile: MeterProfile): MeterProfile {
  for (const obis of obisCodesOf(profile)) {
    if (!OBIS_PATTERN.test(obis)) {
      throw new DcuError('invalid-argument', `meter profile ${profile.name}: "${obis}" is not an OBIS code`, {
        field: 'obis',
      });
    }
  }
  return profile;
}

/** Meanings of codes that share a class, a severity and what they tell of the rows around them. */
export function eventTable(
  eventClass: EventClass,
  severity: EventSeverity,
  texts: Readonly<Record<number, string>>,
  tells?: EventTells,
): Record<number, EventMeaning> {
  return Object.fromEntries(
    Object.entries(texts).map(([code, text]) => [
      Number(code),
      { text, class: eventClass, severity, ...(tells === undefined ? {} : { tells }) },
    ]),
  );
}
