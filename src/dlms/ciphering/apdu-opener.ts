import { equalBytes } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { ecdsaVerify } from '../../kernels/index.ts';
import {
  decodeGeneralCiphering,
  encodeGeneralHeader,
  type GeneralHeader,
  type KeyInfo,
} from '../apdu/general-ciphering.ts';
import { decodeGeneralSigning } from '../apdu/general-signing.ts';
import { TAG } from '../apdu/tags.ts';
import { isCiphered, unframeSealed } from './ciphered-apdu.ts';
import { type ContentCipher, readSealed, type SealedContent } from './content-cipher.ts';
import { type KeyRing, LASTING_KEY_FIELD, type LastingKey } from './key-ring.ts';
import { oneTimeKeyOf } from './one-time-key.ts';
import {
  BROADCAST_KEY_ID,
  type OpenedApdu,
  type Protection,
  UNICAST_KEY_ID,
  UNPROTECTED,
} from './protection.ts';
import { isAuthenticated, parseSecurityControl, strongest } from './security-control.ts';
import { publicKeyFacts } from './suite.ts';

/** A ciphered APDU inside a signed one or the other way round, and no more. */
const MOST_LAYERS = 3;

/** Whose keys open an APDU, and what else must hold. */
export interface Opening {
  readonly ring: KeyRing;
  /** Our own: nobody else may use it, and what is meant for another is refused. */
  readonly systemTitle: Uint8Array;
  /** Stands in where the APDU does not state its originator. */
  readonly peerTitle: Uint8Array | undefined;
  readonly acceptBroadcast: boolean;
  readonly anyRecipient: boolean;
}

/** Takes off every layer of protection. See `MessageSecurity.open`. */
export function openApdu(opening: Opening, apdu: Uint8Array): OpenedApdu {
  let opened: OpenedApdu = { plaintext: apdu, protection: UNPROTECTED };
  for (let layer = 0; isCiphered(opened.plaintext[0] ?? 0); layer++) {
    if (layer === MOST_LAYERS) throw new DcuError('apdu-invalid', 'an APDU protected too many times over');
    opened = merged(opened, openLayer(opening, opened.plaintext));
  }
  return opened;
}

function openLayer(opening: Opening, apdu: Uint8Array): OpenedApdu {
  switch (apdu[0]) {
    case TAG.generalSigning:
      return openSigned(opening, apdu);
    case TAG.generalCiphering:
      return openGeneral(opening, apdu);
    default:
      return openFramed(opening, apdu);
  }
}

function openFramed(opening: Opening, apdu: Uint8Array): OpenedApdu {
  const { form, dedicated, systemTitle, sealed } = unframeSealed(apdu);
  const content = readSealed(sealed, sealed.byteOffset - apdu.byteOffset);
  const { policy, broadcastKey } = checkedControl(opening, content);
  if (dedicated && broadcastKey) {
    throw new DcuError('apdu-invalid', 'a dedicated key is not a broadcast key', {
      offset: sealed.byteOffset - apdu.byteOffset,
    });
  }
  const which: LastingKey = dedicated ? 'dedicated' : broadcastKey ? 'broadcast' : 'unicast';
  const originator = originatorOf(opening, systemTitle);
  const plaintext = lastingCipher(opening, which, content).open(originator, content);
  return {
    plaintext,
    protection: { policy, form, signed: false, key: which === 'broadcast' ? which : 'unicast', dedicated },
    invocationCounter: content.invocationCounter,
    ...(systemTitle === undefined ? {} : { systemTitle: originator }),
  };
}

function openGeneral(opening: Opening, apdu: Uint8Array): OpenedApdu {
  const { keyInfo, cipheredContent, ...stated } = decodeGeneralCiphering(apdu);
  const content = readSealed(cipheredContent, cipheredContent.byteOffset - apdu.byteOffset);
  const { policy } = checkedControl(opening, content);
  const header = completeHeader(opening, stated);
  const associated = encodeGeneralHeader(stated);
  const using = keyInfo ?? { kind: 'identified', keyId: UNICAST_KEY_ID };
  const open = (cipher: ContentCipher): Uint8Array =>
    cipher.open(header.originatorSystemTitle, content, associated);
  const common = {
    invocationCounter: content.invocationCounter,
    ...stating(stated),
  };
  if (using.kind === 'identified') {
    const which = identified(using);
    const plaintext = open(lastingCipher(opening, which, content));
    return { plaintext, protection: protectionOf(policy, 'identified-key', which), ...common };
  }
  const { form, key } = oneTimeKeyOf(using, opening.ring, header);
  const plaintext = opening.ring.withKey(key, open);
  return { plaintext, protection: protectionOf(policy, form, 'unicast'), ...common };
}

function openSigned(opening: Opening, apdu: Uint8Array): OpenedApdu {
  const { content, signature, signedPart, ...stated } = decodeGeneralSigning(apdu);
  const { originatorSystemTitle } = completeHeader(opening, stated);
  const { curve } = publicKeyFacts(opening.ring.suite);
  const { peerSigningKey } = opening.ring.keys;
  if (peerSigningKey === undefined) throw notHeld('peerSigningKey');
  if (!ecdsaVerify(curve, peerSigningKey, signedPart, signature)) {
    throw new DcuError('decryption-failed', 'the signature does not verify');
  }
  return {
    plaintext: content.slice(),
    protection: { ...UNPROTECTED, signed: true },
    signedBy: originatorSystemTitle,
    ...stating(stated),
  };
}

/** What the outer layers brought, and one more. Counter, title and transaction are those of the ciphering layer if there is one. */
function merged(outer: OpenedApdu, inner: OpenedApdu): OpenedApdu {
  const signing = inner.protection.signed ? inner : outer;
  const ciphering = signing === inner ? outer : inner;
  const { plaintext, signedBy = outer.signedBy } = inner;
  return {
    ...signing,
    ...ciphering,
    plaintext,
    ...(signedBy === undefined ? {} : { signedBy }),
    protection: {
      ...ciphering.protection,
      policy: strongest(outer.protection.policy, inner.protection.policy),
      signed: outer.protection.signed || inner.protection.signed,
    },
  };
}

function protectionOf(
  policy: Protection['policy'],
  form: Protection['form'],
  key: Protection['key'],
): Protection {
  return { policy, form, signed: false, key, dedicated: false };
}

function stating(header: GeneralHeader): Pick<OpenedApdu, 'systemTitle' | 'transactionId'> {
  const { originatorSystemTitle, transactionId } = header;
  return {
    ...(originatorSystemTitle.length === 0 ? {} : { systemTitle: originatorSystemTitle.slice() }),
    ...(transactionId.length === 0 ? {} : { transactionId: transactionId.slice() }),
  };
}

/** The header with what it left out filled in, for the derivation of keys. */
function completeHeader(opening: Opening, stated: GeneralHeader): GeneralHeader {
  const { recipientSystemTitle } = stated;
  const ours = recipientSystemTitle.length === 0 || equalBytes(recipientSystemTitle, opening.systemTitle);
  if (!ours && !opening.anyRecipient) {
    throw new DcuError('decryption-failed', 'the APDU is meant for another system title');
  }
  const originator = stated.originatorSystemTitle;
  return {
    ...stated,
    originatorSystemTitle: originatorOf(opening, originator.length === 0 ? undefined : originator),
    recipientSystemTitle: ours ? opening.systemTitle : recipientSystemTitle,
  };
}

function originatorOf(opening: Opening, stated: Uint8Array | undefined): Uint8Array {
  const title = stated ?? opening.peerTitle;
  if (title === undefined) {
    throw new DcuError('decryption-failed', 'nothing says the system title of the originator');
  }
  if (title.length !== 8) {
    throw new DcuError('decryption-failed', `the originator's system title has ${title.length} bytes`);
  }
  if (equalBytes(title, opening.systemTitle)) {
    throw new DcuError('decryption-failed', 'an APDU of our own came back');
  }
  return title.slice();
}

function checkedControl(
  opening: Opening,
  content: SealedContent,
): { policy: Protection['policy']; broadcastKey: boolean } {
  const { suite, policy, broadcastKey, compressed } = parseSecurityControl(content.control);
  const { suite: ours } = opening.ring;
  if (suite !== ours) {
    throw new DcuError('decryption-failed', `security suite ${suite}, not ${ours}`, { facts: { suite } });
  }
  if (compressed) throw new DcuError('unsupported', 'compressed content (V.44) is not supported');
  return { policy, broadcastKey };
}

function identified(keyInfo: Extract<KeyInfo, { kind: 'identified' }>): 'unicast' | 'broadcast' {
  switch (keyInfo.keyId) {
    case UNICAST_KEY_ID:
      return 'unicast';
    case BROADCAST_KEY_ID:
      return 'broadcast';
    default:
      throw new DcuError('apdu-invalid', `key id ${keyInfo.keyId} is not known`);
  }
}

function lastingCipher(opening: Opening, which: LastingKey, content: SealedContent): ContentCipher {
  const { ring } = opening;
  if (which === 'broadcast' && !opening.acceptBroadcast) {
    throw new DcuError('decryption-failed', 'the broadcast key is not accepted here');
  }
  const cipher = ring.cipher(which);
  if (cipher === undefined) throw notHeld(LASTING_KEY_FIELD[which]);
  const { policy } = parseSecurityControl(content.control);
  if (isAuthenticated(policy) && ring.keys.authenticationKey === undefined) {
    throw notHeld('authenticationKey');
  }
  return cipher;
}

function notHeld(field: string): DcuError {
  return new DcuError('decryption-failed', `${field} is needed to open this, and not there`, { field });
}
