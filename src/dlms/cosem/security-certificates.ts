import { equalBytes } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { ber } from '../ber.ts';
import { type Certificate, isSignedBy, KEY_USES, type KeyUse, parseCertificate } from '../ciphering/x509.ts';
import type { DlmsData } from '../data.ts';
import { enumeration, octetString, structure } from '../values.ts';
import {
  CERTIFICATE_ENTITIES,
  type CertificateEntity,
  type SecurityStore,
  type StoredCertificate,
} from './security-store.ts';

/** Certificates that one device keeps. */
const MOST_CERTIFICATES = 32;
const OTHER_TYPE = 3;
const BY_ENTITY = 0;
const BY_SERIAL = 1;
const INTEGER = 0x02;

/** certificate_info of class 64 version 1. */
export function certificateData(certificate: StoredCertificate): DlmsData {
  const { entity, use, serialNumber, issuer, subject, subjectAltName } = certificate;
  return structure(
    enumeration(CERTIFICATE_ENTITIES.indexOf(entity)),
    enumeration(use === undefined ? OTHER_TYPE : KEY_USES.indexOf(use)),
    octetString(serialNumber),
    octetString(issuer),
    octetString(subject),
    octetString(subjectAltName),
  );
}

/**
 * Takes a certificate in, if an authority that is stored already has signed it. One of our own makes the key pair that
 * was generated for it count. False, with nothing changed, for anything else.
 */
export function importCertificate(store: SecurityStore, systemTitle: Uint8Array, der: Uint8Array): boolean {
  const suite = store.suite();
  const certificate = parsedOrNot(() => parseCertificate(suite, der));
  const stored = store.certificates();
  if (certificate === undefined || stored.length >= MOST_CERTIFICATES) return false;
  if (stored.some((one) => isSame(one, certificate))) return false;
  const issuer = authoritiesNamed(stored, certificate.issuer).find((one) =>
    isSignedBy(suite, certificate, one.publicKey),
  );
  if (issuer === undefined) return false;
  if (certificate.isAuthority && !mayHaveBelow(stored, issuer)) return false;
  const entity = entityOf(certificate, systemTitle);
  const { use } = certificate;
  if (entity !== 'server') {
    store.addCertificate({ ...certificate, entity }, undefined);
    return true;
  }
  if (use === undefined) return false;
  const own = [store.pendingKeyPair(use), store.keyPair(use)].findIndex(
    (pair) => pair !== undefined && equalBytes(pair.publicKey, certificate.publicKey),
  );
  // A certificate for a key that is not ours would be shown and could not be used.
  if (own < 0) return false;
  store.addCertificate({ ...certificate, entity }, own === 0 ? use : undefined);
  return true;
}

function authoritiesNamed(stored: readonly StoredCertificate[], name: Uint8Array): StoredCertificate[] {
  return stored.filter((one) => one.entity === 'authority' && equalBytes(one.subject, name));
}

/** Whether another authority may follow this one: the path lengths of all above it allow it (RFC 5280 4.2.1.9). */
function mayHaveBelow(stored: readonly StoredCertificate[], issuer: StoredCertificate): boolean {
  let above: StoredCertificate | undefined = issuer;
  for (let between = 1; above !== undefined && between <= stored.length; between++) {
    if (above.pathLength !== undefined && above.pathLength < between) return false;
    const { issuer: name, subject }: StoredCertificate = above;
    above = equalBytes(name, subject) ? undefined : authoritiesNamed(stored, name)[0];
  }
  return true;
}

/** The certificate that a certificate_identification names; `none` if there is no such one, undefined if it is none. */
export function identifiedCertificate(
  store: SecurityStore,
  identification: DlmsData,
): StoredCertificate | 'none' | undefined {
  const [how, options] = identification.type === 'structure' ? identification.elements : [];
  const parts = options?.type === 'structure' ? options.elements : undefined;
  if (how?.type !== 'enum' || parts === undefined) return undefined;
  if (how.value === BY_ENTITY) return byEntity(store, parts);
  return how.value === BY_SERIAL ? bySerial(store, parts) : undefined;
}

function byEntity(
  store: SecurityStore,
  [entity, type, title]: readonly DlmsData[],
): StoredCertificate | 'none' | undefined {
  if (entity?.type !== 'enum' || type?.type !== 'enum' || title?.type !== 'octet-string') return undefined;
  const wanted: CertificateEntity | undefined = CERTIFICATE_ENTITIES[entity.value];
  const use: KeyUse | undefined = KEY_USES[type.value];
  return (
    store
      .certificates()
      .findLast(
        (one) =>
          one.entity === wanted &&
          one.use === use &&
          (one.systemTitle === undefined || equalBytes(one.systemTitle, title.value)),
      ) ?? 'none'
  );
}

function bySerial(
  store: SecurityStore,
  [serial, issuer]: readonly DlmsData[],
): StoredCertificate | 'none' | undefined {
  if (serial?.type !== 'octet-string' || issuer?.type !== 'octet-string') return undefined;
  // The standard leaves open whether tag and length of the INTEGER come along.
  const isSerial = (number: Uint8Array): boolean =>
    equalBytes(number, serial.value) || equalBytes(ber(INTEGER, number), serial.value);
  const found = store
    .certificates()
    .find((one) => isSerial(one.serialNumber) && equalBytes(one.issuer, issuer.value));
  return found ?? 'none';
}

function entityOf(certificate: Certificate, systemTitle: Uint8Array): CertificateEntity {
  if (certificate.isAuthority) return 'authority';
  const title = certificate.systemTitle;
  if (title === undefined) return 'other';
  return equalBytes(title, systemTitle) ? 'server' : 'client';
}

const isSame = (a: Certificate, b: Certificate): boolean =>
  equalBytes(a.serialNumber, b.serialNumber) && equalBytes(a.issuer, b.issuer);

function parsedOrNot(parse: () => Certificate): Certificate | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof DcuError) return undefined;
    throw error;
  }
}
