// CRC-16/X.25: reflected polynomial 8408, start FFFF, complemented, low byte first (ISO/IEC 13239).
// Z_m(r) below is "m zero bits are fed into register r"; it is linear, which all fast forms rest on.

import { CRC_NIBBLES, CRC_NIBBLES_256, CRC_NIBBLES_384, CRC_NIBBLES_512, CRC_SLICES } from './abi';
import { high, low, sw, up } from './vector';

/** Register that data followed by its own CRC leaves, whatever the data and the start register. */
export const CRC_RESIDUE: u32 = 0xf0b8;

/** From here on sixteen lanes side by side beat the slices. */
const SIMD_FROM: i32 = 80;

/** T_0 bit by bit, T_k by T_k[b] = (T_{k-1}[b] >> 8) ^ T_0[T_{k-1}[b] & FF], and the nibble tables of Z. */
export function initCrc(): void {
  for (let b: u32 = 0; b < 256; b++) {
    let r = b;
    for (let bit = 0; bit < 8; bit++) r = r & 1 ? (r >> 1) ^ 0x8408 : r >> 1;
    store<u16>(CRC_SLICES + (b << 1), <u16>r);
  }
  for (let i: u32 = 256; i < 4096; i++) {
    const before: u32 = load<u16>(CRC_SLICES + ((i - 256) << 1));
    store<u16>(CRC_SLICES + (i << 1), <u16>((before >> 8) ^ slice(0, before)));
  }
  storeNibbles(CRC_NIBBLES, 1, 4);
  storeNibbles(CRC_NIBBLES_256, 2, 2);
  storeNibbles(CRC_NIBBLES_384, 3, 2);
  storeNibbles(CRC_NIBBLES_512, 4, 4);
}

/** Z of `blocks` blocks of 16 bytes, of a nibble at the first `places` places of the register. */
function storeNibbles(at: usize, blocks: i32, places: u32): void {
  for (let q: u32 = 0; q < places; q++) {
    for (let n: u32 = 0; n < 16; n++) {
      let z = n << (q << 2);
      // A register ahead of 14 zero bytes: its low byte enters T_15, its high byte T_14.
      for (let i = 0; i < blocks; i++) z = slice(15, z) ^ slice(14, z >> 8);
      store<u8>(at + (q << 5) + n, <u8>z);
      store<u8>(at + (q << 5) + 16 + n, <u8>(z >> 8));
    }
  }
}

@inline
function slice(k: usize, byte: u32): u32 {
  return load<u16>(CRC_SLICES + (k << 9) + ((byte & 0xff) << 1));
}

/** XOR of T_15[first byte] .. T_0[last byte]. */
@inline
function fold16(a: u64, b: u64): u32 {
  const a0 = <u32>a, a1 = <u32>(a >> 32), b0 = <u32>b, b1 = <u32>(b >> 32);
  return slice(15, a0) ^ slice(14, a0 >> 8) ^ slice(13, a0 >> 16) ^ slice(12, a0 >> 24) ^
    slice(11, a1) ^ slice(10, a1 >> 8) ^ slice(9, a1 >> 16) ^ slice(8, a1 >> 24) ^
    slice(7, b0) ^ slice(6, b0 >> 8) ^ slice(5, b0 >> 16) ^ slice(4, b0 >> 24) ^
    slice(3, b1) ^ slice(2, b1 >> 8) ^ slice(1, b1 >> 16) ^ slice(0, b1 >> 24);
}

/** Two neighbouring nibbles, one result byte a lane. */
@inline
function pair(tables: usize, first: v128, second: v128): v128 {
  return v128.xor(sw(v128.load(tables), first), sw(v128.load(tables, 32), second));
}

/** Register in, register out, over [p, p+n); reads nothing else. */
export function crcUpdate(r: u32, p: usize, n: i32): u32 {
  if (n >= SIMD_FROM) {
    // Lane j of L and H: low and high byte of what entered at byte positions congruent to j.
    let l = v128.xor(v128.load(p), i32x4.replace_lane(i64x2.splat(0), 0, r & 0xffff));
    let h = i64x2.splat(0);
    p += 16;
    n -= 16;
    // Four blocks at a time: the register moves on by 64 bytes, the data by what is behind it, which is half the work.
    for (; n >= 64; n -= 64, p += 64) {
      const d1 = v128.load(p), d2 = v128.load(p, 16), d3 = v128.load(p, 32);
      const a = low(l), b = high(l), c = low(h), d = high(h);
      const a1 = low(d1), b1 = high(d1), a2 = low(d2), b2 = high(d2), a3 = low(d3), b3 = high(d3);
      l = v128.xor(
        v128.xor(
          v128.xor(pair(CRC_NIBBLES_512, a, b), pair(CRC_NIBBLES_512 + 64, c, d)),
          v128.xor(pair(CRC_NIBBLES_384, a1, b1), pair(CRC_NIBBLES_256, a2, b2)),
        ),
        v128.xor(pair(CRC_NIBBLES, a3, b3), v128.load(p, 48)),
      );
      h = v128.xor(
        v128.xor(
          v128.xor(pair(CRC_NIBBLES_512 + 16, a, b), pair(CRC_NIBBLES_512 + 80, c, d)),
          v128.xor(pair(CRC_NIBBLES_384 + 16, a1, b1), pair(CRC_NIBBLES_256 + 16, a2, b2)),
        ),
        pair(CRC_NIBBLES + 16, a3, b3),
      );
    }
    for (; n >= 16; n -= 16, p += 16) {
      const a = low(l), b = high(l), c = low(h), d = high(h);
      l = v128.xor(v128.xor(pair(CRC_NIBBLES, a, b), pair(CRC_NIBBLES + 64, c, d)), v128.load(p));
      h = v128.xor(pair(CRC_NIBBLES + 16, a, b), pair(CRC_NIBBLES + 80, c, d));
    }
    // H of a lane belongs one byte further on; that of lane 15 has left the block already.
    const s = v128.xor(l, up(h));
    r = fold16(i64x2.extract_lane(s, 0), i64x2.extract_lane(s, 1)) ^ i8x16.extract_lane_u(h, 15);
  } else {
    while (n >= 16) {
      r = fold16(load<u64>(p) ^ (r & 0xffff), load<u64>(p, 8));
      p += 16;
      n -= 16;
    }
  }
  if (n & 8) {
    const a = load<u64>(p) ^ (r & 0xffff);
    const a0 = <u32>a, a1 = <u32>(a >> 32);
    r = slice(7, a0) ^ slice(6, a0 >> 8) ^ slice(5, a0 >> 16) ^ slice(4, a0 >> 24) ^
      slice(3, a1) ^ slice(2, a1 >> 8) ^ slice(1, a1 >> 16) ^ slice(0, a1 >> 24);
    p += 8;
  }
  if (n & 4) {
    const a = load<u32>(p) ^ (r & 0xffff);
    r = slice(3, a) ^ slice(2, a >> 8) ^ slice(1, a >> 16) ^ slice(0, a >> 24);
    p += 4;
  }
  for (n &= 3; n > 0; n--) {
    r = ((r & 0xffff) >> 8) ^ slice(0, r ^ load<u8>(p));
    p++;
  }
  return r;
}

/** CRC of a whole message. */
export function crc16(p: usize, n: i32): u32 {
  return ~crcUpdate(0xffff, p, n) & 0xffff;
}
