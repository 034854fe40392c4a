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
} from '@peculiar/asn1-x509';
import { ByteReader, equalBytes, fromHex } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { ber, readBer } from '../ber.ts';
import {
  attributeOf,
  type CertifiedKey,
  commonNameOf,
  invalidCertificate,
  keyOf,
  UNIQUE_IDENTIFIER,
  verifyDer,
} from './certificate-parts.ts';

/** What the key of a certificate may be used for (Green Book 9.2.6.4.4.4). */
export type CertificatePurpose = 'digital-signature' | 'key-agreement' | 'tls' | 'authority';

/** An X.509 v3 certificate as far as DLMS looks at it. */
export interface Certificate extends CertifiedKey {
  readonly der: Uint8Array;
  /** Big-endian, without a leading zero. */
  readonly serialNumber: Uint8Array;
  /** Common names; empty where there is none. */
  readonly issuer: string;
  readonly subject: string;
  /** The names whole, as DER: what class 64 identifies a certificate by. */
  readonly issuerDer: Uint8Array;
  readonly subjectDer: Uint8Array;
  /** From hwSerialNum in the alternative name, a common name of 16 hex digits, or the unique identifier, in this order. */
  readonly systemTitle?: Uint8Array;
  /** Undefined when the key usage is none that DLMS knows. */
  readonly purpose?: CertificatePurpose;
  /** UTC ms, both inclusive. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** No certificate with one P-384 key comes near; keeps nested rubbish from costing more than it must. */
const LARGEST = 8192;
const VERSION_3 = 2;
const LONGEST_SERIAL = 20;
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

/** Parses DER. Throws `invalid-argument` naming `certificate` when it is not one that DLMS can use. */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > LARGEST) throw invalidCertificate(`a certificate of ${der.length} bytes`);
  try {
    return read(der.slice());
  } catch (error) {
    if (error instanceof DcuError) throw error;
    throw invalidCertificate('not an X.509 certificate in DER', error);
  }
}

/** Whether `issuer` has signed it, and may: its curve is not weaker, and its names and validity are left to the caller. */
export function isIssuedBy(certificate: Certificate, issuer: CertifiedKey): boolean {
  if (certificate.curve === 'P-384' && issuer.curve === 'P-256') return false;
  const { tbsCertificateRaw, signatureAlgorithm, signatureValue } = AsnConvert.parse(
    certificate.der,
    Asn1Certificate,
  );
  if (tbsCertificateRaw === undefined) return false;
  return verifyDer(issuer, signatureAlgorithm, tbsCertificateRaw, signatureValue);
}

function read(der: Uint8Array): Certificate {
  const certificate = AsnConvert.parse(der, Asn1Certificate);
  const { tbsCertificate: tbs } = certificate;
  checkEnvelope(der, certificate);
  if (tbs.version !== VERSION_3) throw invalidCertificate('not an X.509 certificate of version 3');
  const serialNumber = withoutZeros(new Uint8Array(tbs.serialNumber));
  if (serialNumber.length > LONGEST_SERIAL) throw invalidCertificate('the serial number is too long');
  const unknown = tbs.extensions?.find(({ critical, extnID }) => critical && !KNOWN_EXTENSIONS.has(extnID));
  if (unknown !== undefined) throw invalidCertificate(`critical extension ${unknown.extnID} is not known`);
  const systemTitle = systemTitleOf(tbs);
  const purpose = purposeOf(tbs);
  return {
    ...keyOf(tbs.subjectPublicKeyInfo),
    der,
    serialNumber,
    issuer: commonNameOf(tbs.issuer),
    subject: commonNameOf(tbs.subject),
    issuerDer: new Uint8Array(AsnConvert.serialize(tbs.issuer)),
    subjectDer: new Uint8Array(AsnConvert.serialize(tbs.subject)),
    ...(systemTitle === undefined ? {} : { systemTitle }),
    ...(purpose === undefined ? {} : { purpose }),
    notBeforeMs: tbs.validity.notBefore.getTime().getTime(),
    notAfterMs: tbs.validity.notAfter.getTime().getTime(),
  };
}

/** What the signature is not over must have its one DER form, or one certificate could be written in many ways. */
function checkEnvelope(der: Uint8Array, certificate: Asn1Certificate): void {
  const { tbsCertificate, tbsCertificateRaw, signatureAlgorithm, signatureValue } = certificate;
  const signature = ber(0x03, Uint8Array.of(0), new Uint8Array(signatureValue));
  const algorithm = new Uint8Array(AsnConvert.serialize(signatureAlgorithm));
  const signed = new Uint8Array(tbsCertificateRaw ?? new ArrayBuffer(0));
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

function purposeOf(tbs: TBSCertificate): CertificatePurpose | undefined {
  const constraints = extension(tbs, id_ce_basicConstraints);
  const usage = extension(tbs, id_ce_keyUsage);
  if (usage === undefined) return undefined;
  const flags = AsnConvert.parse(usage.extnValue, KeyUsage).toNumber();
  const has = (flag: KeyUsageFlags): boolean => (flags & flag) !== 0;
  if (has(KeyUsageFlags.keyCertSign)) {
    const isAuthority =
      constraints !== undefined && AsnConvert.parse(constraints.extnValue, BasicConstraints).cA;
    return isAuthority ? 'authority' : undefined;
  }
  const extended = extension(tbs, id_ce_extKeyUsage);
  if (extended !== undefined && AsnConvert.parse(extended.extnValue, ExtendedKeyUsage).length > 0)
    return 'tls';
  if (has(KeyUsageFlags.digitalSignature) && has(KeyUsageFlags.keyAgreement)) return 'tls';
  if (has(KeyUsageFlags.digitalSignature)) return 'digital-signature';
  return has(KeyUsageFlags.keyAgreement) ? 'key-agreement' : undefined;
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

function withoutZeros(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? bytes.slice(0, 1) : bytes.slice(first);
}
