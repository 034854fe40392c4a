import { createCipheriv, createDecipheriv, type DecipherGCM } from 'node:crypto';
import type { GcmKey } from './types.ts';

/** The only failure of `final` is a tag that does not verify; what was deciphered must not survive it. */
function verifies(decipher: DecipherGCM): boolean {
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  }
}

export interface NativeGcmKey extends GcmKey {
  /** `open` with the tag apart and the plaintext written to `to` from `at` on; false, and nothing written, when it does not verify. */
  openTo(
    iv: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
    tag: Uint8Array,
    to: Uint8Array,
    at: number,
  ): boolean;
}

const OPTIONS = { 12: { authTagLength: 12 }, 16: { authTagLength: 16 } } as const;

/**
 * AES-GCM by the runtime's own crypto library: the better choice for long messages, where its hardware
 * instructions outweigh the price of setting up a cipher object. Arguments are checked by the caller.
 */
export function createNativeGcmKey(key: Uint8Array): NativeGcmKey {
  const own = Uint8Array.from(key);
  const algorithm = key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm';
  return {
    seal(iv, aad, plaintext, tagLength) {
      const cipher = createCipheriv(algorithm, own, iv, OPTIONS[tagLength]);
      cipher.setAAD(aad);
      const sealed = new Uint8Array(plaintext.length + tagLength);
      sealed.set(cipher.update(plaintext));
      cipher.final();
      sealed.set(cipher.getAuthTag(), plaintext.length);
      return sealed;
    },
    open(iv, aad, sealed, tagLength) {
      const split = sealed.length - tagLength;
      if (split < 0) return undefined;
      const decipher = createDecipheriv(algorithm, own, iv, OPTIONS[tagLength]);
      decipher.setAAD(aad);
      decipher.setAuthTag(sealed.subarray(split));
      const plaintext = decipher.update(sealed.subarray(0, split));
      if (!verifies(decipher)) {
        plaintext.fill(0);
        return undefined;
      }
      return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
    },
    openTo(iv, aad, ciphertext, tag, to, at) {
      const decipher = createDecipheriv(algorithm, own, iv, OPTIONS[tag.length === 16 ? 16 : 12]);
      decipher.setAAD(aad);
      decipher.setAuthTag(tag);
      const plaintext = decipher.update(ciphertext);
      if (!verifies(decipher)) {
        plaintext.fill(0);
        return false;
      }
      to.set(plaintext, at);
      return true;
    },
    crypt(iv, data) {
      const cipher = createCipheriv(algorithm, own, iv, OPTIONS[16]);
      const out = cipher.update(data);
      cipher.final();
      return new Uint8Array(out.buffer, out.byteOffset, out.length);
    },
    release() {
      own.fill(0);
    },
  };
}
