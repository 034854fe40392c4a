import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { GcmKey } from './types.ts';

/**
 * AES-GCM by the runtime's own crypto library: the better choice for long messages, where its hardware
 * instructions outweigh the price of setting up a cipher object. Arguments are checked by the caller.
 */
export function createNativeGcmKey(key: Uint8Array): GcmKey {
  const own = Uint8Array.from(key);
  const algorithm = key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm';
  return {
    seal(iv, aad, plaintext, tagLength) {
      const cipher = createCipheriv(algorithm, own, iv, { authTagLength: tagLength });
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
      const decipher = createDecipheriv(algorithm, own, iv, { authTagLength: tagLength });
      decipher.setAAD(aad);
      decipher.setAuthTag(sealed.subarray(split));
      const plaintext = decipher.update(sealed.subarray(0, split));
      try {
        decipher.final();
      } catch {
        // The only failure of `final` is a tag that does not verify; what was deciphered must not survive it.
        plaintext.fill(0);
        return undefined;
      }
      return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
    },
    crypt(iv, data) {
      const cipher = createCipheriv(algorithm, own, iv, { authTagLength: 16 });
      const out = cipher.update(data);
      cipher.final();
      return new Uint8Array(out.buffer, out.byteOffset, out.length);
    },
    release() {
      own.fill(0);
    },
  };
}
