import { concat } from '../../base/bytes.ts';
import type { SecuritySuite } from '../../base/model.ts';
import { ecdsaSign, ecdsaVerify, generateEcKeyPair, scalarSize } from '../../kernels/index.ts';
import { agreedKey } from './key-derivation.ts';
import { publicKeyFacts } from './suite.ts';
import type { EcKeyPair, KdfEdition } from './types.ts';

/** Keys of class 64 by their id: unicast encryption, broadcast encryption, authentication, master (Blue Book 4.4.7). */
export type GlobalKeyId = 0 | 1 | 2 | 3;

const MASTER_KEY_ID: GlobalKeyId = 3;

/** One side's share in the ephemeral unified model C(2e, 0s). */
export interface EphemeralShare {
  /** Kept until the peer's share is there, then to be forgotten. */
  readonly pair: EcKeyPair;
  /** For the peer: public key and the signature over key id and public key, 128 or 192 bytes. */
  readonly keyData: Uint8Array;
}

/**
 * A fresh ephemeral key and the key_data of class 64's key_agreement (Blue Book 4.4.7.3.3). Throws `unsupported` in
 * suite 0, `invalid-argument` for a signing key that is none.
 */
export function makeEphemeralShare(
  suite: SecuritySuite,
  keyId: GlobalKeyId,
  signingKey: EcKeyPair,
  randomBytes: (length: number) => Uint8Array,
): EphemeralShare {
  const { curve } = publicKeyFacts(suite);
  const pair = generateEcKeyPair(curve, randomBytes);
  const signature = ecdsaSign(curve, signingKey.privateKey, signedShare(keyId, pair.publicKey));
  return { pair, keyData: concat([pair.publicKey, signature]) };
}

/** What both sides know when each has the other's share. */
export interface Agreement {
  readonly keyId: GlobalKeyId;
  readonly ownShare: EcKeyPair;
  readonly peerKeyData: Uint8Array;
  readonly peerSigningKey: Uint8Array;
  /** The client is party U, the server party V. */
  readonly clientTitle: Uint8Array;
  readonly serverTitle: Uint8Array;
  /** `current` unless told. */
  readonly edition?: KdfEdition;
}

/**
 * The key that both shares agree on: 16 bytes in suite 1, 32 in suite 2. Undefined when the peer's key data has another
 * length, is not signed by the peer, or is not a point of the curve. Throws `unsupported` in suite 0.
 */
export function completeAgreement(suite: SecuritySuite, agreement: Agreement): Uint8Array | undefined {
  const { curve } = publicKeyFacts(suite);
  const size = 2 * scalarSize(curve);
  const {
    keyId,
    ownShare,
    peerKeyData,
    peerSigningKey,
    clientTitle,
    serverTitle,
    edition = 'current',
  } = agreement;
  if (peerKeyData.length !== 2 * size) return undefined;
  const peerKey = peerKeyData.subarray(0, size);
  const signature = peerKeyData.subarray(size);
  if (!ecdsaVerify(curve, peerSigningKey, signedShare(keyId, peerKey), signature)) return undefined;
  const algorithm = keyId === MASTER_KEY_ID ? 'aes-wrap' : 'aes-gcm';
  return agreedKey(suite, ownShare, peerKey, { u: clientTitle, v: serverTitle }, { algorithm, edition });
}

function signedShare(keyId: GlobalKeyId, publicKey: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(keyId), publicKey]);
}
