import { equalBytes } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { keyBytes, needsKeys, needsSystemTitle } from '../../base/security-needs.ts';
import { type ConformanceBit, conformanceMask } from '../apdu/conformance.ts';
import { globalTagOf, TAG } from '../apdu/tags.ts';
import { isCiphered } from '../ciphering/ciphered-apdu.ts';
import { MessageSecurity, type OpenedApdu, type Protection } from '../ciphering/message-security.ts';
import { isAuthenticated, satisfies } from '../ciphering/security-control.ts';
import { checkKeyMaterial } from '../ciphering/suite.ts';
import type { CipheringForm, KeyMaterial } from '../ciphering/types.ts';
import type { AssociationConfig } from '../client-types.ts';
import { type HlsCredentials, isHls, lackingForHls } from './hls.ts';
import { keysDiffer } from './key-changes.ts';

/** What a server sends unprotected even in a ciphered association: it could not protect it. */
const PLAIN_ALLOWED: ReadonlySet<number> = new Set([
  TAG.aare,
  TAG.rlre,
  TAG.exceptionResponse,
  TAG.confirmedServiceError,
]);
const INITIATE: ReadonlySet<number> = new Set([TAG.initiateRequest, TAG.initiateResponse]);
const UNASKED: ReadonlySet<number> = new Set([
  TAG.dataNotification,
  TAG.eventNotification,
  TAG.informationReport,
]);
const TRANSACTION_ID_BYTES = 8;
const GENERAL_PROTECTION: ConformanceBit = 'general-protection';

/** The key that each form of ciphering cannot do without. */
const KEY_OF_FORM: Readonly<Record<CipheringForm, keyof KeyMaterial>> = {
  'service-specific': 'encryptionKey',
  'general-glo': 'encryptionKey',
  'general-ded': 'encryptionKey',
  'identified-key': 'encryptionKey',
  'wrapped-key': 'masterKey',
  'one-pass-diffie-hellman': 'peerAgreementKey',
  'static-unified-model': 'agreementKey',
};
/** Keys made for one message: their invocation counter says nothing about replays. */
const ONE_TIME: ReadonlySet<CipheringForm> = new Set([
  'wrapped-key',
  'one-pass-diffie-hellman',
  'static-unified-model',
]);

/** Throws `invalid-field` naming what the mechanism or policy needs and the configuration lacks. */
export function checkAssociationConfig(config: AssociationConfig): void {
  const { auth, policy, suite = 0, form = 'service-specific', systemTitle, meterSystemTitle } = config;
  checkKeyMaterial(suite, config);
  const titled = needsSystemTitle(config);
  if ((titled || systemTitle !== undefined) && systemTitle?.length !== 8) {
    throw lacking('systemTitle', 'a systemTitle of 8 bytes is needed');
  }
  if (policy !== 'none') needed(config, KEY_OF_FORM[form]);
  if (auth === 'hls-gmac') needed(config, 'encryptionKey');
  if (needsKeys(config)) needed(config, 'authenticationKey');
  if (needsKeys(config) && config.nextInvocationCounter === undefined) {
    throw lacking('nextInvocationCounter', 'ciphering needs invocation counters');
  }
  if (policy !== 'none' && config.encryptionKey === undefined && meterSystemTitle === undefined) {
    throw lacking('meterSystemTitle', 'a key for one message needs to know for whom');
  }
  if (
    policy === 'none' &&
    (config.dedicated === true || config.signed === true || form !== 'service-specific')
  ) {
    throw lacking('policy', 'without a policy nothing is protected');
  }
  if (form === 'general-ded' && config.dedicated !== true)
    throw lacking('dedicated', 'general-ded needs a dedicated key');
  if (config.dedicated === true && config.encryptionKey === undefined) needed(config, 'encryptionKey');
  if (config.signed === true) needed(config, 'signingKey');
  if (config.signedResponses === true) needed(config, 'peerSigningKey');
  if (auth === 'lls' && config.password === undefined) throw lacking('password', 'LLS needs a password');
  if (isHls(auth) && auth !== 'hls-gmac') {
    const field = lackingForHls(auth, config);
    if (field !== undefined) throw lacking(field, `${auth} needs ${field}`);
  }
  if (!Number.isInteger(config.maxPduSize) || config.maxPduSize < 0 || config.maxPduSize > 0xffff) {
    throw lacking('maxPduSize', 'maxPduSize is from 0 to 65535');
  }
}

/** The client's side of message protection during one association. */
export class ClientSecurity {
  /** Sent in the InitiateRequest; undefined where the association has none. */
  readonly dedicatedKey: Uint8Array | undefined;
  readonly #config: AssociationConfig;
  readonly #randomBytes: (length: number) => Uint8Array;
  #messages: MessageSecurity | undefined;
  /** What `#messages` was made with. */
  #keys: KeyMaterial;
  #serverTitle: Uint8Array | undefined;
  /** Lowest counter accepted under the global key; only what was authenticated outlives the association. */
  #lowestCounter: number;
  #lowestProven: number;
  #lowestDedicated = 0;
  #granted = 0;
  #transactionId: Uint8Array | undefined;

  constructor(config: AssociationConfig, randomBytes: (length: number) => Uint8Array) {
    this.#config = config;
    this.#randomBytes = randomBytes;
    this.#serverTitle = config.meterSystemTitle;
    this.#lowestCounter = config.lowestMeterCounter ?? 0;
    this.#lowestProven = this.#lowestCounter;
    this.#keys = config;
    const { suite = 0, dedicated } = config;
    if (dedicated === true && this.ciphered) this.dedicatedKey = randomBytes(keyBytes(suite)).slice();
    this.#messages = this.#build();
  }

  get ciphered(): boolean {
    return this.#config.policy !== 'none';
  }

  /** Bytes that protection adds to a request. */
  get overhead(): number {
    return this.#messages?.overhead(this.#protection(TAG.getRequest)) ?? 0;
  }

  get serverTitle(): Uint8Array | undefined {
    return this.#serverTitle;
  }

  /** What the next association must not fall below. */
  get lowestCounter(): number {
    return this.#lowestProven;
  }

  /** What passes 3 and 4 are made with and judged by. */
  get credentials(): HlsCredentials {
    const messages = this.#messages;
    if (messages === undefined) return this.#config;
    return {
      ...this.#config,
      gmac: (challenge) => messages.gmac(this.#nextCounter(), challenge),
      verifyGmac: (title, challenge, value) => messages.verifyGmac(title, challenge, value),
    };
  }

  /** The system title that the AARE states wins over the configured one. */
  learnServerTitle(title: Uint8Array | undefined): void {
    if (title === undefined) return;
    const own = this.#config.systemTitle;
    if (title.length === 8 && !(own && equalBytes(title, own))) this.#serverTitle = title.slice();
    else if (this.#messages !== undefined) {
      const what = title.length === 8 ? 'our own system title' : `a system title of ${title.length} bytes`;
      throw new DcuError('authentication-failed', `the server states ${what}`);
    }
  }

  /** What the server has granted, 24 bits; general forms need it. */
  grant(conformance: number): void {
    this.#granted = conformance;
  }

  /** The APDU as it goes out under the association's policy. Throws `not-granted` for a form that was not negotiated. */
  protect(apdu: Uint8Array): Uint8Array {
    this.#follow();
    const messages = this.#messages;
    if (!this.ciphered || messages === undefined) return apdu;
    const tag = apdu[0] ?? 0;
    const protection = this.#protection(tag);
    const general =
      protection.form !== 'service-specific' || protection.signed || globalTagOf(tag) === undefined;
    if (general && !INITIATE.has(tag) && (this.#granted & conformanceMask([GENERAL_PROTECTION])) === 0) {
      throw new DcuError('not-granted', 'the server has not granted general-protection', {
        facts: { form: protection.form, tag },
      });
    }
    this.#transactionId = this.#randomBytes(TRANSACTION_ID_BYTES).slice();
    return messages.protect(apdu, protection, this.#serverTitle, this.#transactionId);
  }

  /**
   * The plain APDU. Throws `security-required` when it is protected less than the policy asks for,
   * `decryption-failed`, or `replay-detected` for an invocation counter that was there already.
   */
  unprotect(apdu: Uint8Array): Uint8Array {
    const tag = apdu[0] ?? 0;
    if (!isCiphered(tag)) {
      if (this.ciphered && !PLAIN_ALLOWED.has(tag)) throw unprotected(tag);
      return apdu;
    }
    if (this.#messages === undefined) {
      throw new DcuError('decryption-failed', 'a ciphered answer, and no keys or system title to open it');
    }
    const opened = this.#messages.open(apdu, this.#serverTitle);
    this.#checkOriginator(opened);
    const plain = opened.plaintext;
    const mustBeSigned = this.#config.signedResponses === true && !INITIATE.has(plain[0] ?? 0);
    if (!satisfies(opened.protection.policy, this.#config.policy)) throw unprotected(tag);
    if (mustBeSigned && !opened.protection.signed) throw unprotected(tag);
    this.#acceptOnce(opened);
    return plain;
  }

  release(): void {
    this.#messages?.release();
    this.dedicatedKey?.fill(0);
  }

  #build(): MessageSecurity | undefined {
    const { suite = 0, systemTitle, nextInvocationCounter } = this.#config;
    if (!needsKeys(this.#config) || systemTitle === undefined) return undefined;
    return new MessageSecurity({
      ...this.#keys,
      suite,
      systemTitle,
      randomBytes: this.#randomBytes,
      ...(nextInvocationCounter ? { nextInvocationCounter } : {}),
      ...(this.dedicatedKey ? { dedicatedKey: this.dedicatedKey } : {}),
    });
  }

  /** Takes up keys that have changed since the last request. */
  #follow(): void {
    const now = this.#config.currentKeys?.();
    if (now === undefined || this.#messages === undefined || !keysDiffer(now, this.#keys)) return;
    this.#keys = now;
    this.#messages.release();
    this.#messages = this.#build();
  }

  #protection(tag: number): Protection {
    const { policy, form = 'service-specific', signed = false, dedicated = false } = this.#config;
    // The key of the association is not there yet, and the global key needs nothing to be granted.
    if (INITIATE.has(tag)) {
      const first = this.#config.encryptionKey === undefined ? form : 'service-specific';
      return { policy, form: first, signed: false, key: 'unicast', dedicated: false };
    }
    return { policy, form, signed, key: 'unicast', dedicated };
  }

  #nextCounter(): number {
    const next = this.#config.nextInvocationCounter;
    if (next === undefined) throw lacking('nextInvocationCounter', 'ciphering needs invocation counters');
    return next();
  }

  /** Whoever else knows the keys is not the server that this association is with. */
  #checkOriginator({ systemTitle, signedBy }: OpenedApdu): void {
    for (const title of [systemTitle, signedBy]) {
      if (title !== undefined && this.#serverTitle !== undefined && !equalBytes(title, this.#serverTitle)) {
        throw new DcuError('decryption-failed', 'an APDU of another system title');
      }
    }
  }

  #acceptOnce({ plaintext, protection, invocationCounter, transactionId }: OpenedApdu): void {
    const { form, dedicated = false, policy } = protection;
    // What nobody has asked for belongs to no transaction: there only the counter tells a replay.
    if (ONE_TIME.has(form) && !UNASKED.has(plaintext[0] ?? 0)) {
      const expected = this.#transactionId;
      if (expected === undefined || transactionId === undefined || !equalBytes(expected, transactionId)) {
        throw new DcuError('replay-detected', 'an answer to another request came');
      }
      return;
    }
    if (invocationCounter === undefined) return;
    const lowest = dedicated ? this.#lowestDedicated : this.#lowestCounter;
    if (invocationCounter < lowest) {
      throw new DcuError('replay-detected', `invocation counter ${invocationCounter} is below ${lowest}`, {
        facts: { received: invocationCounter, lowest },
      });
    }
    if (dedicated) this.#lowestDedicated = invocationCounter + 1;
    else this.#lowestCounter = invocationCounter + 1;
    // Without a tag anybody could have written the counter: it must not shut the meter out for ever.
    if (dedicated || !isAuthenticated(policy)) return;
    this.#lowestProven = this.#lowestCounter;
    this.#config.onMeterCounter?.(this.#lowestProven);
  }
}

function needed(config: AssociationConfig, field: keyof KeyMaterial): void {
  if (config[field] === undefined) throw lacking(field, `${field} is needed`);
}

function lacking(field: string, message: string): DcuError {
  return new DcuError('invalid-field', message, { field });
}

function unprotected(tag: number): DcuError {
  return new DcuError(
    'security-required',
    'the server answers with less protection than the policy asks for',
    { facts: { tag } },
  );
}
