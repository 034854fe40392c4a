import { DcuError } from '../../base/errors.ts';
import type { SecuritySuite } from '../../base/model.ts';
import { keyBytes } from '../../base/security-needs.ts';
import { apduKind, TAG } from '../apdu/tags.ts';
import { MessageSecurity, type OpenedApdu } from '../ciphering/message-security.ts';
import { isAuthenticated, parseSecurityControl } from '../ciphering/security-control.ts';
import type { KeyMaterial } from '../ciphering/types.ts';
import { located } from './apdu-node.ts';
import { BEHIND, partsOfApdu } from './grammar/apdu.ts';
import type { Part } from './grammar/part.ts';
import { part, type Traced } from './telegram.ts';

/** Whose keys protect an APDU: what is known of the keys, by the originator's system title. */
export interface DecodeKeys extends KeyMaterial {
  /** Of the recipient; agreed keys need it where the APDU does not state it. */
  readonly recipientTitle?: Uint8Array;
}

export type KeysOf = (systemTitle: Uint8Array | undefined) => DecodeKeys;

/** Where the protected content of an APDU stands, and what is said about it. */
export interface Sealed {
  readonly content: Traced;
  /** Offset in the APDU of what follows the whole of it. */
  readonly end: number;
  readonly systemTitle: Uint8Array | undefined;
  readonly kind: 'ciphered' | 'apdu';
}

/** Finds the content of a ciphered or signed APDU; undefined when it is neither. */
export function sealedOf(apdu: Traced): Sealed | undefined {
  const tree = located(apdu, () => partsOfApdu(apdu.bytes));
  const content = tree.children.find(({ inner }) => inner !== undefined);
  if (content?.inner === undefined || apdu.bytes[0] === TAG.aarq || apdu.bytes[0] === TAG.aare) {
    return undefined;
  }
  const title = tree.children.find(({ name }) => /^(?:originator-)?system-title$/.test(name))?.value ?? '';
  return {
    content: part(apdu, content.to - contentLength(content), content.to),
    end: tree.children.find(({ name }) => name === BEHIND)?.from ?? apdu.bytes.length,
    systemTitle: title === '' ? undefined : Uint8Array.fromHex(title),
    kind: content.inner,
  };
}

/** Bytes of an octet string without its length. */
export function contentLength({ value = '' }: Part): number {
  return value.length / 2;
}

const NO_TITLE = new Uint8Array(8);

/**
 * Takes the outermost ciphering off. Throws `security-required` naming the key that is missing, `decryption-failed`
 * when the tag or a signature does not verify, with offsets in the input.
 */
export function openProtected(
  apdu: Traced,
  sealed: Sealed,
  systemTitle: Uint8Array | undefined,
  keys: DecodeKeys,
): OpenedApdu {
  const missing = (what: string): DcuError =>
    new DcuError('security-required', `the APDU is ciphered: ${what} is needed`, {
      offset: sealed.content.origin(0),
    });
  const control = sealed.content.bytes[0];
  if (control === undefined) {
    throw new DcuError('truncated', 'the ciphered content is empty', { offset: sealed.content.origin(0) });
  }
  const { suite, policy } = parseSecurityControl(control);
  if (keys.encryptionKey === undefined) throw missing('the encryption key');
  if (isAuthenticated(policy) && keys.authenticationKey === undefined)
    throw missing('the authentication key');
  if (systemTitle === undefined) throw missing("the sender's system title");
  return opened(apdu, sealed, suite, systemTitle, keys);
}

/** Whether the signature of a general-signing APDU is that of the key. */
export function verifies(
  apdu: Traced,
  sealed: Sealed,
  systemTitle: Uint8Array | undefined,
  keys: DecodeKeys,
): boolean {
  const suite = keys.peerSigningKey?.length === 96 ? 2 : 1;
  const { encryptionKey = new Uint8Array(keyBytes(suite)) } = keys;
  try {
    return (
      opened(apdu, sealed, suite, systemTitle ?? NO_TITLE, { ...keys, encryptionKey }).signedBy !== undefined
    );
  } catch (error) {
    if (error instanceof DcuError && error.code === 'decryption-failed') return false;
    throw error;
  }
}

function opened(
  apdu: Traced,
  { content }: Sealed,
  suite: number,
  systemTitle: Uint8Array,
  keys: DecodeKeys,
): OpenedApdu {
  if (suite > 2) {
    throw new DcuError('decryption-failed', `security suite ${suite} is not defined`, {
      offset: content.origin(0),
    });
  }
  const due = keyBytes(suite as SecuritySuite);
  for (const name of ['encryptionKey', 'authenticationKey'] as const) {
    const { length = due } = keys[name] ?? {};
    if (length === due) continue;
    throw new DcuError(
      'decryption-failed',
      `suite ${suite} has keys of ${due} bytes: ${name} has ${length}`,
      {
        offset: content.origin(0),
      },
    );
  }
  const dedicated =
    apduKind(apdu.bytes[0] ?? 0)?.protection === 'dedicated' || apdu.bytes[0] === TAG.generalDed;
  const { recipientTitle = NO_TITLE, encryptionKey, ...others } = keys;
  const security = new MessageSecurity({
    // Without a tag the authentication key takes no part.
    authenticationKey: new Uint8Array(encryptionKey?.length ?? 16),
    ...others,
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    suite: suite as SecuritySuite,
    systemTitle: recipientTitle,
    ...(dedicated && encryptionKey !== undefined ? { dedicatedKey: encryptionKey } : {}),
    acceptBroadcast: true,
    anyRecipient: keys.recipientTitle === undefined,
    randomBytes: (length) => new Uint8Array(length),
  });
  try {
    return located(content, () => security.open(apdu.bytes, systemTitle));
  } finally {
    security.release();
  }
}
