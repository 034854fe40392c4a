import {
  ECDSASigValue,
  ECParameters,
  id_ecdsaWithSHA256,
  id_ecdsaWithSHA384,
  id_ecPublicKey,
  id_secp256r1,
  id_secp384r1,
} from '@peculiar/asn1-ecc';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
} from '@peculiar/asn1-x509';
import { equalBytes, toHex } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { type Curve, ecdsaSign, ecdsaVerify, isEcPublicKey, scalarSize } from '../../kernels/index.ts';

/** What certificates and requests have in common: names, keys, signatures (Green Book 9.2.6.4). */

const CURVE_ID = { 'P-256': id_secp256r1, 'P-384': id_secp384r1 } as const satisfies Record<Curve, string>;
const SIGNATURE_ID = {
  'P-256': id_ecdsaWithSHA256,
  'P-384': id_ecdsaWithSHA384,
} as const satisfies Record<Curve, string>;

export const COMMON_NAME = '2.5.4.3';
export const UNIQUE_IDENTIFIER = '2.5.4.45';

/** A public key with its curve: X and Y without a prefix. */
export interface CertifiedKey {
  readonly curve: Curve;
  readonly publicKey: Uint8Array;
}

export function invalidCertificate(problem: string, cause?: unknown): DcuError {
  return new DcuError('invalid-argument', problem, { field: 'certificate', cause });
}

/** The curve whose public keys have this length. Throws `invalid-argument` for any other. */
export function curveOf(publicKey: Uint8Array): Curve {
  for (const curve of ['P-256', 'P-384'] as const) {
    if (publicKey.length === 2 * scalarSize(curve)) return curve;
  }
  throw new DcuError('invalid-argument', `no curve has public keys of ${publicKey.length} bytes`, {
    field: 'publicKey',
  });
}

/** The common name of a device: its system title in capital hex digits. */
export function commonNameOfTitle(systemTitle: Uint8Array): string {
  return toHex(systemTitle).toUpperCase();
}

export function nameOf(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])]);
}

export function attributeOf(name: Name, type: string): AttributeValue | undefined {
  for (const part of name) {
    for (const attribute of part) if (attribute.type === type) return attribute.value;
  }
  return undefined;
}

export function commonNameOf(name: Name): string {
  const value = attributeOf(name, COMMON_NAME);
  return value === undefined ? '' : value.toString();
}

export function keyInfoOf(publicKey: Uint8Array): SubjectPublicKeyInfo {
  const parameters = AsnConvert.serialize(new ECParameters({ namedCurve: CURVE_ID[curveOf(publicKey)] }));
  return new SubjectPublicKeyInfo({
    algorithm: new AlgorithmIdentifier({ algorithm: id_ecPublicKey, parameters }),
    subjectPublicKey: Uint8Array.of(4, ...publicKey).buffer,
  });
}

/** X and Y of an uncompressed point. Throws `unsupported` for a key of another kind, `invalid-argument` for no point. */
export function keyOf(curve: Curve, info: SubjectPublicKeyInfo): Uint8Array {
  const { algorithm, parameters } = info.algorithm;
  const named = parameters ? AsnConvert.parse(parameters, ECParameters).namedCurve : undefined;
  if (algorithm !== id_ecPublicKey || named !== CURVE_ID[curve]) {
    throw new DcuError('unsupported', `the certificate holds no key of ${curve}`);
  }
  const point = new Uint8Array(info.subjectPublicKey);
  const publicKey = point.slice(1);
  if (point[0] === 4 && isEcPublicKey(curve, publicKey)) return publicKey;
  throw invalidCertificate(`the key is not an uncompressed point of ${curve}`);
}

export function signatureAlgorithm(curve: Curve): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithm: SIGNATURE_ID[curve] });
}

/** The signature in the DER form that X.509 has, unlike DLMS. */
export function signDer(curve: Curve, privateKey: Uint8Array, message: ArrayBuffer): ArrayBuffer {
  const raw = ecdsaSign(curve, privateKey, new Uint8Array(message));
  return signatureDer(raw, scalarSize(curve));
}

function signatureDer(raw: Uint8Array, size: number): ArrayBuffer {
  const value = new ECDSASigValue({ r: unsigned(raw.slice(0, size)), s: unsigned(raw.slice(size)) });
  return AsnConvert.serialize(value);
}

/** Whether the DER signature is that of `key`, with the digest that belongs to its curve. */
export function verifyDer(
  key: CertifiedKey,
  algorithm: AlgorithmIdentifier,
  message: ArrayBuffer,
  signature: ArrayBuffer,
): boolean {
  if (algorithm.algorithm !== SIGNATURE_ID[key.curve]) return false;
  const raw = rawSignature(signature, scalarSize(key.curve));
  return raw !== undefined && ecdsaVerify(key.curve, key.publicKey, new Uint8Array(message), raw);
}

function rawSignature(signature: ArrayBuffer, size: number): Uint8Array | undefined {
  let value: ECDSASigValue;
  try {
    value = AsnConvert.parse(signature, ECDSASigValue);
  } catch {
    return undefined;
  }
  const raw = new Uint8Array(2 * size);
  for (const [at, part] of [
    [size, value.r],
    [2 * size, value.s],
  ] as const) {
    const bytes = new Uint8Array(part);
    const first = bytes.findIndex((byte) => byte !== 0);
    const significant = first < 0 ? bytes.subarray(bytes.length) : bytes.subarray(first);
    if (significant.length > size) return undefined;
    raw.set(significant, at - significant.length);
  }
  // Any other encoding of the same numbers is a second form of the same signature.
  return equalBytes(new Uint8Array(signatureDer(raw, size)), new Uint8Array(signature)) ? raw : undefined;
}

/** The contents of a DER INTEGER that is not negative: no needless zeros, one where the top bit is set. */
export function unsigned(bytes: Uint8Array): ArrayBuffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const significant = first < 0 ? [0] : [...bytes.subarray(first)];
  if ((significant[0] ?? 0) >= 0x80) significant.unshift(0);
  return Uint8Array.from(significant).buffer;
}
