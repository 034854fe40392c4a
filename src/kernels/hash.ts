import { createHash } from 'node:crypto';

/** The digests that DLMS/COSEM names: HLS mechanisms 3, 4, 6 and 7, signatures and key derivation. */
export type DigestName = 'md5' | 'sha1' | 'sha256' | 'sha384';

/** Digest of `bytes`: 16, 20, 32 or 48 bytes. */
export function digest(name: DigestName, bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash(name).update(bytes).digest());
}
