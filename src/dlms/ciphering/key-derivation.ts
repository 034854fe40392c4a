import { ByteWriter, concat } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { SecuritySuite } from '../../base/model.ts';
import { type DigestName, digest, ecdhSecret } from '../../kernels/index.ts';
import { publicKeyFacts, suiteFacts } from './suite.ts';
import type { EcKeyPair, KdfEdition } from './types.ts';

/** What the derived key is for. */
export type KeyAlgorithm = 'aes-gcm' | 'aes-wrap';

/** Encoded object identifier of the algorithms, whose last arc names one. */
const ALGORITHM_PREFIX = {
  current: Uint8Array.of(0x60, 0x85, 0x74, 0x05, 0x08, 0x03),
  'edition-8': Uint8Array.of(0x60, 0x85, 0x74, 0x06, 0x08, 0x03),
} as const satisfies Record<KdfEdition, Uint8Array>;
/** The last arc with keys of 16 bytes; with 32 bytes it is one more (Green Book 9.2.3.4.6.5). */
const ALGORITHM_ARC = { 'aes-gcm': 0, 'aes-wrap': 2 } as const satisfies Record<KeyAlgorithm, number>;

/**
 * Single-step concatenation key derivation (NIST SP 800-56A 5.8.1) with one round, as the keys of all suites are
 * shorter than a digest: the first `length` bytes of H(00000001 || Z || OtherInfo).
 */
export function concatenationKdf(
  name: DigestName,
  sharedSecret: Uint8Array,
  otherInfo: Uint8Array,
  length: number,
): Uint8Array {
  const input = concat([Uint8Array.of(0, 0, 0, 1), sharedSecret, otherInfo]);
  const output = digest(name, input);
  input.fill(0);
  const key = output.slice(0, length);
  output.fill(0);
  return key;
}

/** Who takes part in a key agreement, as it goes into OtherInfo (Green Book 9.2.3.4.6.5): U starts it. */
export interface Parties {
  /** System title of U; with the static unified model the transaction id, with its length, behind it. */
  readonly u: Uint8Array;
  /** System title of V. */
  readonly v: Uint8Array;
}

/** The static unified model's PartyUInfo: the system title and, as the nonce it needs, the transaction id with its length. */
export function partyWithTransaction(systemTitle: Uint8Array, transactionId: Uint8Array): Uint8Array {
  if (transactionId.length === 0 || transactionId.length > 0x7f) {
    throw new DcuError('apdu-invalid', 'the static unified model needs a transaction id', {
      facts: { length: transactionId.length },
    });
  }
  return new ByteWriter(systemTitle.length + 1 + transactionId.length)
    .put(systemTitle)
    .u8(transactionId.length)
    .put(transactionId)
    .done();
}

/**
 * The key that `own` and `peerPublicKey` agree on, 16 or 32 bytes; undefined when the peer's key is not a point of the
 * suite's curve. The shared secret is wiped.
 */
export function agreedKey(
  suite: SecuritySuite,
  own: EcKeyPair,
  peerPublicKey: Uint8Array,
  parties: Parties,
  { algorithm = 'aes-gcm', edition = 'current' }: { algorithm?: KeyAlgorithm; edition?: KdfEdition } = {},
): Uint8Array | undefined {
  const facts = publicKeyFacts(suite);
  const { keyLength } = suiteFacts(suite);
  const secret = ecdhSecret(facts.curve, own.privateKey, peerPublicKey);
  if (secret === undefined) return undefined;
  const arc = ALGORITHM_ARC[algorithm] + (keyLength === 32 ? 1 : 0);
  const otherInfo = concat([ALGORITHM_PREFIX[edition], Uint8Array.of(arc), parties.u, parties.v]);
  const key = concatenationKdf(facts.digest, secret, otherInfo, keyLength);
  secret.fill(0);
  return key;
}
