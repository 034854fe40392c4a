import { DcuError } from '../../base/errors.ts';
import type { SecuritySuite } from '../../base/model.ts';
import { type Curve, type DigestName, scalarSize } from '../../kernels/index.ts';
import type { EcKeyPair, KeyMaterial } from './types.ts';

/** What suites 1 and 2 add: a curve for signatures and key agreement, and the digest that goes with it. */
interface PublicKeyFacts {
  readonly curve: Curve;
  readonly digest: DigestName;
}

export interface SuiteFacts {
  /** Bytes of every symmetric key of the suite. */
  readonly keyLength: 16 | 32;
  readonly publicKey?: PublicKeyFacts;
}

/** Security suites (Green Book 9.2.3.7, table of algorithms and key lengths). */
const SUITES = {
  0: { keyLength: 16 },
  1: { keyLength: 16, publicKey: { curve: 'P-256', digest: 'sha256' } },
  2: { keyLength: 32, publicKey: { curve: 'P-384', digest: 'sha384' } },
} as const satisfies Record<SecuritySuite, SuiteFacts>;

/** Bytes of the authentication tag, in every suite (Green Book 9.2.3.3.7.5). */
export const TAG_LENGTH = 12;

export function suiteFacts(suite: SecuritySuite): SuiteFacts {
  return SUITES[suite];
}

/** The suite's curve and digest. Throws `unsupported` in suite 0, which has no public key algorithms. */
export function publicKeyFacts(suite: SecuritySuite): PublicKeyFacts {
  const facts = suiteFacts(suite).publicKey;
  if (facts === undefined) {
    throw new DcuError('unsupported', 'security suite 0 has no public key algorithms', { facts: { suite } });
  }
  return facts;
}

/** The keys of `KeyMaterial` by their kind. */
export const SYMMETRIC_KEYS = ['encryptionKey', 'authenticationKey', 'broadcastKey', 'masterKey'] as const;
export const KEY_PAIRS = ['signingKey', 'agreementKey'] as const;
export const PEER_KEYS = ['peerSigningKey', 'peerAgreementKey'] as const;

/** Throws `invalid-field` naming the first key whose length is not that of the suite. */
export function checkKeyMaterial(suite: SecuritySuite, keys: KeyMaterial): void {
  const { keyLength, publicKey } = suiteFacts(suite);
  for (const field of SYMMETRIC_KEYS) checkLength(field, keys[field], keyLength);
  const scalar = publicKey === undefined ? 0 : scalarSize(publicKey.curve);
  for (const field of KEY_PAIRS) checkPair(field, keys[field], scalar);
  for (const field of PEER_KEYS) checkLength(field, keys[field], 2 * scalar);
}

/** Throws `invalid-field` unless the key is absent or has `length` bytes; 0 stands for a suite without such keys. */
export function checkLength(field: string, key: Uint8Array | undefined, length: number): void {
  if (key === undefined || (length > 0 && key.length === length)) return;
  const expected =
    length === 0 ? 'has no place in security suite 0' : `has ${length} bytes, not ${key.length}`;
  throw new DcuError('invalid-field', `${field} ${expected}`, { field });
}

function checkPair(field: string, pair: EcKeyPair | undefined, scalar: number): void {
  checkLength(field, pair?.privateKey, scalar);
  checkLength(field, pair?.publicKey, 2 * scalar);
}
