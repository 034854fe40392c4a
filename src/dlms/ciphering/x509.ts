import { Attributes, CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  Certificate as Asn1Certificate,
  BasicConstraints,
  ExtendedKeyUsage,
  type Extension,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_certificatePolicies,
  id_ce_cRLDistributionPoints,
  id_ce_extKeyUsage,
  id_ce_issuerAltName,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  SubjectAlternativeName,
  type TBSCertificate,
  Version,
} from '@peculiar/asn1-x509';
import { ByteReader, equalBytes, fromHex } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { SecuritySuite } from '../../base/model.ts';
import type { Curve } from '../../kernels/index.ts';
import { ber, readBer } from '../ber.ts';
import { publicKeyFacts } from './suite.ts';
import type { EcKeyPair } from './types.ts';
import {
  attributeOf,
  commonNameOf,
  commonNameOfTitle,
  invalidCertificate,
  keyInfoOf,
  keyOf,
  nameOf,
  signatureAlgorithm,
  signDer,
  UNIQUE_IDENTIFIER,
  verifyDer,
} from './x509-parts.ts';

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
  /** From hwSerialNum in the alternative name, a common name of 16 hex digits, or the unique identifier, in this order. */
  readonly systemTitle?: Uint8Array;
  /** X and Y. */
  readonly publicKey: Uint8Array;
  /** As keyUsage says; undefined where it says neither, and for authorities that may only sign certificates. */
  readonly use?: KeyUse;
  /** Whether its key may sign certificates. */
  readonly isAuthority: boolean;
  /** How many authorities may stand between this one and a device; undefined: any number. */
  readonly pathLength?: number;
  /** UTC ms, both inclusive; whoever knows the time judges them. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** No certificate with one P-384 key comes near; keeps nested rubbish from costing more than it must. */
const LARGEST = 8192;
/** With the zero that keeps it positive. */
const LONGEST_SERIAL = 21;
const NOTHING = new Uint8Array(0);
const HARDWARE_MODULE_NAME = '1.3.6.1.5.5.7.8.4';

/** A certificate with any other critical extension must be refused (RFC 5280 4.2). */
const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set([
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_certificatePolicies,
  id_ce_cRLDistributionPoints,
  id_ce_extKeyUsage,
  id_ce_issuerAltName,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
]);

/**
 * A certificate of the suite's curve. Throws `invalid-argument` for DER that is none, `overflow` for more of it than a certificate has, `unsupported` in suite 0 and for a
 * key of another curve. Its signature is not judged: see `isSignedBy`.
 */
export function parseCertificate(suite: SecuritySuite, der: Uint8Array): Certificate {
  const { curve } = publicKeyFacts(suite);
  return orInvalid('certificate', der, () => read(curve, der.slice()));
}

/** Whether the suite's algorithm and this key, X and Y, have signed the certificate. */
export function isSignedBy(suite: SecuritySuite, { der }: Certificate, publicKey: Uint8Array): boolean {
  const { curve } = publicKeyFacts(suite);
  const { tbsCertificateRaw, signatureAlgorithm, signatureValue } = AsnConvert.parse(der, Asn1Certificate);
  if (tbsCertificateRaw === undefined) return false;
  return verifyDer({ curve, publicKey }, signatureAlgorithm, tbsCertificateRaw, signatureValue);
}

/**
 * PKCS #10 request in DER for a certificate of `pair`, signed with it; its common name is the system title in capital
 * hexadecimal digits (Green Book 9.2.6.4). Throws `unsupported` in suite 0, `invalid-argument` for a pair of another curve.
 */
export function certificateRequest(
  suite: SecuritySuite,
  pair: EcKeyPair,
  systemTitle: Uint8Array,
): Uint8Array {
  const { curve } = publicKeyFacts(suite);
  const certificationRequestInfo = new CertificationRequestInfo({
    version: 0,
    subject: nameOf(commonNameOfTitle(systemTitle)),
    subjectPKInfo: keyInfoOf(pair.publicKey),
    attributes: new Attributes([]),
  });
  const signature = signDer(curve, pair.privateKey, AsnConvert.serialize(certificationRequestInfo));
  const request = new CertificationRequest({
    certificationRequestInfo,
    signatureAlgorithm: signatureAlgorithm(curve),
    signature,
  });
  return new Uint8Array(AsnConvert.serialize(request));
}

/**
 * X and Y that a PKCS #10 request asks a certificate for; undefined unless the request is signed with that key. Throws
 * `invalid-argument` for DER that is no request, `unsupported` in suite 0 and for a key of another curve.
 */
export function requestedKey(suite: SecuritySuite, request: Uint8Array): Uint8Array | undefined {
  const { curve } = publicKeyFacts(suite);
  return orInvalid('certificate request', request, () => {
    const parsed = AsnConvert.parse(request.slice(), CertificationRequest);
    const { certificationRequestInfo: info, certificationRequestInfoRaw: raw } = parsed;
    const publicKey = keyOf(curve, info.subjectPKInfo);
    const verified =
      raw !== undefined && verifyDer({ curve, publicKey }, parsed.signatureAlgorithm, raw, parsed.signature);
    return verified ? publicKey : undefined;
  });
}

const OWN_REFUSALS: ReadonlySet<string> = new Set(['invalid-argument', 'unsupported', 'overflow']);

/** The library and the reader of BER throw errors of their own for DER that does not fit. */
function orInvalid<Result>(what: string, der: Uint8Array, parse: () => Result): Result {
  if (der.length > LARGEST) throw new DcuError('overflow', `a ${what} of ${der.length} bytes`);
  try {
    return parse();
  } catch (error) {
    if (error instanceof DcuError && OWN_REFUSALS.has(error.code)) throw error;
    throw invalidCertificate(`not a ${what} in DER`, error);
  }
}

function read(curve: Curve, der: Uint8Array): Certificate {
  const certificate = AsnConvert.parse(der, Asn1Certificate);
  const { tbsCertificate: tbs } = certificate;
  checkEnvelope(der, certificate);
  if (tbs.version !== Version.v3) throw invalidCertificate('not an X.509 certificate of version 3');
  if (tbs.serialNumber.byteLength > LONGEST_SERIAL) throw invalidCertificate('the serial number is too long');
  const unknown = tbs.extensions?.find(({ critical, extnID }) => critical && !KNOWN_EXTENSIONS.has(extnID));
  if (unknown !== undefined) throw invalidCertificate(`critical extension ${unknown.extnID} is not known`);
  const systemTitle = systemTitleOf(tbs);
  const use = keyUseOf(tbs);
  const constraints = extension(tbs, id_ce_basicConstraints);
  const { cA = false, pathLenConstraint } =
    constraints === undefined ? {} : AsnConvert.parse(constraints.extnValue, BasicConstraints);
  return {
    der,
    serialNumber: new Uint8Array(tbs.serialNumber),
    ...namesOf(certificate),
    subjectAltName: contentOf(extension(tbs, id_ce_subjectAltName)),
    ...(systemTitle === undefined ? {} : { systemTitle }),
    publicKey: keyOf(curve, tbs.subjectPublicKeyInfo),
    ...(use === undefined ? {} : { use }),
    isAuthority: cA && maySignCertificates(tbs),
    ...(pathLenConstraint === undefined ? {} : { pathLength: pathLenConstraint }),
    notBeforeMs: tbs.validity.notBefore.getTime().getTime(),
    notAfterMs: tbs.validity.notAfter.getTime().getTime(),
  };
}

/** Issuer and subject byte for byte, as a name serialised anew may come out in other string types. */
function namesOf({ tbsCertificateRaw }: Asn1Certificate): Pick<Certificate, 'issuer' | 'subject'> {
  const fields = new ByteReader(readBer(new ByteReader(new Uint8Array(tbsCertificateRaw ?? NOTHING))).value);
  const [, , , issuer, , subject] = Array.from({ length: 6 }, () => {
    const { value, offset } = readBer(fields);
    return { whole: fields.bytes.slice(offset, fields.offset), value };
  });
  return { issuer: issuer?.whole ?? NOTHING, subject: subject?.whole ?? NOTHING };
}

function contentOf(found: Extension | undefined): Uint8Array {
  return found === undefined ? NOTHING : new Uint8Array(found.extnValue.buffer);
}

/** What the signature is not over must have its one DER form, or one certificate could be written in many ways. */
function checkEnvelope(der: Uint8Array, certificate: Asn1Certificate): void {
  const { tbsCertificate, tbsCertificateRaw, signatureAlgorithm, signatureValue } = certificate;
  const signature = ber(0x03, Uint8Array.of(0), new Uint8Array(signatureValue));
  const algorithm = new Uint8Array(AsnConvert.serialize(signatureAlgorithm));
  const signed = new Uint8Array(tbsCertificateRaw ?? NOTHING);
  if (
    !tbsCertificate.signature.isEqual(signatureAlgorithm) ||
    !equalBytes(der, ber(0x30, signed, algorithm, signature))
  ) {
    throw invalidCertificate('the signature does not stand as DER has it');
  }
}

function extension(tbs: TBSCertificate, id: string): Extension | undefined {
  return tbs.extensions?.find(({ extnID }) => extnID === id);
}

function usageOf(tbs: TBSCertificate): number | undefined {
  const usage = extension(tbs, id_ce_keyUsage);
  return usage === undefined ? undefined : AsnConvert.parse(usage.extnValue, KeyUsage).toNumber();
}

/** Where keyUsage is there, it says so (RFC 5280 4.2.1.9). */
function maySignCertificates(tbs: TBSCertificate): boolean {
  const flags = usageOf(tbs);
  return flags === undefined || (flags & KeyUsageFlags.keyCertSign) !== 0;
}

function keyUseOf(tbs: TBSCertificate): KeyUse | undefined {
  const extended = extension(tbs, id_ce_extKeyUsage);
  if (extended !== undefined && AsnConvert.parse(extended.extnValue, ExtendedKeyUsage).length > 0)
    return 'tls';
  const flags = usageOf(tbs);
  if (flags === undefined) return undefined;
  if ((flags & KeyUsageFlags.digitalSignature) !== 0) {
    return (flags & KeyUsageFlags.keyAgreement) !== 0 ? 'tls' : 'signature';
  }
  return (flags & KeyUsageFlags.keyAgreement) !== 0 ? 'agreement' : undefined;
}

function systemTitleOf(tbs: TBSCertificate): Uint8Array | undefined {
  const title = hardwareSerial(tbs) ?? hexName(commonNameOf(tbs.subject)) ?? uniqueIdentifier(tbs);
  return title?.length === 8 ? title : undefined;
}

/** HardwareModuleName ::= SEQUENCE { hwType OBJECT IDENTIFIER, hwSerialNum OCTET STRING } (RFC 4108). */
function hardwareSerial(tbs: TBSCertificate): Uint8Array | undefined {
  const names = extension(tbs, id_ce_subjectAltName);
  if (names === undefined) return undefined;
  const other = AsnConvert.parse(names.extnValue, SubjectAlternativeName).find(
    ({ otherName }) => otherName?.typeId === HARDWARE_MODULE_NAME,
  )?.otherName;
  if (other === undefined) return undefined;
  const sequence = readBer(new ByteReader(new Uint8Array(other.value))).value;
  const fields = new ByteReader(sequence);
  readBer(fields);
  const serial = readBer(fields);
  return serial.tag === 0x04 ? serial.value.slice() : undefined;
}

function hexName(name: string): Uint8Array | undefined {
  return /^[0-9a-f]{16}$/i.test(name) ? fromHex(name) : undefined;
}

/** A BIT STRING without unused bits. */
function uniqueIdentifier(tbs: TBSCertificate): Uint8Array | undefined {
  const value = attributeOf(tbs.subject, UNIQUE_IDENTIFIER)?.anyValue;
  if (value === undefined) return undefined;
  const { tag, value: bits } = readBer(new ByteReader(new Uint8Array(value)));
  return tag === 0x03 && bits[0] === 0 ? bits.slice(1) : undefined;
}
