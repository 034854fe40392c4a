import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { DcuError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { writePrivateFile } from './private-file.ts';

/** Seals small secrets for a place; what is moved to another place or changed does not open. */
export interface Vault {
  /** JWE compact serialisation (RFC 7516) with `dir` and A256GCM; `place` is in its protected header. */
  seal(secret: Uint8Array, place: string): Promise<string>;
  /** @throws DcuError `storage-corrupt` */
  open(sealed: string, place: string): Promise<Uint8Array>;
}

const KEY_FILE = 'master.key';
const KEY_BYTES = 32;

/**
 * Opens the vault of a data directory; makes its master key (32 bytes, mode 0600) at first start.
 * @throws DcuError `storage-corrupt` when the key file has another length or others may read it
 */
export function openVault(directory: string, random: Random): Vault {
  const key = readKey(join(directory, KEY_FILE), random);
  return {
    seal: (secret, place) =>
      new CompactEncrypt(secret).setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: place }).encrypt(key),
    open: async (sealed, place) => {
      const { plaintext, protectedHeader } = await compactDecrypt(sealed, key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
      }).catch((error: unknown) => {
        // The reason says which check failed; neither key nor plaintext is in it.
        throw new DcuError('storage-corrupt', `the sealed secret of ${place} does not open`, {
          cause: error,
        });
      });
      if (protectedHeader.kid === place) return plaintext;
      throw new DcuError('storage-corrupt', `the sealed secret of ${place} was sealed for another place`);
    },
  };
}

function readKey(path: string, random: Random): Uint8Array {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return makeKey(path, random);
  if ((facts.mode & 0o077) !== 0) {
    throw new DcuError('storage-corrupt', `${path} may be read by others; its mode must be 0600`);
  }
  const key = new Uint8Array(readFileSync(path));
  if (key.length === KEY_BYTES) return key;
  throw new DcuError('storage-corrupt', `${path} has ${key.length} bytes instead of ${KEY_BYTES}`);
}

function makeKey(path: string, random: Random): Uint8Array {
  const key = random.bytes(KEY_BYTES);
  writePrivateFile(path, key);
  return key;
}
