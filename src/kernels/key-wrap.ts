import { createCipheriv, createDecipheriv } from 'node:crypto';
import { equalConstantTime } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';

/** Bytes that wrapping adds. */
export const KEY_WRAP_OVERHEAD = 8;

const INITIAL_VALUE = new Uint8Array(8).fill(0xa6);

/**
 * AES key wrap (RFC 3394 2.2.1) of key data of 16 bytes or more, a multiple of 8, under a key-encrypting key of 16 or
 * 32 bytes. The result is 8 bytes longer. Throws `invalid-argument` naming the field.
 */
export function wrapKey(kek: Uint8Array, key: Uint8Array): Uint8Array {
  if (key.length < 16 || key.length % 8 !== 0) {
    throw new DcuError('invalid-argument', `key data of ${key.length} bytes cannot be wrapped`, {
      field: 'key',
    });
  }
  const cipher = createCipheriv(algorithmOf(kek), kek, null).setAutoPadding(false);
  const out = new Uint8Array(key.length + 8);
  out.set(key, 8);
  const block = new Uint8Array(16);
  block.set(INITIAL_VALUE);
  let step = 0;
  for (let round = 0; round < 6; round++) {
    for (let at = 8; at < out.length; at += 8) {
      block.set(out.subarray(at, at + 8), 8);
      block.set(cipher.update(block));
      addStep(block, ++step);
      out.set(block.subarray(8), at);
    }
  }
  out.set(block.subarray(0, 8));
  block.fill(0);
  return out;
}

/** Undoes `wrapKey`; undefined when the length is not that of a wrapped key or its integrity value is not there. */
export function unwrapKey(kek: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined {
  const algorithm = algorithmOf(kek);
  if (wrapped.length < 24 || wrapped.length % 8 !== 0) return undefined;
  const decipher = createDecipheriv(algorithm, kek, null).setAutoPadding(false);
  const out = wrapped.slice(8);
  const block = new Uint8Array(16);
  block.set(wrapped.subarray(0, 8));
  let step = (6 * out.length) / 8;
  for (let round = 0; round < 6; round++) {
    for (let at = out.length - 8; at >= 0; at -= 8) {
      addStep(block, step--);
      block.set(out.subarray(at, at + 8), 8);
      block.set(decipher.update(block));
      out.set(block.subarray(8), at);
    }
  }
  const intact = equalConstantTime(block.subarray(0, 8), INITIAL_VALUE);
  block.fill(0);
  if (intact) return out;
  out.fill(0);
  return undefined;
}

/** The step number t, XORed into the low half of the first 8 bytes: with keys of DLMS it stays far below 2^32. */
function addStep(block: Uint8Array, step: number): void {
  const view = new DataView(block.buffer);
  view.setUint32(4, view.getUint32(4) ^ step);
}

function algorithmOf(kek: Uint8Array): string {
  if (kek.length === 16) return 'aes-128-ecb';
  if (kek.length === 32) return 'aes-256-ecb';
  throw new DcuError('invalid-argument', `a key-encrypting key has 16 or 32 bytes, not ${kek.length}`, {
    field: 'kek',
  });
}
