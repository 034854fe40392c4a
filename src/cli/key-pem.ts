import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { DcuError } from '../base/errors.ts';
import type { SecuritySuite } from '../base/model.ts';
import { scalarBytes } from '../base/security-needs.ts';
import type { EcKeyPair } from '../dlms/ciphering/types.ts';
import { readTextFile } from './key-file.ts';

const CURVES = { 0: undefined, 1: 'P-256', 2: 'P-384' } as const satisfies Record<
  SecuritySuite,
  string | undefined
>;

interface EcJwk {
  readonly crv?: string | undefined;
  readonly d?: string | undefined;
  readonly x?: string | undefined;
  readonly y?: string | undefined;
}

/** A key pair from a PEM file with a private key (PKCS#8). @throws DcuError `usage`, `invalid-argument` */
export function readKeyPair(option: string, path: string, suite: SecuritySuite): EcKeyPair {
  const jwk = exported(option, path, suite, createPrivateKey);
  return {
    privateKey: coordinate(option, path, jwk.d, suite),
    publicKey: publicPoint(option, path, jwk, suite),
  };
}

/** A public key, X and Y, from a PEM file with a public key (SPKI) or a certificate. @throws as `readKeyPair` */
export function readPublicKey(option: string, path: string, suite: SecuritySuite): Uint8Array {
  const load = (pem: string): KeyObject =>
    pem.includes('BEGIN CERTIFICATE') ? new X509Certificate(pem).publicKey : createPublicKey(pem);
  return publicPoint(option, path, exported(option, path, suite, load), suite);
}

function exported(
  option: string,
  path: string,
  suite: SecuritySuite,
  load: (pem: string) => KeyObject,
): EcJwk {
  const curve = CURVES[suite];
  if (curve === undefined) {
    throw new DcuError('usage', `--${option} needs --suite 1 or 2`, { field: option });
  }
  const pem = readTextFile(path, option);
  let jwk: EcJwk;
  try {
    jwk = load(pem).export({ format: 'jwk' });
  } catch {
    // Whatever the library says could quote key material.
    throw wrong(option, path, 'holds no such key in PEM form');
  }
  if (jwk.crv !== curve) throw wrong(option, path, `holds no key of ${curve}, the curve of suite ${suite}`);
  return jwk;
}

function publicPoint(option: string, path: string, jwk: EcJwk, suite: SecuritySuite): Uint8Array {
  const size = scalarBytes(suite);
  const point = new Uint8Array(2 * size);
  point.set(coordinate(option, path, jwk.x, suite));
  point.set(coordinate(option, path, jwk.y, suite), size);
  return point;
}

/** Big-endian, of the curve's size. */
function coordinate(
  option: string,
  path: string,
  text: string | undefined,
  suite: SecuritySuite,
): Uint8Array {
  const bytes = Uint8Array.fromBase64(text ?? '', { alphabet: 'base64url' });
  if (bytes.length !== scalarBytes(suite)) throw wrong(option, path, 'holds an incomplete key');
  return bytes;
}

const wrong = (option: string, path: string, what: string): DcuError =>
  new DcuError('invalid-argument', `--${option}: '${path}' ${what}`, { field: option });

/** PKCS#8 in PEM form. */
export function privateKeyPem(pair: EcKeyPair, suite: SecuritySuite): string {
  const key = { ...publicJwk(pair.publicKey, suite), d: base64url(pair.privateKey) };
  return createPrivateKey({ key, format: 'jwk' }).export({ format: 'pem', type: 'pkcs8' });
}

/** SPKI in PEM form. */
export function publicKeyPem(publicKey: Uint8Array, suite: SecuritySuite): string {
  const key = publicJwk(publicKey, suite);
  return createPublicKey({ key, format: 'jwk' }).export({ format: 'pem', type: 'spki' });
}

function publicJwk(
  publicKey: Uint8Array,
  suite: SecuritySuite,
): { kty: 'EC'; crv: string; x: string; y: string } {
  const size = scalarBytes(suite);
  return {
    kty: 'EC',
    crv: CURVES[suite] ?? '',
    x: base64url(publicKey.subarray(0, size)),
    y: base64url(publicKey.subarray(size)),
  };
}

const base64url = (bytes: Uint8Array): string => bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
