import { concat } from '../../../src/base/bytes.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { ber } from '../../../src/dlms/ber.ts';
import type { EcKeyPair } from '../../../src/dlms/ciphering/types.ts';
import { type KeyUse, parseCertificate } from '../../../src/dlms/ciphering/x509.ts';
import type { CertificateEntity, StoredCertificate } from '../../../src/dlms/cosem/security-store.ts';
import { ecdsaSign, generateEcKeyPair } from '../../../src/kernels/index.ts';

/** A small certification authority of P-256: what it issues is as much of X.509 as the Green Book asks for. */
const random = new SeededRandom(5);
const AUTHORITY_PAIR: EcKeyPair = generateEcKeyPair('P-256', (length) => random.bytes(length));
let serial = 1;

const hex = (text: string): Uint8Array => Uint8Array.fromHex(text);
const oid = (text: string): Uint8Array => ber(0x06, hex(text));
const name = (text: string): Uint8Array =>
  ber(0x30, ber(0x31, ber(0x30, oid('550403'), ber(0x0c, new TextEncoder().encode(text)))));
const time = (text: string): Uint8Array => ber(0x17, new TextEncoder().encode(text));
const extension = (id: string, ...value: Uint8Array[]): Uint8Array => ber(0x30, oid(id), ber(0x04, ...value));
const KEY_USAGE = { signature: 0x80, agreement: 0x08, tls: 0x80 } as const;
const ECDSA_SHA256 = ber(0x30, oid('2a8648ce3d040302'));

const CERTIFICATE_SIGNING = 0x04;
const MAIN_AUTHORITY = 'Test authority';

export interface Wanted {
  readonly title: Uint8Array | 'authority';
  readonly use: KeyUse;
  readonly publicKey: Uint8Array;
  readonly signer?: EcKeyPair;
  /** Names of authorities: the main one unless told. */
  readonly issuer?: string;
  readonly subject?: string;
  /** Of an authority: how many others may stand between it and a device. */
  readonly pathLength?: number;
  /** First byte of keyUsage, where it is to be another one than is due. */
  readonly usage?: number;
}

/** DER of a certificate, signed by the authority unless another signer is given. */
export function issue(wanted: Wanted): Uint8Array {
  const { title, use, publicKey, signer = AUTHORITY_PAIR, pathLength } = wanted;
  const { issuer = MAIN_AUTHORITY, subject = MAIN_AUTHORITY } = wanted;
  const isAuthority = title === 'authority';
  const { usage = isAuthority ? CERTIFICATE_SIGNING : KEY_USAGE[use] } = wanted;
  const limit = pathLength === undefined ? [] : [ber(0x02, Uint8Array.of(pathLength))];
  const point = ber(0x03, concat([Uint8Array.of(0, 4), publicKey]));
  const extensions = ber(
    0x30,
    extension('551d0f', ber(0x03, Uint8Array.of(unusedBits(usage), usage))),
    ...(isAuthority ? [extension('551d13', ber(0x30, ber(0x01, Uint8Array.of(0xff)), ...limit))] : []),
    ...(use === 'tls' ? [extension('551d25', ber(0x30, oid('2b06010505070301')))] : []),
  );
  const body = ber(
    0x30,
    ber(0xa0, ber(0x02, Uint8Array.of(2))),
    ber(0x02, Uint8Array.of(0x10, serial++)),
    ECDSA_SHA256,
    name(issuer),
    ber(0x30, time('260101000000Z'), time('460101000000Z')),
    name(isAuthority ? subject : title.toHex().toUpperCase()),
    ber(0x30, ber(0x30, oid('2a8648ce3d0201'), oid('2a8648ce3d030107')), point),
    ber(0xa3, extensions),
  );
  const raw = ecdsaSign('P-256', signer.privateKey, body);
  const integer = (part: Uint8Array): Uint8Array => {
    const first = part.findIndex((byte) => byte !== 0);
    const digits = part.subarray(first);
    return ber(0x02, concat([new Uint8Array((digits[0] ?? 0) >= 0x80 ? 1 : 0), digits]));
  };
  const signature = ber(0x30, integer(raw.subarray(0, 32)), integer(raw.subarray(32)));
  return ber(0x30, body, ECDSA_SHA256, ber(0x03, Uint8Array.of(0), signature));
}

const unusedBits = (byte: number): number => (byte === 0 ? 0 : 31 - Math.clz32(byte & -byte));

export function certificateOf(
  entity: CertificateEntity,
  use: KeyUse,
  title: Uint8Array,
  publicKey: Uint8Array,
): StoredCertificate {
  return { ...parseCertificate(1, issue({ title, use, publicKey })), entity };
}

/** The authority's own certificate. */
export const AUTHORITY: StoredCertificate = {
  ...parseCertificate(
    1,
    issue({ title: 'authority', use: 'signature', publicKey: AUTHORITY_PAIR.publicKey }),
  ),
  entity: 'authority',
};
