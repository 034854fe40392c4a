import { equalBytes } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { conformanceMask } from '../apdu/conformance.ts';
import { CONFIRMED } from '../apdu/fields.ts';
import { apduKind, apduName, TAG } from '../apdu/tags.ts';
import { isCiphered } from '../ciphering/ciphered-apdu.ts';
import {
  MessageSecurity,
  type OpenedApdu,
  type Protection,
  UNPROTECTED,
} from '../ciphering/message-security.ts';
import { isAuthenticated, satisfies, strongest } from '../ciphering/security-control.ts';
import type { CipheringForm } from '../ciphering/types.ts';
import type { AssociationPolicy, LogicalDevice, RequestProtection } from '../server-types.ts';
import type { HlsCredentials } from './hls.ts';
import { keysDiffer } from './key-changes.ts';

const GENERAL_PROTECTION = conformanceMask(['general-protection']);
/** Whether a policy has what ciphering needs: the authentication key, and one that encryption keys come from. */
export function canCipher(policy: AssociationPolicy): boolean {
  const { encryptionKey, masterKey, agreementKey, authenticationKey } = policy;
  return authenticationKey !== undefined && (encryptionKey ?? masterKey ?? agreementKey) !== undefined;
}

/** Whether a policy wants APDUs protected in any way. */
export function asksForProtection({
  policy,
  responsePolicy,
  signedRequests,
  signedResponses,
}: AssociationPolicy): boolean {
  return (
    policy !== 'none' ||
    (responsePolicy !== undefined && responsePolicy !== 'none') ||
    signedRequests === true ||
    signedResponses === true
  );
}

/** The server's side of message protection during one association. */
export class ServerSecurity {
  /** Whether the application context asks for ciphered APDUs. */
  readonly ciphered: boolean;
  readonly #device: LogicalDevice;
  readonly #clientTitle: Uint8Array | undefined;
  readonly #randomBytes: (length: number) => Uint8Array;
  #policy: AssociationPolicy;
  #messages: MessageSecurity | undefined;
  #dedicatedKey: Uint8Array | undefined;
  #lowestDedicated = 0;
  /** Undefined until the association stands: the AARQ may come in any form. */
  #granted: number | undefined;
  /** Of the last request: the client is answered the way it asked. */
  #asked: Protection = UNPROTECTED;
  #transactionId: Uint8Array | undefined;
  /** What the last answer's content asks for besides. */
  #due: RequestProtection | undefined;

  constructor(
    device: LogicalDevice,
    policy: AssociationPolicy,
    clientTitle: Uint8Array | undefined,
    ciphered: boolean,
    randomBytes: (length: number) => Uint8Array,
  ) {
    this.ciphered = ciphered;
    this.#device = device;
    this.#policy = policy;
    this.#clientTitle = clientTitle;
    this.#randomBytes = randomBytes;
    this.#messages = this.#build();
  }

  /** How the last request was protected. */
  get requestProtection(): RequestProtection {
    return { policy: this.#asked.policy, signed: this.#asked.signed };
  }

  /** Most bytes that protection may add to an answer, in all the forms that the client may ask in. */
  overhead(conformance: number): number {
    const messages = this.#messages;
    if (!this.ciphered || messages === undefined) return 0;
    const { masterKey, agreementKey, signingKey, signedResponses = false } = this.#policy;
    const general = (conformance & GENERAL_PROTECTION) !== 0;
    const forms: CipheringForm[] = general
      ? [
          'identified-key',
          ...(masterKey ? (['wrapped-key'] as const) : []),
          ...(agreementKey ? (['one-pass-diffie-hellman', 'static-unified-model'] as const) : []),
        ]
      : ['service-specific'];
    const signed = signedResponses || (general && signingKey !== undefined);
    return Math.max(
      ...forms.map((form) => messages.overhead({ ...UNPROTECTED, policy: 'auth-enc', form, signed })),
    );
  }

  /** What passes 3 and 4 are made with and judged by. */
  get credentials(): HlsCredentials {
    const messages = this.#messages;
    if (messages === undefined || this.#policy.encryptionKey === undefined) return this.#policy;
    return {
      ...this.#policy,
      gmac: (challenge) => messages.gmac(this.#device.nextInvocationCounter(), challenge),
      verifyGmac: (title, challenge, value) => messages.verifyGmac(title, challenge, value),
    };
  }

  /** What was negotiated; from now on general forms need to have been. Throws what is wrong with the dedicated key. */
  establish(conformance: number, dedicatedKey: Uint8Array | undefined): void {
    this.#granted = conformance;
    if (dedicatedKey === undefined) return;
    this.#dedicatedKey = dedicatedKey.slice();
    this.#messages?.release();
    this.#messages = this.#build();
  }

  /**
   * The plain APDU. `check` looks at it before its invocation counter is believed. Throws `security-required` when it has
   * less protection than the association asks for, `not-granted` for a form that was not negotiated,
   * `decryption-failed`, or `replay-detected` with the counter that would be accepted, where the device tells it.
   */
  unprotect(apdu: Uint8Array, check: (plain: Uint8Array) => void = () => {}): Uint8Array {
    const tag = apdu[0] ?? 0;
    if (!isCiphered(tag)) {
      this.#allowPlain(tag);
      return apdu;
    }
    if (!this.ciphered) throw lacking(tag);
    if (this.#messages === undefined || this.#clientTitle === undefined) {
      throw new DcuError('decryption-failed', 'no keys or system title for this client');
    }
    const opened = this.#messages.open(apdu, this.#clientTitle);
    this.#checkOpened(tag, opened);
    checkInside(tag, opened.plaintext);
    if (!isAuthenticated(opened.protection.policy)) checkKnown(opened.plaintext);
    check(opened.plaintext);
    this.#acceptCounter(opened);
    this.#asked = opened.protection;
    this.#transactionId = opened.transactionId;
    this.#due = undefined;
    return opened.plaintext;
  }

  /** An answer, protected at least as the request that it answers was. Throws `security-required` when it cannot be. */
  protect(apdu: Uint8Array): Uint8Array {
    const tag = apdu[0] ?? 0;
    if (!this.ciphered) {
      this.#allowPlain(tag);
      return apdu;
    }
    if (this.#messages === undefined) throw lacking(tag);
    const { form, policy, signed, dedicated = false } = this.#asked;
    const { responsePolicy = this.#policy.policy, signedResponses = false, signingKey } = this.#policy;
    const initiate = tag === TAG.initiateResponse;
    const due = [responsePolicy, this.#due?.policy ?? 'none'].reduce(strongest, policy);
    const mustSign = (signedResponses && !initiate) || this.#due?.signed === true;
    return this.#messages.protect(
      apdu,
      {
        policy: due,
        form,
        signed: mustSign || (signed && signingKey !== undefined),
        key: 'unicast',
        dedicated,
      },
      this.#clientTitle,
      this.#transactionId,
    );
  }

  /** Answers until the next request have at least this protection: their content asks for it. */
  raise(least: RequestProtection | undefined): void {
    if (least === undefined) return;
    const { policy = 'none', signed = false } = this.#due ?? {};
    this.#due = { policy: strongest(policy, least.policy), signed: signed || least.signed };
  }

  /** Before a request: keys or a policy that were changed since the last one, by this association or another. */
  follow(policy: AssociationPolicy): void {
    const changed = keysDiffer(policy, this.#policy) || policy.suite !== this.#policy.suite;
    this.#policy = policy;
    if (!changed) return;
    this.#messages?.release();
    this.#messages = this.#build();
  }

  release(): void {
    this.#messages?.release();
    this.#messages = undefined;
    this.#dedicatedKey?.fill(0);
  }

  #build(): MessageSecurity | undefined {
    const policy = this.#policy;
    const { systemTitle } = this.#device;
    const keyed = this.ciphered ? canCipher(policy) : policy.auth === 'hls-gmac';
    if (!keyed) return undefined;
    return new MessageSecurity({
      ...policy,
      suite: policy.suite ?? 0,
      systemTitle,
      nextInvocationCounter: () => this.#device.nextInvocationCounter(),
      randomBytes: this.#randomBytes,
      acceptBroadcast: policy.broadcastKey !== undefined,
      ...(this.#dedicatedKey ? { dedicatedKey: this.#dedicatedKey } : {}),
    });
  }

  /** A policy that was raised since binds what was opened in the clear, too. */
  #allowPlain(tag: number): void {
    if (this.ciphered || asksForProtection(this.#policy)) throw lacking(tag);
  }

  #checkOpened(tag: number, { plaintext, protection, systemTitle, signedBy }: OpenedApdu): void {
    for (const title of [systemTitle, signedBy]) {
      if (title !== undefined && this.#clientTitle !== undefined && !equalBytes(title, this.#clientTitle)) {
        throw new DcuError('decryption-failed', 'an APDU of another system title');
      }
    }
    const { policy, signedRequests = false } = this.#policy;
    if (protection.policy === 'none' || !satisfies(protection.policy, policy)) throw lacking(tag);
    const initiate = plaintext[0] === TAG.initiateRequest;
    if (signedRequests && !initiate && !protection.signed) throw lacking(tag);
    // Every meter has the broadcast key: what comes under it may be one's neighbour's, and is answered to nobody.
    if (protection.key === 'broadcast' && !isUnconfirmed(plaintext)) throw lacking(tag);
    const general = protection.form !== 'service-specific' || protection.signed;
    if (general && this.#granted !== undefined && (this.#granted & GENERAL_PROTECTION) === 0) {
      throw new DcuError('not-granted', 'general-protection was not negotiated', { facts: { tag } });
    }
  }

  #acceptCounter({ protection, invocationCounter = 0 }: OpenedApdu): void {
    const { clientAddress } = this.#policy;
    if (protection.dedicated === true) {
      // The hint of an exception response is about the global key.
      if (invocationCounter < this.#lowestDedicated) throw replayed(invocationCounter, undefined);
      this.#lowestDedicated = invocationCounter + 1;
      return;
    }
    const { key } = protection;
    if (this.#device.acceptInvocationCounter(clientAddress, invocationCounter, key)) return;
    if (key === 'broadcast') throw replayed(invocationCounter, undefined);
    throw replayed(invocationCounter, this.#device.expectedInvocationCounter?.(clientAddress));
  }
}

/** Whether nobody waits for an answer: the service class of a SET or ACTION, or an unconfirmed write. */
/** Whether a plain request says that nobody waits for an answer. */
export function isUnconfirmed(plain: Uint8Array): boolean {
  const [tag, , invokeIdAndPriority = CONFIRMED] = plain;
  if (tag === TAG.unconfirmedWriteRequest) return true;
  return (tag === TAG.setRequest || tag === TAG.actionRequest) && (invokeIdAndPriority & CONFIRMED) === 0;
}

/** With encryption alone any bytes open: what is no APDU was not written by the client, and its counter is not believed. */
function checkKnown(plain: Uint8Array): void {
  if (apduKind(plain[0] ?? 0)?.protection === 'plain') return;
  throw new DcuError('decryption-failed', 'what was inside is no APDU');
}

function replayed(received: number, expected: number | undefined): DcuError {
  return new DcuError('replay-detected', `invocation counter ${received} was used already`, {
    facts: { received, ...(expected === undefined ? {} : { expectedInvocationCounter: expected }) },
  });
}

/** The tag of a glo- or ded-APDU names the service; another one inside was not what the client announced. */
function checkInside(tag: number, plain: Uint8Array): void {
  const announced = apduKind(tag)?.plainTag;
  if (announced === undefined || plain[0] === announced) return;
  throw new DcuError('apdu-invalid', `${apduName(plain[0] ?? 0)} inside ${apduName(tag)}`, { offset: 0 });
}

function lacking(tag: number): DcuError {
  return new DcuError('security-required', `${apduName(tag)} has not the protection that is asked for`, {
    facts: { tag },
  });
}
