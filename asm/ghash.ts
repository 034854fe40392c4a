// GHASH (NIST SP 800-38D 6.4) with nibble tables of four powers of H, all look-ups in registers.
//
// Tables of a power P: 17 x 2 vectors. Vector pair k gives byte k of the unreduced product of P with a byte b,
// as lo[b & 15] ^ hi[b >> 4].

import { GHASH_BITS, GHASH_REDUCTION } from './abi';
import { high, low, sw, up } from './vector';

export const POWER_SIZE: usize = 544;

export function initGhash(): void {
  // x^128 = 1 + x + x^2 + x^7: what a byte behind the block folds back into the block, in two bytes.
  for (let n: u32 = 0; n < 16; n++) {
    storeFold(0, n, n);
    storeFold(1, n, n << 4);
  }
  for (let bit: u32 = 0; bit < 4; bit++) {
    for (let n: u32 = 0; n < 16; n++) {
      store<u8>(GHASH_BITS + (bit << 4) + n, <u8>(0 - ((n >> bit) & 1)));
    }
  }
}

function storeFold(half: usize, n: u32, byte: u32): void {
  const c = byte << 8;
  const folded = c ^ (c >> 1) ^ (c >> 2) ^ (c >> 7);
  store<u8>(GHASH_REDUCTION + (half << 4) + n, <u8>(folded >> 8));
  store<u8>(GHASH_REDUCTION + 32 + (half << 4) + n, <u8>folded);
}

/** Lane 15 alone, in lane 0. A permutation is one instruction, a shuffle of two vectors three. */
// @ts-ignore: decorator
@inline
function lastToFirst(v: v128): v128 {
  return sw(v, i8x16(15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
}

/** Folds the product L + x^128 R back to one block. */
// @ts-ignore: decorator
@inline
function reduce(l: v128, r: v128): v128 {
  const r0lo = v128.load(GHASH_REDUCTION), r0hi = v128.load(GHASH_REDUCTION, 16);
  const r1lo = v128.load(GHASH_REDUCTION, 32), r1hi = v128.load(GHASH_REDUCTION, 48);
  const a = low(r), b = high(r);
  const first = v128.xor(sw(r0lo, a), sw(r0hi, b));
  const second = v128.xor(sw(r1lo, a), sw(r1hi, b));
  // The six bits that leave the block again; one more fold is enough.
  const q = lastToFirst(second);
  const c = low(q), d = high(q);
  const qFirst = v128.xor(sw(r0lo, c), sw(r0hi, d));
  const qSecond = v128.xor(sw(r1lo, c), sw(r1hi, d));
  return v128.xor(v128.xor(l, v128.xor(first, qFirst)), up(v128.xor(second, qSecond)));
}

/** R one byte up, the last byte of L entering it. */
// @ts-ignore: decorator
@inline
function carry(l: v128, r: v128): v128 {
  return v128.or(up(r), lastToFirst(l));
}

// @ts-ignore: decorator
@inline
function part(table: usize, lowNibbles: v128, highNibbles: v128): v128 {
  return v128.xor(sw(v128.load(table), lowNibbles), sw(v128.load(table, 16), highNibbles));
}

/** b * P, P the power whose tables are at `tables`. */
export function multiply1(tables: usize, b: v128): v128 {
  const b0 = low(b), b1 = high(b);
  let l = i64x2.splat(0), r = i64x2.splat(0);
  for (let t = tables + 512; t >= tables; t -= 32) {
    r = carry(l, r);
    l = v128.xor(up(l), part(t, b0, b1));
  }
  return reduce(l, r);
}

/** b0 * H^2 + b1 * H. */
export function multiply2(tables: usize, b0: v128, b1: v128): v128 {
  const b0l = low(b0), b0h = high(b0), b1l = low(b1), b1h = high(b1);
  let l = i64x2.splat(0), r = i64x2.splat(0);
  for (let t = tables + 512; t >= tables; t -= 32) {
    r = carry(l, r);
    l = v128.xor(up(l), v128.xor(part(t, b1l, b1h), part(t + POWER_SIZE, b0l, b0h)));
  }
  return reduce(l, r);
}

/** b0 * H^4 + b1 * H^3 + b2 * H^2 + b3 * H. */
export function multiply4(tables: usize, b0: v128, b1: v128, b2: v128, b3: v128): v128 {
  const b0l = low(b0), b0h = high(b0), b1l = low(b1), b1h = high(b1);
  const b2l = low(b2), b2h = high(b2), b3l = low(b3), b3h = high(b3);
  let l = i64x2.splat(0), r = i64x2.splat(0);
  for (let t = tables + 512; t >= tables; t -= 32) {
    r = carry(l, r);
    l = v128.xor(
      v128.xor(up(l), v128.xor(part(t, b3l, b3h), part(t + POWER_SIZE, b2l, b2h))),
      v128.xor(part(t + 2 * POWER_SIZE, b1l, b1h), part(t + 3 * POWER_SIZE, b0l, b0h)),
    );
  }
  return reduce(l, r);
}

/** State after whole blocks [p, p + 16 * blocks). */
export function ghashBlocks(tables: usize, y: v128, p: usize, blocks: i32): v128 {
  // The rest goes first: its state is then the start of a group of four, and nothing has to be staged.
  const rest = blocks & 3;
  if (rest & 1) {
    y = multiply1(tables, v128.xor(y, v128.load(p)));
    p += 16;
  }
  if (rest & 2) {
    y = multiply2(tables, v128.xor(y, v128.load(p)), v128.load(p, 16));
    p += 32;
  }
  for (blocks >>= 2; blocks > 0; blocks--) {
    y = multiply4(tables, v128.xor(y, v128.load(p)), v128.load(p, 16), v128.load(p, 32), v128.load(p, 48));
    p += 64;
  }
  return y;
}

/**
 * Tables of H, H^2, H^3 and H^4. A row is P shifted right by i bits into 17 bytes; lo and hi of byte k are sums
 * of byte k of rows 4..7 and 0..3, spread over the lanes whose number has the row's bit.
 */
export function initPowers(tables: usize, h: v128, scratch: usize): void {
  let power = h;
  for (let n: usize = 0; n < 4; n++) {
    const at = tables + n * POWER_SIZE;
    storeRows(power, scratch);
    storeTables(at, scratch);
    power = multiply1(tables, power);
  }
  for (let i: usize = 0; i < 256; i += 16) v128.store(scratch + i, i64x2.splat(0));
}

/** Eight rows of 17 bytes, 32 apart. */
function storeRows(power: v128, rows: usize): void {
  // Big-endian numbers, so that a shift right by bits is a shift of the byte string.
  const a = bswap<u64>(i64x2.extract_lane(power, 0));
  const b = bswap<u64>(i64x2.extract_lane(power, 1));
  store<u64>(rows, i64x2.extract_lane(power, 0));
  store<u64>(rows, i64x2.extract_lane(power, 1), 8);
  store<u8>(rows, 0, 16);
  for (let i: u64 = 1; i < 8; i++) {
    const row = rows + (<usize>i << 5);
    store<u64>(row, bswap<u64>(a >> i));
    store<u64>(row, bswap<u64>((b >> i) | (a << (64 - i))), 8);
    store<u8>(row, <u8>(b << (8 - i)), 16);
  }
}

function storeTables(at: usize, rows: usize): void {
  const m0 = v128.load(GHASH_BITS), m1 = v128.load(GHASH_BITS, 16);
  const m2 = v128.load(GHASH_BITS, 32), m3 = v128.load(GHASH_BITS, 48);
  for (let k: usize = 0; k < 17; k++) {
    const row = rows + k;
    v128.store(
      at + (k << 5),
      v128.xor(
        v128.xor(v128.and(v128.load8_splat(row, 224), m0), v128.and(v128.load8_splat(row, 192), m1)),
        v128.xor(v128.and(v128.load8_splat(row, 160), m2), v128.and(v128.load8_splat(row, 128), m3)),
      ),
    );
    v128.store(
      at + (k << 5),
      v128.xor(
        v128.xor(v128.and(v128.load8_splat(row, 96), m0), v128.and(v128.load8_splat(row, 64), m1)),
        v128.xor(v128.and(v128.load8_splat(row, 32), m2), v128.and(v128.load8_splat(row), m3)),
      ),
      16,
    );
  }
}
