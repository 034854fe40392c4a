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
  Version,
} from '@peculiar/asn1-x509';
import { DcuError } from '../../base/errors.ts';
import type { EcKeyPair } from './types.ts';
import type { KeyUse } from './x509.ts';
import { curveOf, keyInfoOf, nameOf, signatureAlgorithm, signDer, unsigned } from './x509-parts.ts';

/** What a certificate is issued for. */
export type CertificatePurpose = KeyUse | 'authority';

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
    version: Version.v3,
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
  signature: KeyUsageFlags.digitalSignature,
  agreement: KeyUsageFlags.keyAgreement,
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
    case 'signature':
    case 'agreement':
      return [usage];
  }
}

function extension(extnID: string, critical: boolean, value: object): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}
