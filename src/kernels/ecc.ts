import { createECDH, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { DcuError } from '../base/errors.ts';

/** The curves of security suites 1 and 2. */
export type Curve = 'P-256' | 'P-384';

interface CurveFacts {
  /** Bytes of a coordinate and of a private scalar. */
  readonly size: number;
  readonly name: string;
  /** Of the digest that goes with the curve (FIPS 186-4, Suite B). */
  readonly digest: string;
  /** DER of SubjectPublicKeyInfo up to and with the 04 in front of the point (RFC 5480). */
  readonly publicPrefix: Uint8Array;
  /** DER of PKCS #8 with an ECPrivateKey (RFC 5915) of nothing but the scalar, up to the scalar. */
  readonly privatePrefix: Uint8Array;
}

const CURVES: Readonly<Record<Curve, CurveFacts>> = {
  'P-256': {
    size: 32,
    name: 'prime256v1',
    digest: 'sha256',
    publicPrefix: Uint8Array.fromHex('3059301306072a8648ce3d020106082a8648ce3d03010703420004'),
    privatePrefix: Uint8Array.fromHex(
      '3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420',
    ),
  },
  'P-384': {
    size: 48,
    name: 'secp384r1',
    digest: 'sha384',
    publicPrefix: Uint8Array.fromHex('3076301006072a8648ce3d020106052b8104002203620004'),
    privatePrefix: Uint8Array.fromHex('304e020100301006072a8648ce3d020106052b81040022043730350201010430'),
  },
};

/** Two draws in a row that are no scalar have a chance below 2^-32. */
const KEY_ATTEMPTS = 16;
const UNCOMPRESSED = Uint8Array.of(4);

/** Bytes of a private scalar: 32 or 48. A public key (X and Y) and a signature (R and S) have twice as many. */
export function scalarSize(curve: Curve): number {
  return CURVES[curve].size;
}

/**
 * A fresh key pair out of `randomBytes`, which must be fit for keys: private scalar big-endian, public X and Y without
 * a prefix. Numbers that are no scalar of the curve are passed over (FIPS 186-4 B.4.2).
 */
export function generateEcKeyPair(
  curve: Curve,
  randomBytes: (length: number) => Uint8Array,
): { privateKey: Uint8Array; publicKey: Uint8Array } {
  for (let attempt = 0; attempt < KEY_ATTEMPTS; attempt++) {
    const privateKey = randomBytes(CURVES[curve].size);
    const publicKey = publicOf(curve, privateKey);
    if (publicKey !== undefined) return { privateKey, publicKey };
  }
  throw new DcuError('internal', 'the random source brings no private key');
}

/** X and Y of the public key that belongs to a private scalar. Throws `invalid-argument` when it is not in 1..n-1. */
export function ecPublicKey(curve: Curve, privateKey: Uint8Array): Uint8Array {
  const publicKey = publicOf(curve, privateKey);
  if (publicKey === undefined) throw badPrivateKey(curve);
  return publicKey;
}

function publicOf(curve: Curve, privateKey: Uint8Array): Uint8Array | undefined {
  const { name, size } = CURVES[curve];
  if (privateKey.length !== size) return undefined;
  const ecdh = createECDH(name);
  try {
    ecdh.setPrivateKey(privateKey);
    return Uint8Array.from(ecdh.getPublicKey().subarray(1));
  } catch {
    return undefined;
  }
}

/** Whether the bytes are X and Y of a point of the curve. */
export function isEcPublicKey(curve: Curve, publicKey: Uint8Array): boolean {
  return publicKeyObject(curve, publicKey) !== undefined;
}

/**
 * ECDSA over `message` with the curve's digest (SHA-256, SHA-384): R and S, each as long as a scalar.
 * Throws `invalid-argument` for a private key that is none.
 */
export function ecdsaSign(curve: Curve, privateKey: Uint8Array, message: Uint8Array): Uint8Array {
  const { digest, size, privatePrefix } = CURVES[curve];
  if (privateKey.length !== size) throw badPrivateKey(curve);
  const der = Buffer.concat([privatePrefix, privateKey]);
  try {
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    return Uint8Array.from(sign(digest, message, { key, dsaEncoding: 'ieee-p1363' }));
  } catch {
    throw badPrivateKey(curve);
  } finally {
    der.fill(0);
  }
}

/** Whether R and S are the signature of `message` under X and Y; false also for a key or signature of another form. */
export function ecdsaVerify(
  curve: Curve,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { digest, size } = CURVES[curve];
  const key = publicKeyObject(curve, publicKey);
  if (key === undefined || signature.length !== 2 * size) return false;
  return verify(digest, message, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

/**
 * ECC CDH (NIST SP 800-56A 5.7.1.2): the X coordinate that both sides share, as long as a scalar. Undefined when
 * `peerPublicKey` is not X and Y of a point of the curve; throws `invalid-argument` for a private key that is none.
 */
export function ecdhSecret(
  curve: Curve,
  privateKey: Uint8Array,
  peerPublicKey: Uint8Array,
): Uint8Array | undefined {
  const { name, size } = CURVES[curve];
  const ecdh = createECDH(name);
  try {
    if (privateKey.length !== size) throw badPrivateKey(curve);
    ecdh.setPrivateKey(privateKey);
  } catch {
    throw badPrivateKey(curve);
  }
  if (!isEcPublicKey(curve, peerPublicKey)) return undefined;
  const x = ecdh.computeSecret(Buffer.concat([UNCOMPRESSED, peerPublicKey]));
  const secret = new Uint8Array(size);
  secret.set(x, size - x.length);
  x.fill(0);
  return secret;
}

function publicKeyObject(curve: Curve, publicKey: Uint8Array): KeyObject | undefined {
  const { size, publicPrefix } = CURVES[curve];
  if (publicKey.length !== 2 * size) return undefined;
  const der = Buffer.concat([publicPrefix, publicKey]);
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function badPrivateKey(curve: Curve): DcuError {
  return new DcuError('invalid-argument', `not a private key of ${curve}`, { field: 'privateKey' });
}
