import { ByteReader, concat, equalBytes } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { SecuritySuite } from '../../base/model.ts';
import { ecdsaSign, ecdsaVerify, scalarSize } from '../../kernels/index.ts';
import { type BerElement, ber, readBer } from '../ber.ts';
import { publicKeyFacts } from './suite.ts';
import type { EcKeyPair } from './types.ts';

/** What a key pair is for, as class 64 numbers it (certificate_type). */
export const KEY_USES = ['signature', 'agreement', 'tls'] as const;
export type KeyUse = (typeof KEY_USES)[number];

/** The parts of an X.509 certificate that DLMS/COSEM works with (Green Book 9.2.6.4). DER parts are as they were signed. */
export interface Certificate {
  readonly der: Uint8Array;
  /** Contents of the INTEGER. */
  readonly serialNumber: Uint8Array;
  /** DER of the Name. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** DER of the GeneralNames; empty where there is none. */
  readonly subjectAltName: Uint8Array;
  /** The common name of the subject, where it is a system title in hexadecimal digits. */
  readonly systemTitle?: Uint8Array;
  /** X and Y. */
  readonly publicKey: Uint8Array;
  /** As keyUsage says; undefined where it says neither. */
  readonly use?: KeyUse;
  readonly isAuthority: boolean;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTF8 = 0x0c;
const BOOLEAN = 0x01;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const ATTRIBUTES = 0xa0;
const UNCOMPRESSED = 0x04;

const hex = (text: string): Uint8Array => Uint8Array.fromHex(text);
const OID = {
  publicKey: hex('2a8648ce3d0201'),
  commonName: hex('550403'),
  keyUsage: '551d0f',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
  extendedKeyUsage: '551d25',
} as const;
const CURVE_OID = { 'P-256': hex('2a8648ce3d030107'), 'P-384': hex('2b81040022') } as const;
const SIGNATURE_OID = { 'P-256': hex('2a8648ce3d040302'), 'P-384': hex('2a8648ce3d040303') } as const;

/** Longest certificate taken: those of DLMS have some 500 bytes. */
const LONGEST = 8192;

/**
 * A certificate of the suite's curve. Throws `apdu-invalid` or `truncated` for DER that is none, `unsupported` in
 * suite 0 and for a key of another kind. Its signature is not judged: see `isSignedBy`.
 */
export function parseCertificate(suite: SecuritySuite, der: Uint8Array): Certificate {
  const { curve } = publicKeyFacts(suite);
  if (der.length > LONGEST) throw new DcuError('overflow', `a certificate of ${der.length} bytes`);
  const [body] = children(whole(der));
  const fields = children(expected(body, SEQUENCE, 'tbsCertificate'));
  if (fields[0]?.tag === VERSION) fields.shift();
  const [serial, , issuer, , subject, keyInfo, ...rest] = fields;
  const extensions = extensionsOf(rest.find(({ tag }) => tag === EXTENSIONS));
  const title = systemTitleOf(expected(subject, SEQUENCE, 'subject'));
  const use = keyUseOf(extensions);
  return {
    der: der.slice(),
    serialNumber: expected(serial, INTEGER, 'serialNumber').value.slice(),
    issuer: encoded(expected(issuer, SEQUENCE, 'issuer')),
    subject: encoded(expected(subject, SEQUENCE, 'subject')),
    subjectAltName: extensions.get(OID.subjectAltName)?.slice() ?? new Uint8Array(0),
    ...(title ? { systemTitle: title } : {}),
    publicKey: pointOf(expected(keyInfo, SEQUENCE, 'subjectPublicKeyInfo'), curve),
    ...(use ? { use } : {}),
    isAuthority: isAuthority(extensions.get(OID.basicConstraints)),
  };
}

/** Whether the suite's algorithm and this key have signed the certificate; false also for DER that is damaged. */
export function isSignedBy(suite: SecuritySuite, { der }: Certificate, publicKey: Uint8Array): boolean {
  const { curve } = publicKeyFacts(suite);
  try {
    const { body, signature } = signedParts(whole(der), curve);
    return ecdsaVerify(curve, publicKey, body, signature);
  } catch (error) {
    if (error instanceof DcuError) return false;
    throw error;
  }
}

/**
 * PKCS #10 request for a certificate of `pair`, whose common name is the system title in capital hexadecimal digits
 * (Green Book 9.2.6.4). Throws `unsupported` in suite 0.
 */
export function certificateRequest(
  suite: SecuritySuite,
  pair: EcKeyPair,
  systemTitle: Uint8Array,
): Uint8Array {
  const { curve } = publicKeyFacts(suite);
  const commonName = ber(UTF8, new TextEncoder().encode(systemTitle.toHex().toUpperCase()));
  const subject = ber(SEQUENCE, ber(SET, ber(SEQUENCE, ber(OBJECT_ID, OID.commonName), commonName)));
  const keyInfo = ber(
    SEQUENCE,
    ber(SEQUENCE, ber(OBJECT_ID, OID.publicKey), ber(OBJECT_ID, CURVE_OID[curve])),
    ber(BIT_STRING, Uint8Array.of(0, UNCOMPRESSED), pair.publicKey),
  );
  const info = ber(SEQUENCE, ber(INTEGER, Uint8Array.of(0)), subject, keyInfo, ber(ATTRIBUTES));
  const signature = derSignature(ecdsaSign(curve, pair.privateKey, info));
  return ber(
    SEQUENCE,
    info,
    ber(SEQUENCE, ber(OBJECT_ID, SIGNATURE_OID[curve])),
    ber(BIT_STRING, Uint8Array.of(0), signature),
  );
}

/** X and Y that a PKCS #10 request asks a certificate for; undefined unless the request is signed with that key. */
export function requestedKey(suite: SecuritySuite, request: Uint8Array): Uint8Array | undefined {
  const { curve } = publicKeyFacts(suite);
  const [info] = children(whole(request));
  const [, , keyInfo] = children(expected(info, SEQUENCE, 'certificationRequestInfo'));
  const key = pointOf(expected(keyInfo, SEQUENCE, 'subjectPublicKeyInfo'), curve);
  const { body, signature } = signedParts(whole(request), curve);
  return ecdsaVerify(curve, key, body, signature) ? key : undefined;
}

/** What is signed, and the signature, of a certificate or a request for one: body, algorithm, bits, and no more. */
function signedParts(
  element: BerElement,
  curve: keyof typeof CURVE_OID,
): { readonly body: Uint8Array; readonly signature: Uint8Array } {
  const [body, algorithm, bits, more] = children(element);
  const ours = ber(SEQUENCE, ber(OBJECT_ID, SIGNATURE_OID[curve]));
  const stated = encoded(expected(algorithm, SEQUENCE, 'signatureAlgorithm'));
  const { value } = expected(bits, BIT_STRING, 'signature');
  if (!equalBytes(stated, ours) || value[0] !== 0 || more !== undefined) {
    throw invalid('a signature of another kind', element.offset);
  }
  return {
    body: encoded(expected(body, SEQUENCE, 'signed part')),
    signature: rawSignature(value.subarray(1), scalarSize(curve)),
  };
}

function whole(der: Uint8Array): BerElement {
  const reader = new ByteReader(der);
  const element = expected(readBer(reader), SEQUENCE, 'certificate');
  if (reader.remaining > 0) throw invalid('bytes behind the certificate', reader.offset);
  return element;
}

function children({ value }: BerElement): BerElement[] {
  const reader = new ByteReader(value);
  const elements: BerElement[] = [];
  while (reader.remaining > 0) elements.push(readBer(reader));
  return elements;
}

function expected(element: BerElement | undefined, tag: number, name: string): BerElement {
  if (element?.tag === tag) return element;
  throw invalid(`no ${name} where one is due`, element?.offset ?? 0);
}

/** The element with its tag and length; what DER writes in one way only comes out as it was. */
const encoded = ({ tag, value }: BerElement): Uint8Array => ber(tag, value);

/** Contents of each extension's extnValue by the hexadecimal digits of its OID. */
function extensionsOf(element: BerElement | undefined): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  if (element === undefined) return found;
  const [list] = children(element);
  for (const extension of children(expected(list, SEQUENCE, 'extensions'))) {
    const parts = children(extension);
    const value = parts.at(-1);
    found.set(
      expected(parts[0], OBJECT_ID, 'extnID').value.toHex(),
      expected(value, OCTET_STRING, 'extnValue').value,
    );
  }
  return found;
}

function keyUseOf(extensions: ReadonlyMap<string, Uint8Array>): KeyUse | undefined {
  if (extensions.has(OID.extendedKeyUsage)) return 'tls';
  const usage = extensions.get(OID.keyUsage);
  if (usage === undefined) return undefined;
  const bits = expected(readBer(new ByteReader(usage)), BIT_STRING, 'keyUsage').value[1] ?? 0;
  if ((bits & 0x80) !== 0) return 'signature';
  return (bits & 0x08) !== 0 ? 'agreement' : undefined;
}

function isAuthority(constraints: Uint8Array | undefined): boolean {
  if (constraints === undefined) return false;
  const [first] = children(expected(readBer(new ByteReader(constraints)), SEQUENCE, 'basicConstraints'));
  return first?.tag === BOOLEAN && first.value[0] !== 0;
}

function systemTitleOf(subject: BerElement): Uint8Array | undefined {
  for (const set of children(subject)) {
    for (const attribute of children(set)) {
      const [type, value] = children(attribute);
      const text = String.fromCharCode(...(value?.value ?? []));
      const isName = type?.value.toHex() === OID.commonName.toHex();
      if (isName && /^[0-9a-fA-F]{16}$/.test(text)) return hex(text);
    }
  }
  return undefined;
}

function pointOf(keyInfo: BerElement, curve: keyof typeof CURVE_OID): Uint8Array {
  const [algorithm, key] = children(keyInfo);
  const [, parameters] = children(expected(algorithm, SEQUENCE, 'algorithm'));
  const bits = expected(key, BIT_STRING, 'subjectPublicKey').value;
  const isOurs = parameters?.tag === OBJECT_ID && parameters.value.toHex() === CURVE_OID[curve].toHex();
  if (!isOurs || bits[1] !== UNCOMPRESSED || bits.length !== 2 + 2 * scalarSize(curve)) {
    throw new DcuError('unsupported', `the certificate holds no key of ${curve}`);
  }
  return bits.slice(2);
}

/** R and S of a scalar's length out of the DER of a signature. */
function rawSignature(der: Uint8Array, size: number): Uint8Array {
  const reader = new ByteReader(der);
  const [r, s, more] = children(expected(readBer(reader), SEQUENCE, 'signature'));
  if (more !== undefined || reader.remaining > 0) throw invalid('bytes behind a signature', 0);
  const out = new Uint8Array(2 * size);
  for (const [at, part] of [r, s].entries()) {
    const digits = unpadded(expected(part, INTEGER, 'signature part').value);
    if (digits.length > size) throw invalid('a signature that is too long', 0);
    out.set(digits, (at + 1) * size - digits.length);
  }
  return out;
}

function derSignature(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2;
  const integer = (bytes: Uint8Array): Uint8Array => {
    const digits = unpadded(bytes);
    const sign = (digits[0] ?? 0) >= 0x80 || digits.length === 0 ? Uint8Array.of(0) : new Uint8Array(0);
    return ber(INTEGER, concat([sign, digits]));
  };
  return ber(SEQUENCE, integer(raw.subarray(0, half)), integer(raw.subarray(half)));
}

function unpadded(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (bytes[at] === 0) at++;
  return bytes.subarray(at);
}

function invalid(message: string, offset: number): DcuError {
  return new DcuError('apdu-invalid', message, { offset });
}
