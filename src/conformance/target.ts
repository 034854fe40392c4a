import type { Clock } from '../base/clock.ts';
import type { AuthMechanism, SecurityPolicy, SecuritySuite } from '../base/model.ts';
import type { Random } from '../base/random.ts';
import type { ChannelOpener } from '../channels/channel.ts';
import type { CipheringForm, EcKeyPair, HlsHook } from '../dlms/ciphering/types.ts';
import type { LinkConfig } from '../dlms/link/link.ts';

/** How objects are named: by logical or by short names. */
export type TargetReferencing = 'ln' | 'sn';

/** The forms of ciphering that the tester builds itself: those whose key both sides have beforehand. */
export const TARGET_FORMS = [
  'service-specific',
  'general-glo',
  'general-ded',
  'identified-key',
] as const satisfies readonly CipheringForm[];
export type TargetForm = (typeof TARGET_FORMS)[number];

/** How the meter under test lets us in. Keys and password never reach a report. */
export interface TargetSecurity {
  readonly auth: AuthMechanism;
  readonly policy: SecurityPolicy;
  readonly suite: SecuritySuite;
  readonly password?: Uint8Array;
  /** Ours; 8 bytes. */
  readonly systemTitle: Uint8Array;
  readonly encryptionKey?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
  /** Global broadcast key: to see that what comes under it is not answered. */
  readonly broadcastKey?: Uint8Array;
  /** How requests are framed once the association stands and has granted it; `service-specific` if not given. */
  readonly form?: TargetForm;
  /** The association has a key of its own, sent in the InitiateRequest. */
  readonly dedicated?: boolean;
  /** Requests are signed (general-signing), where general protection was granted. */
  readonly signed?: boolean;
  /** What mechanism 2 computes. */
  readonly hook?: HlsHook;
  /** Ours, and the meter's public key; mechanism 7 and general-signing. */
  readonly signingKey?: EcKeyPair;
  readonly peerSigningKey?: Uint8Array;
}

/** A meter under test: how it is reached and what the tests may do to it. */
export interface ConformanceTarget {
  /** Opens the line to the meter; every test begins with a fresh one. */
  readonly opener: ChannelOpener;
  readonly link: LinkConfig;
  /** `ln` if not given; `auto`: short names where an association with logical names is refused. */
  readonly referencing?: TargetReferencing | 'auto';
  readonly security: TargetSecurity;
  /** Next invocation counter of ours; each value is used once, apart from the replays that tests make. */
  readonly nextInvocationCounter: () => number;
  /** How long an answer may take. */
  readonly timeoutMs: number;
  /** So much silence counts as no answer, where none is due. */
  readonly quietMs: number;
  /** SET, ACTION and other changing services may be sent. */
  readonly allowWrites: boolean;
  readonly clock: Clock;
  readonly random: Random;
}
