import { DcuError } from '../base/errors.ts';
import type { EventLog, ProfileKind } from '../base/model.ts';

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
}

/** Which objects a kind of meter has. Data only; a vendor's profile is one file that calls `defineMeterProfile`. */
export interface MeterProfile {
  readonly name: string;
  readonly title: string;
  readonly profiles: Readonly<Record<ProfileKind, string>>;
  readonly logs: Readonly<Record<EventLog, EventLogObject>>;
  readonly clock: string;
  /** Disconnect control, class 70. */
  readonly relay: string;
  /** Data object with the last invocation counter of the unicast key, read by the public client. */
  readonly invocationCounter: string;
  /** Client address without authentication. */
  readonly publicClient: number;
  /** Registers of an on-demand read, in the order in which they are shown. */
  readonly registers: readonly NamedObject[];
  /** Names of event codes; vendors disagree, hence per profile. */
  readonly eventTexts: Readonly<Record<number, string>>;
  /** HDLC frames that may be under way unacknowledged from the meter, proposed in SNRM. */
  readonly receiveWindow: number;
}

/** Checks what a typing mistake would break and hands the profile back. */
export function defineMeterProfile(profile: MeterProfile): MeterProfile {
  const names = [
    ...Object.values(profile.profiles),
    ...Object.values(profile.logs).map((log) => log.obis),
    profile.clock,
    profile.relay,
    profile.invocationCounter,
    ...profile.registers.map((register) => register.obis),
  ];
  for (const obis of names) {
    if (!/^(?:\d{1,3}\.){5}\d{1,3}$/.test(obis)) {
      throw new DcuError('invalid-argument', `meter profile ${profile.name}: "${obis}" is not an OBIS code`, {
        field: 'obis',
      });
    }
  }
  return profile;
}
