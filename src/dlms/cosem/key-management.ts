import { DcuError } from '../../base/errors.ts';
import type { SecuritySuite } from '../../base/model.ts';
import { keyBytes } from '../../base/security-needs.ts';
import { wrapKey } from '../../kernels/index.ts';
import { decodeData } from '../axdr.ts';
import { completeAgreement, type EphemeralShare, makeEphemeralShare } from '../ciphering/key-agreement.ts';
import type { EcKeyPair } from '../ciphering/types.ts';
import { KEY_USES, type KeyUse } from '../ciphering/x509.ts';
import type { MethodCall } from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import { array, enumeration, octetString, structure } from '../values.ts';
import { CERTIFICATE_ENTITIES, type CertificateEntity, KEY_IDS, type KeyName } from './security-store.ts';

/** The client's calls of a security setup (class 64), and what their answers mean. */
const SECURITY_SETUP = '0.0.43.0.0.255';

const call = (attribute: number, parameter: DlmsData, obis: string): MethodCall => ({
  method: { classId: 64, obis, attribute },
  parameter,
});

/** security_activate; the server only raises its policy. */
export const activatePolicy = (policy: number, obis = SECURITY_SETUP): MethodCall =>
  call(1, enumeration(policy), obis);

/**
 * key_transfer (version 0: global_key_transfer): new keys wrapped with the master key (RFC 3394). They hold after the
 * answer. Throws `invalid-field` naming a key whose length is not the suite's.
 */
export function transferKeys(
  suite: SecuritySuite,
  masterKey: Uint8Array,
  keys: Readonly<Partial<Record<KeyName, Uint8Array>>>,
  obis = SECURITY_SETUP,
): MethodCall {
  const rows = (Object.keys(KEY_IDS) as KeyName[]).flatMap((name) => {
    const key = keys[name];
    if (key === undefined) return [];
    if (key.length !== keyBytes(suite)) {
      throw new DcuError('invalid-field', `${name} has ${keyBytes(suite)} bytes, not ${key.length}`, {
        field: name,
      });
    }
    return [structure(enumeration(KEY_IDS[name]), octetString(wrapKey(masterKey, key)))];
  });
  if (rows.length === 0) throw new DcuError('invalid-argument', 'no key to transfer', { field: 'keys' });
  return call(2, array(rows), obis);
}

/** What the client agrees with: its signature key, the server's, and both titles. */
export interface AgreementParties {
  readonly suite: SecuritySuite;
  readonly signingKey: EcKeyPair;
  readonly peerSigningKey: Uint8Array;
  readonly clientTitle: Uint8Array;
  readonly serverTitle: Uint8Array;
  readonly randomBytes: (length: number) => Uint8Array;
}

/** A key_agreement under way: what is called, and the keys that the answer makes of it. */
export interface KeyOffer {
  readonly call: MethodCall;
  /**
   * The agreed keys, which hold from now on. `reply` is the A-XDR of the method's return value. Throws
   * `authentication-failed` unless the server has answered and signed for each key that was offered.
   */
  complete(reply: Uint8Array): ReadonlyMap<KeyName, Uint8Array>;
}

/** key_agreement of version 1, C(2e, 0s), for the keys named. Throws `unsupported` in suite 0. */
export function agreeOnKeys(
  names: readonly KeyName[],
  parties: AgreementParties,
  obis = SECURITY_SETUP,
): KeyOffer {
  const { suite, signingKey, randomBytes } = parties;
  const shares = new Map<KeyName, EphemeralShare>();
  for (const name of names) {
    shares.set(name, makeEphemeralShare(suite, KEY_IDS[name], signingKey, randomBytes));
  }
  if (shares.size === 0) throw new DcuError('invalid-argument', 'no key to agree on', { field: 'keys' });
  const rows = [...shares].map(([name, { keyData }]) =>
    structure(enumeration(KEY_IDS[name]), octetString(keyData)),
  );
  return {
    call: call(3, array(rows), obis),
    complete: (reply) => completed(shares, parties, reply),
  };
}

function completed(
  shares: ReadonlyMap<KeyName, EphemeralShare>,
  parties: AgreementParties,
  reply: Uint8Array,
): ReadonlyMap<KeyName, Uint8Array> {
  const answered = repliedShares(reply);
  const { suite, peerSigningKey, clientTitle, serverTitle } = parties;
  const keys = new Map<KeyName, Uint8Array>();
  for (const [name, share] of shares) {
    const keyId = KEY_IDS[name];
    const peerKeyData = answered.get(keyId);
    const key =
      peerKeyData &&
      completeAgreement(suite, {
        keyId,
        ownShare: share.pair,
        peerKeyData,
        peerSigningKey,
        clientTitle,
        serverTitle,
      });
    if (key === undefined) {
      throw new DcuError('authentication-failed', `the server has not agreed on ${name}`, { field: name });
    }
    keys.set(name, key);
  }
  for (const { pair } of shares.values()) pair.privateKey.fill(0);
  return keys;
}

function repliedShares(reply: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const data = decodeData(reply);
  const rows = data.type === 'array' ? data.elements : [];
  const shares = new Map<number, Uint8Array>();
  for (const row of rows) {
    const [id, share] = row.type === 'structure' ? row.elements : [];
    if (id?.type === 'enum' && share?.type === 'octet-string') shares.set(id.value, share.value);
  }
  return shares;
}

/** generate_key_pair: the new pair counts when its certificate is imported. */
export const generateKeyPair = (use: KeyUse, obis = SECURITY_SETUP): MethodCall =>
  call(4, enumeration(KEY_USES.indexOf(use)), obis);

/** generate_certificate_request; `octetsOf` its answer is the PKCS #10 request in DER. */
export const requestCertificate = (use: KeyUse, obis = SECURITY_SETUP): MethodCall =>
  call(5, enumeration(KEY_USES.indexOf(use)), obis);

/** import_certificate of a certificate in DER. */
export const importCertificate = (der: Uint8Array, obis = SECURITY_SETUP): MethodCall =>
  call(6, octetString(der), obis);

/** Names a certificate of a security setup. */
export type CertificateName =
  | { readonly entity: CertificateEntity; readonly use: KeyUse; readonly systemTitle: Uint8Array }
  | { readonly serialNumber: Uint8Array; readonly issuer: Uint8Array };

/** export_certificate; `octetsOf` its answer is the certificate in DER. */
export const exportCertificate = (name: CertificateName, obis = SECURITY_SETUP): MethodCall =>
  call(7, identification(name), obis);

export const removeCertificate = (name: CertificateName, obis = SECURITY_SETUP): MethodCall =>
  call(8, identification(name), obis);

/** certificate_identification: by entity (0) or by serial number (1). */
function identification(name: CertificateName): DlmsData {
  if ('entity' in name) {
    const { entity, use, systemTitle } = name;
    return structure(
      enumeration(0),
      structure(
        enumeration(CERTIFICATE_ENTITIES.indexOf(entity)),
        enumeration(KEY_USES.indexOf(use)),
        octetString(systemTitle),
      ),
    );
  }
  return structure(enumeration(1), structure(octetString(name.serialNumber), octetString(name.issuer)));
}

/** The octets that a method returned. Throws `type-mismatch` for anything else. */
export function octetsOf(reply: Uint8Array): Uint8Array {
  const data = decodeData(reply);
  if (data.type === 'octet-string') return data.value;
  throw new DcuError('type-mismatch', `${data.type} where octets are due`);
}
