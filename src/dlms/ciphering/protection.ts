import type { SecurityPolicy, SecuritySuite } from '../../base/model.ts';
import { KEY_WRAP_OVERHEAD, scalarSize } from '../../kernels/index.ts';
import { SECURITY_HEADER_LENGTH } from './content-cipher.ts';
import { isAuthenticated } from './security-control.ts';
import { suiteFacts, TAG_LENGTH } from './suite.ts';
import type { CipheringForm, KeyMaterial } from './types.ts';

/** How one APDU is or was protected. */
export interface Protection {
  /** With `none` the APDU is not ciphered at all. */
  readonly policy: SecurityPolicy;
  readonly form: CipheringForm;
  /** In general-signing, which ciphering goes around. */
  readonly signed: boolean;
  /** Which global key; the dedicated and one-time keys are always unicast. */
  readonly key: 'unicast' | 'broadcast';
  /** Service-specific form only: the dedicated key and ded- tags. `general-ded` implies it. */
  readonly dedicated?: boolean;
}

/** Nothing at all: how an APDU with a plain tag is protected. */
export const UNPROTECTED: Protection = {
  policy: 'none',
  form: 'service-specific',
  signed: false,
  key: 'unicast',
  dedicated: false,
};

export interface OpenedApdu {
  readonly plaintext: Uint8Array;
  /** All layers together. */
  readonly protection: Protection;
  /**
   * Of the key in use: the global, broadcast and dedicated keys count apart. With a key for one message it says nothing
   * about replays, and a peer may send 0: there the transaction id tells them.
   */
  readonly invocationCounter?: number;
  /** Originator stated in the APDU. */
  readonly systemTitle?: Uint8Array;
  /** System title of the originator whose general-signing verified. */
  readonly signedBy?: Uint8Array;
  /** Of general-ciphering or general-signing; a response takes over that of its request. */
  readonly transactionId?: Uint8Array;
}

export interface MessageSecurityConfig extends KeyMaterial {
  readonly suite: SecuritySuite;
  /** Our own, 8 bytes. */
  readonly systemTitle: Uint8Array;
  /** Of this association, from the InitiateRequest. */
  readonly dedicatedKey?: Uint8Array;
  /** The counter that each protected APDU uses up; absent where nothing is sent protected. */
  readonly nextInvocationCounter?: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Whether APDUs under the global broadcast key are opened; they are not unless told. */
  readonly acceptBroadcast?: boolean;
  /** Whether what is meant for other system titles is opened too; a listener may not know under which it is addressed. */
  readonly anyRecipient?: boolean;
}

/** Key ids of key-info identified-key. */
export const UNICAST_KEY_ID = 0;
export const BROADCAST_KEY_ID = 1;

/** Bytes of the transaction id that we make. */
export const TRANSACTION_ID_LENGTH = 8;

const TAG_AND_LENGTH = 1 + 3;
const SYSTEM_TITLE = 1 + 8;
/** Transaction id, both system titles, empty date-time and other information. */
const GENERAL_HEADER = 1 + TRANSACTION_ID_LENGTH + 2 * SYSTEM_TITLE + 1 + 1;
/** Presence and choice. */
const KEY_INFO = 2;

/** Most bytes that `protection` adds to an APDU that is up to 64 KB long when protected. */
export function protectionOverhead(suite: SecuritySuite, protection: Protection): number {
  const { policy, form, signed } = protection;
  const ciphered =
    policy === 'none'
      ? 0
      : TAG_AND_LENGTH +
        framing(suite, form) +
        SECURITY_HEADER_LENGTH +
        (isAuthenticated(policy) ? TAG_LENGTH : 0);
  return ciphered + (signed ? TAG_AND_LENGTH + GENERAL_HEADER + 1 + 2 * publicKeySize(suite) : 0);
}

function framing(suite: SecuritySuite, form: CipheringForm): number {
  switch (form) {
    // A service without a tag of its own goes in the general form all the same.
    case 'service-specific':
    case 'general-glo':
    case 'general-ded':
      return SYSTEM_TITLE;
    case 'identified-key':
      return GENERAL_HEADER + KEY_INFO + 1;
    case 'wrapped-key':
      return GENERAL_HEADER + KEY_INFO + 1 + 1 + suiteFacts(suite).keyLength + KEY_WRAP_OVERHEAD;
    case 'one-pass-diffie-hellman':
      return GENERAL_HEADER + KEY_INFO + 2 + 2 + 4 * publicKeySize(suite);
    case 'static-unified-model':
      return GENERAL_HEADER + KEY_INFO + 2 + 1;
  }
}

/** Bytes of a coordinate, and of half a signature. */
function publicKeySize(suite: SecuritySuite): number {
  const facts = suiteFacts(suite).publicKey;
  return facts === undefined ? 0 : scalarSize(facts.curve);
}
