import { createPublicKey, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CompactSign, compactVerify, importPKCS8 } from 'jose';
import { DcuError } from '../base/errors.ts';

/** How an image may be signed; whoever may sign one has everything, so nothing weak is among them. */
export const SIGNATURE_ALGORITHMS = ['EdDSA', 'ES256', 'ES384', 'PS256', 'PS512'] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** Bits of an RSA key at least. */
const LEAST_RSA_BITS = 3072;

/** A public key that images are accepted from. */
export interface TrustedKey {
  /** Of its file, without `.pem`. */
  readonly name: string;
  readonly key: KeyObject;
}

/**
 * The public keys (SPKI, PEM) in a directory, one a file; none where there is no such directory.
 * @throws DcuError `invalid-field` naming the file that is no public key, or too short a one
 */
export function readTrustedKeys(directory: string): readonly TrustedKey[] {
  return pemFiles(directory).map((file) => ({
    name: basename(file, '.pem'),
    key: publicKeyOf(file, readFileSync(join(directory, file), 'utf8')),
  }));
}

function pemFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((file) => file.endsWith('.pem'))
      .sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

function publicKeyOf(file: string, pem: string): KeyObject {
  // Node makes a public key of a private one without a word; a private key has no business on the device.
  if (pem.includes('PRIVATE KEY')) throw invalidKey(file, 'is a private key; only public keys belong here');
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw invalidKey(file, 'is no public key in PEM', cause);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < LEAST_RSA_BITS) {
    throw invalidKey(file, `has ${bits} bits; an RSA key must have ${LEAST_RSA_BITS} at least`);
  }
  return key;
}

const invalidKey = (file: string, what: string, cause?: unknown): DcuError =>
  new DcuError('invalid-field', `${file} ${what}`, { field: file, cause });

/**
 * The payload of a signed manifest (JWS compact serialisation, RFC 7515), and whose key has signed it.
 * @throws DcuError `authentication-failed` when none of the keys has
 */
export async function verifySigned(
  jws: string,
  keys: readonly TrustedKey[],
): Promise<{ readonly payload: Uint8Array; readonly signedBy: string }> {
  if (keys.length === 0) {
    throw new DcuError('authentication-failed', 'no key is there that an image could be signed with');
  }
  let reason: unknown;
  for (const { name, key } of keys) {
    try {
      const { payload } = await compactVerify(jws, key, { algorithms: [...SIGNATURE_ALGORITHMS] });
      return { payload, signedBy: name };
    } catch (error) {
      reason = error;
    }
  }
  throw new DcuError('authentication-failed', 'the image is signed by none of the trusted keys', {
    cause: reason,
  });
}

/** @param privateKey PKCS #8, PEM; fit for the algorithm. @throws DcuError `invalid-field` */
export async function signManifest(
  payload: Uint8Array,
  privateKey: string,
  algorithm: SignatureAlgorithm,
): Promise<string> {
  try {
    const key = await importPKCS8(privateKey, algorithm);
    return await new CompactSign(payload).setProtectedHeader({ alg: algorithm }).sign(key);
  } catch (cause) {
    // The reason of the library does not quote the key.
    throw new DcuError('invalid-field', `the key cannot sign with ${algorithm}`, { field: 'key', cause });
  }
}
