import { CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  Certificate as Asn1Certificate,
  BasicConstraints,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyUsage,
  KeyUsageFlags,
  Name,
  TBSCertificate,
  Time,
  Validity,
} from '@peculiar/asn1-x509';
import { toHex } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { CertificatePurpose } from './certificate.ts';
import {
  type CertifiedKey,
  commonNameOf,
  curveOf,
  invalidCertificate,
  keyInfoOf,
  keyOf,
  nameOf,
  signatureAlgorithm,
  signDer,
  unsigned,
  verifyDer,
} from './certificate-parts.ts';
import type { EcKeyPair } from './types.ts';

/** The common name of a device: its system title in capital hex digits. */
export function commonNameOfTitle(systemTitle: Uint8Array): string {
  return toHex(systemTitle).toUpperCase();
}

/**
 * A PKCS #10 request in DER for the pair's public key, signed with its private key. Throws `invalid-argument` for keys
 * that are none.
 */
export function makeCertificateRequest(commonName: string, pair: EcKeyPair): Uint8Array {
  const curve = curveOf(pair.publicKey);
  const certificationRequestInfo = new CertificationRequestInfo({
    version: 0,
    subject: nameOf(commonName),
    subjectPKInfo: keyInfoOf(pair.publicKey),
  });
  const signature = signDer(curve, pair.privateKey, AsnConvert.serialize(certificationRequestInfo));
  const request = new CertificationRequest({
    certificationRequestInfo,
    signatureAlgorithm: signatureAlgorithm(curve),
    signature,
  });
  return new Uint8Array(AsnConvert.serialize(request));
}

/** What a request asks to have certified. */
export interface CertificateRequest extends CertifiedKey {
  readonly subject: string;
}

/** Parses DER and checks the request's own signature. Throws `invalid-argument` naming `certificate`. */
export function parseCertificateRequest(der: Uint8Array): CertificateRequest {
  try {
    return readRequest(der.slice());
  } catch (error) {
    if (error instanceof DcuError) throw error;
    throw invalidCertificate('not a certificate request in DER', error);
  }
}

function readRequest(der: Uint8Array): CertificateRequest {
  const request = AsnConvert.parse(der, CertificationRequest);
  const { certificationRequestInfo: info, certificationRequestInfoRaw: raw } = request;
  const key = keyOf(info.subjectPKInfo);
  if (raw === undefined || !verifyDer(key, request.signatureAlgorithm, raw, request.signature)) {
    throw invalidCertificate('the request is not signed with the key that it presents');
  }
  return { ...key, subject: commonNameOf(info.subject) };
}

/** What a certificate is to say; times in UTC ms, from outside. */
export interface CertificateOrder {
  /** Up to 20 bytes, big-endian. */
  readonly serialNumber: Uint8Array;
  readonly subject: string;
  readonly publicKey: Uint8Array;
  readonly purpose: CertificatePurpose;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Who signs; with the subject's own name and pair, the certificate is self-signed. */
  readonly issuer: {
    readonly keyPair: EcKeyPair;
    /** A common name, or a whole name in DER as a certificate has it. */
    readonly name: string | Uint8Array;
  };
}

/** An X.509 v3 certificate in DER. Throws `invalid-argument` for keys or times that are none. */
export function makeCertificate(order: CertificateOrder): Uint8Array {
  const { issuer, notBeforeMs, notAfterMs } = order;
  if (!(notBeforeMs > 0 && notAfterMs > notBeforeMs)) {
    throw new DcuError('invalid-argument', 'a certificate is valid from one time to a later one', {
      field: 'notAfterMs',
    });
  }
  const curve = curveOf(issuer.keyPair.publicKey);
  const validity = new Validity();
  validity.notBefore = new Time(notBeforeMs);
  validity.notAfter = new Time(notAfterMs);
  const tbsCertificate = new TBSCertificate({
    version: 2,
    serialNumber: unsigned(order.serialNumber),
    signature: signatureAlgorithm(curve),
    issuer: typeof issuer.name === 'string' ? nameOf(issuer.name) : AsnConvert.parse(issuer.name, Name),
    validity,
    subject: nameOf(order.subject),
    subjectPublicKeyInfo: keyInfoOf(order.publicKey),
    extensions: new Extensions(extensionsFor(order.purpose)),
  });
  const signatureValue = signDer(curve, issuer.keyPair.privateKey, AsnConvert.serialize(tbsCertificate));
  const certificate = new Asn1Certificate({
    tbsCertificate,
    signatureAlgorithm: signatureAlgorithm(curve),
    signatureValue,
  });
  return new Uint8Array(AsnConvert.serialize(certificate));
}

/** The bits of key usage that each purpose needs and no other (Green Book 9.2.6.4.4.4). */
const USAGE = {
  'digital-signature': KeyUsageFlags.digitalSignature,
  'key-agreement': KeyUsageFlags.keyAgreement,
  tls: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyAgreement,
  authority: KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign,
} as const satisfies Record<CertificatePurpose, number>;

function extensionsFor(purpose: CertificatePurpose): Extension[] {
  const usage = extension(id_ce_keyUsage, true, new KeyUsage(USAGE[purpose]));
  switch (purpose) {
    case 'authority':
      return [usage, extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: true }))];
    case 'tls':
      return [
        usage,
        extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth, id_kp_clientAuth])),
      ];
    case 'digital-signature':
    case 'key-agreement':
      return [usage];
  }
}

function extension(extnID: string, critical: boolean, value: object): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}
