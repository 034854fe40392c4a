import { createCipheriv } from 'node:crypto';
import type { HlsHook } from '../dlms/ciphering/types.ts';

const BLOCK = 16;

/**
 * What most manufacturers make of mechanism 2, IS 15959 among them: AES-128 of the challenge, block by block, with
 * the password as the key; both are filled up with zeros to whole blocks.
 */
export function aesHook(password: Uint8Array): HlsHook {
  const key = padded(password).subarray(0, BLOCK);
  return {
    prove: (challenge) => {
      const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
      return new Uint8Array(Buffer.concat([cipher.update(padded(challenge)), cipher.final()]));
    },
  };
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.max(1, Math.ceil(bytes.length / BLOCK)) * BLOCK);
  whole.set(bytes);
  return whole;
}
