import type { GcmKey } from '../../../src/kernels/types.ts';
import { encryptBlock, roundKeys } from './aes.ts';

const REDUCTION = 0xe1n << 120n;

function toNumber(block: Uint8Array): bigint {
  return block.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function toBlock(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => Number((value >> BigInt(8 * (15 - i))) & 0xffn));
}

/** SP 800-38D 6.3; the first bit of a block is x^0. */
function multiply(x: bigint, y: bigint): bigint {
  let z = 0n;
  let v = y;
  for (let i = 127n; i >= 0n; i--) {
    if ((x >> i) & 1n) z ^= v;
    v = v & 1n ? (v >> 1n) ^ REDUCTION : v >> 1n;
  }
  return z;
}

function padded(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(bytes.length / 16) * 16);
  out.set(bytes);
  return out;
}

/** State after whole blocks. */
export function ghash(h: Uint8Array, blocks: Uint8Array): Uint8Array {
  const key = toNumber(h);
  let y = 0n;
  for (let at = 0; at < blocks.length; at += 16) {
    y = multiply(y ^ toNumber(blocks.subarray(at, at + 16)), key);
  }
  return toBlock(y);
}

/** CTR with a counter that wraps at 2^32 and does not carry into the IV. */
export function ctr(key: Uint8Array, iv: Uint8Array, counter: number, data: Uint8Array): Uint8Array {
  const keys = roundKeys(key);
  const out = new Uint8Array(data.length);
  for (let at = 0; at < data.length; at += 16) {
    const block = new Uint8Array(16);
    block.set(iv);
    new DataView(block.buffer).setUint32(12, (counter + at / 16) >>> 0);
    const stream = encryptBlock(keys, block);
    for (let i = at; i < Math.min(at + 16, data.length); i++) out[i] = (data[i] ?? 0) ^ (stream[i - at] ?? 0);
  }
  return out;
}

function tag(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, cipher: Uint8Array): Uint8Array {
  const a = padded(aad);
  const c = padded(cipher);
  const input = new Uint8Array(a.length + c.length + 16);
  input.set(a);
  input.set(c, a.length);
  const lengths = new DataView(input.buffer, a.length + c.length);
  lengths.setBigUint64(0, BigInt(aad.length) * 8n);
  lengths.setBigUint64(8, BigInt(cipher.length) * 8n);
  const h = encryptBlock(roundKeys(key), new Uint8Array(16));
  return ctr(key, iv, 1, ghash(h, input));
}

/** AES-GCM by the letter of the standards: slow, no tables but the S-box. */
export function createPlainGcmKey(key: Uint8Array): GcmKey {
  const own = key.slice();
  return {
    seal(iv, aad, plaintext, tagLength) {
      const cipher = ctr(own, iv, 2, plaintext);
      const out = new Uint8Array(cipher.length + tagLength);
      out.set(cipher);
      out.set(tag(own, iv, aad, cipher).subarray(0, tagLength), cipher.length);
      return out;
    },
    open(iv, aad, sealed, tagLength) {
      if (sealed.length < tagLength) return undefined;
      const cipher = sealed.subarray(0, sealed.length - tagLength);
      const expected = tag(own, iv, aad, cipher);
      const received = sealed.subarray(cipher.length);
      return received.every((byte, i) => byte === expected[i]) ? ctr(own, iv, 2, cipher) : undefined;
    },
    crypt: (iv, data) => ctr(own, iv, 2, data),
    release() {
      own.fill(0);
    },
  };
}
