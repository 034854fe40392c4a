import { DcuError } from '../../base/errors.ts';
import { ecdsaSign } from '../../kernels/index.ts';
import {
  encodeGeneralCiphering,
  encodeGeneralHeader,
  type GeneralHeader,
  type KeyInfo,
} from '../apdu/general-ciphering.ts';
import { encodeGeneralSigning, encodeSignedPart } from '../apdu/general-signing.ts';
import { frameSealed } from './ciphered-apdu.ts';
import type { ContentCipher } from './content-cipher.ts';
import { type KeyRing, LASTING_KEY_FIELD, type LastingKey } from './key-ring.ts';
import { oneTimeKeyFor } from './one-time-key.ts';
import { BROADCAST_KEY_ID, type Protection, UNICAST_KEY_ID } from './protection.ts';
import { isAuthenticated, securityControl } from './security-control.ts';
import { publicKeyFacts } from './suite.ts';

/** The APDU ciphered as `protection` says; `header` names originator and recipient. See `MessageSecurity.protect`. */
export function cipherApdu(
  ring: KeyRing,
  apdu: Uint8Array,
  protection: Protection,
  invocationCounter: number,
  header: GeneralHeader,
  randomBytes: (length: number) => Uint8Array,
): Uint8Array {
  const { form, key } = protection;
  switch (form) {
    case 'service-specific':
    case 'general-glo':
    case 'general-ded':
      return framed(ring, apdu, protection, form, invocationCounter, header.originatorSystemTitle);
    case 'identified-key': {
      const keyId = key === 'broadcast' ? BROADCAST_KEY_ID : UNICAST_KEY_ID;
      const cipher = lastingCipher(ring, key, protection);
      return generalCiphering(ring, cipher, apdu, protection, invocationCounter, header, {
        kind: 'identified',
        keyId,
      });
    }
    case 'wrapped-key':
    case 'one-pass-diffie-hellman':
    case 'static-unified-model': {
      if (form !== 'wrapped-key' && header.recipientSystemTitle.length === 0) throw lacking('recipient');
      const made = oneTimeKeyFor(form, ring, header, randomBytes);
      return ring.withKey(made.key, (cipher) =>
        generalCiphering(ring, cipher, apdu, protection, invocationCounter, header, made.keyInfo),
      );
    }
  }
}

/** `content` in general-signing. Throws `invalid-field` without a signing key, `unsupported` in suite 0. */
export function signApdu(ring: KeyRing, content: Uint8Array, header: GeneralHeader): Uint8Array {
  const { curve } = publicKeyFacts(ring.suite);
  const { signingKey } = ring.keys;
  if (signingKey === undefined) throw lacking('signingKey');
  const signedPart = encodeSignedPart(header, content);
  return encodeGeneralSigning(signedPart, ecdsaSign(curve, signingKey.privateKey, signedPart));
}

function framed(
  ring: KeyRing,
  apdu: Uint8Array,
  protection: Protection,
  form: 'service-specific' | 'general-glo' | 'general-ded',
  invocationCounter: number,
  systemTitle: Uint8Array,
): Uint8Array {
  const dedicated = form === 'general-ded' || (form === 'service-specific' && protection.dedicated === true);
  const cipher = lastingCipher(ring, dedicated ? 'dedicated' : protection.key, protection);
  const broadcast = !dedicated && protection.key === 'broadcast';
  const control = securityControl(protection.policy, ring.suite, broadcast);
  const sealed = cipher.seal(control, systemTitle, invocationCounter, apdu);
  return frameSealed(form, dedicated, apdu[0] ?? 0, systemTitle, sealed);
}

/** The key set bit stays 0: key-info says which key it is (Green Book 9.2.7.2.4.1). */
function generalCiphering(
  ring: KeyRing,
  cipher: ContentCipher,
  apdu: Uint8Array,
  protection: Protection,
  invocationCounter: number,
  header: GeneralHeader,
  keyInfo: KeyInfo,
): Uint8Array {
  const control = securityControl(protection.policy, ring.suite);
  const { originatorSystemTitle } = header;
  const associated = encodeGeneralHeader(header);
  const cipheredContent = cipher.seal(control, originatorSystemTitle, invocationCounter, apdu, associated);
  return encodeGeneralCiphering({ ...header, keyInfo, cipheredContent });
}

function lastingCipher(ring: KeyRing, which: LastingKey, protection: Protection): ContentCipher {
  const cipher = ring.cipher(which);
  if (cipher === undefined) throw lacking(LASTING_KEY_FIELD[which]);
  if (isAuthenticated(protection.policy) && ring.keys.authenticationKey === undefined) {
    throw lacking('authenticationKey');
  }
  return cipher;
}

function lacking(field: string): DcuError {
  return new DcuError('invalid-field', `${field} is needed to protect in this way`, { field });
}
