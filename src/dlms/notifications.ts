import { ByteReader } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import type { SecurityPolicy, SecuritySuite } from '../base/model.ts';
import { keyBytes, scalarBytes } from '../base/security-needs.ts';
import { hasLongInvokeBit } from './apdu/access.ts';
import { decodeGeneralCiphering } from './apdu/general-ciphering.ts';
import { decodeGeneralSigning } from './apdu/general-signing.ts';
import { decodeDataNotification, encodeDataNotificationConfirm } from './apdu/notification.ts';
import { apduKind, apduName, TAG } from './apdu/tags.ts';
import { isCiphered, unframeSealed } from './ciphering/ciphered-apdu.ts';
import { MessageSecurity, type OpenedApdu, type Protection } from './ciphering/message-security.ts';
import { isAuthenticated, parseSecurityControl } from './ciphering/security-control.ts';
import { KEY_PAIRS, PEER_KEYS, SYMMETRIC_KEYS } from './ciphering/suite.ts';
import type { KeyMaterial } from './ciphering/types.ts';
import { mayBePushed } from './link/apdu-extent.ts';

/** What an APDU says of itself before anything is proven. */
export interface PushClaims {
  /** Whether it is ciphered or signed. */
  readonly protected: boolean;
  readonly suite: SecuritySuite;
  readonly policy: SecurityPolicy;
  /** Around everything else; what is signed inside of ciphering cannot be seen yet. */
  readonly signed: boolean;
  /** System titles of 8 bytes; service-specific ciphering states none. */
  readonly originator?: Uint8Array;
  readonly recipient?: Uint8Array;
}

/** A pushed APDU without its protection. */
export interface OpenedPush extends OpenedApdu {
  readonly suite: SecuritySuite;
}

const MOST_LAYERS = 3;
const NOBODY = new Uint8Array(8);
const SIGNATURE_OF_SUITE_2 = 96;

/**
 * Who says to have protected an APDU, for whom, and with which suite: the outermost layer that says so. Throws
 * `apdu-invalid`, `truncated` or `axdr-invalid` for what cannot be read, `unsupported` for a suite that nobody has defined.
 */
export function claimsOf(apdu: Uint8Array): PushClaims {
  let inner = apdu;
  let claims: PushClaims = { protected: false, suite: 0, policy: 'none', signed: false };
  for (let layer = 0; layer < MOST_LAYERS; layer++) {
    const tag = inner[0] ?? 0;
    if (tag === TAG.generalSigning) {
      const { content, signature, ...header } = decodeGeneralSigning(inner);
      const suite = signature.length === SIGNATURE_OF_SUITE_2 ? 2 : 1;
      claims = { ...claims, protected: true, signed: true, suite, ...titlesOf(header), ...given(claims) };
      inner = content;
      continue;
    }
    if (!isCiphered(tag)) break;
    return { ...claims, protected: true, ...cipheringOf(inner), ...given(claims) };
  }
  return claims;
}

function cipheringOf(apdu: Uint8Array): Pick<PushClaims, 'suite' | 'policy' | 'originator' | 'recipient'> {
  if (apdu[0] === TAG.generalCiphering) {
    const { cipheredContent, ...header } = decodeGeneralCiphering(apdu);
    return { ...controlOf(cipheredContent), ...titlesOf(header) };
  }
  const { sealed, systemTitle } = unframeSealed(apdu);
  return {
    ...controlOf(sealed),
    ...(systemTitle === undefined ? {} : { originator: checkedTitle(systemTitle) }),
  };
}

function controlOf(sealed: Uint8Array): Pick<PushClaims, 'suite' | 'policy'> {
  const { suite, policy } = parseSecurityControl(new ByteReader(sealed).u8('security control'));
  if (suite !== 0 && suite !== 1 && suite !== 2) {
    throw new DcuError('unsupported', `security suite ${suite} is not defined`, { facts: { suite } });
  }
  return { suite, policy };
}

function titlesOf(header: {
  readonly originatorSystemTitle: Uint8Array;
  readonly recipientSystemTitle: Uint8Array;
}): Pick<PushClaims, 'originator' | 'recipient'> {
  const { originatorSystemTitle: originator, recipientSystemTitle: recipient } = header;
  return {
    ...(originator.length === 0 ? {} : { originator: checkedTitle(originator) }),
    ...(recipient.length === 0 ? {} : { recipient: checkedTitle(recipient) }),
  };
}

function checkedTitle(title: Uint8Array): Uint8Array {
  if (title.length === 8) return title;
  throw new DcuError('apdu-invalid', `a system title of ${title.length} bytes`);
}

function given({ originator, recipient }: PushClaims): Pick<PushClaims, 'originator' | 'recipient'> {
  return { ...(originator && { originator }), ...(recipient && { recipient }) };
}

/** Whose keys open a pushed APDU. */
export interface PushKeys extends KeyMaterial {
  /** Stands in where the APDU does not state its originator. */
  readonly originator?: Uint8Array;
  /** Our own, where APDUs for others are refused; without it those for anybody are taken. */
  readonly recipient?: Uint8Array;
}

/**
 * Takes all protection off a pushed APDU; one without comes back as it is. Throws `security-required` naming the key
 * that is missing, `decryption-failed` when a tag or signature does not verify, `apdu-unexpected` when what is inside
 * is nothing that is pushed, and what `claimsOf` throws. No error holds key bytes or plaintext.
 */
export function openPushed(apdu: Uint8Array, keys: PushKeys, claims = claimsOf(apdu)): OpenedPush {
  const { suite, policy } = claims;
  const originator = claims.originator ?? keys.originator;
  requireKeys(claims, keys, originator);
  if (!claims.protected) {
    requirePushed(apdu[0] ?? 0);
    return openNothing(apdu);
  }
  const { originator: _, recipient, ...material } = keys;
  const security = new MessageSecurity({
    ...fitting(material, suite),
    suite,
    systemTitle: recipient ?? claims.recipient ?? NOBODY,
    anyRecipient: recipient === undefined,
    acceptBroadcast: true,
    randomBytes: (length) => new Uint8Array(length),
  });
  try {
    const opened = security.open(apdu, originator);
    requirePushed(opened.plaintext[0] ?? 0);
    return { ...opened, suite };
  } catch (error) {
    // Nothing but its sense tells whether content without a tag was decrypted with the right key.
    if (policy !== 'enc' || !(error instanceof DcuError)) throw error;
    throw new DcuError('decryption-failed', 'no pushed APDU is inside: is the key the right one?');
  } finally {
    security.release();
  }
}

/** Keys of another suite are as good as none: an APDU that claims one must not make them an error of ours. */
function fitting(material: KeyMaterial, suite: SecuritySuite): KeyMaterial {
  const fits: { -readonly [Field in keyof KeyMaterial]: KeyMaterial[Field] } = {};
  for (const field of SYMMETRIC_KEYS) {
    const key = material[field];
    if (key?.length === keyBytes(suite)) fits[field] = key;
  }
  if (suite === 0) return fits;
  for (const field of PEER_KEYS) {
    const key = material[field];
    if (key?.length === 2 * scalarBytes(suite)) fits[field] = key;
  }
  for (const field of KEY_PAIRS) {
    const pair = material[field];
    if (pair?.privateKey.length === scalarBytes(suite)) fits[field] = pair;
  }
  return fits;
}

function openNothing(plaintext: Uint8Array): OpenedPush {
  const protection: Protection = { policy: 'none', form: 'service-specific', signed: false, key: 'unicast' };
  return { plaintext, protection, suite: 0 };
}

function requireKeys(claims: PushClaims, keys: PushKeys, originator: Uint8Array | undefined): void {
  const missing = (field: string): DcuError =>
    new DcuError('security-required', `the APDU is protected: ${field} is needed`, { field });
  const { policy, signed } = claims;
  if (!claims.protected) return;
  if (originator === undefined) throw missing("the sender's system title");
  if (signed && keys.peerSigningKey === undefined) throw missing('the key that verifies its signature');
  if (policy === 'none') return;
  const someKey = keys.encryptionKey ?? keys.broadcastKey ?? keys.masterKey ?? keys.agreementKey;
  if (someKey === undefined) throw missing('the encryption key');
  if (isAuthenticated(policy) && keys.authenticationKey === undefined)
    throw missing('the authentication key');
}

function requirePushed(tag: number): void {
  const plain = apduKind(tag)?.protection === 'plain' && mayBePushed(tag) && tag !== TAG.generalBlockTransfer;
  if (!plain) throw new DcuError('apdu-unexpected', `${apduName(tag)} is nothing that is pushed`);
}

/** What a receiver answers with. */
export interface ConfirmingSide {
  /** Of the receiver, 8 bytes. */
  readonly systemTitle: Uint8Array;
  readonly nextInvocationCounter: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
}

/**
 * The data-notification-confirm that an opened DataNotification asks for, protected as that was (without a signing key
 * neither signed nor under an ephemeral one, but with the global key); undefined when it asks for none. Throws `invalid-field` naming a key that is missing.
 */
export function confirmPushed(
  opened: OpenedPush,
  originator: Uint8Array | undefined,
  keys: PushKeys,
  own: ConfirmingSide,
): Uint8Array | undefined {
  const confirmation = confirmationOf(opened.plaintext);
  const { suite } = opened;
  const { form, signed } = opened.protection;
  // Both need a key of ours that a listener need not have.
  const unsigned = keys.signingKey === undefined;
  const answered = unsigned && form === 'one-pass-diffie-hellman' ? 'identified-key' : form;
  const protection: Protection = { ...opened.protection, form: answered, signed: signed && !unsigned };
  if (confirmation === undefined || (protection.policy === 'none' && !protection.signed)) return confirmation;
  const { originator: _, recipient: __, ...material } = keys;
  const security = new MessageSecurity({ ...fitting(material, suite), suite, ...own });
  try {
    return security.protect(confirmation, protection, originator, opened.transactionId);
  } finally {
    security.release();
  }
}

/** The confirmation that an opened DataNotification asks for; undefined when it asks for none. */
function confirmationOf(plaintext: Uint8Array): Uint8Array | undefined {
  if (plaintext[0] !== TAG.dataNotification) return undefined;
  const { longInvoke } = decodeDataNotification(plaintext);
  if (!hasLongInvokeBit(longInvoke, 'confirmed')) return undefined;
  return encodeDataNotificationConfirm({ longInvoke });
}
