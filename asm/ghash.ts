// GHASH (NIST SP 800-38D 6.4) with nibble tables of five powers of H, all look-ups in registers.
//
// Tables of a power P: 16 x 2 vectors. Vector pair k gives byte k of the product of P with a byte b, a block, as
// lo[b & 15] ^ hi[b >> 4]. That of byte j of a block then belongs j bytes further on: 31 bytes in all.

import { GHASH_BITS, GHASH_LAST, GHASH_REDUCTION } from './abi';
import { firstLanes, high, low, sw, up } from './vector';

export const POWER_SIZE: usize = 512;
/** H to H^5. */
const POWERS: usize = 5;
/** Where the vector pair for byte 15 lies. */
const LAST_BYTE: usize = 480;

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
  v128.store(GHASH_LAST - 16, i8x16.splat(-1));
  v128.store(GHASH_LAST, i8x16(15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
}

function storeFold(half: usize, n: u32, byte: u32): void {
  const c = byte << 8;
  const folded = c ^ (c >> 1) ^ (c >> 2) ^ (c >> 7);
  store<u8>(GHASH_REDUCTION + (half << 4) + n, <u8>(folded >> 8));
  store<u8>(GHASH_REDUCTION + 32 + (half << 4) + n, <u8>folded);
}

/** Folds the product L + x^128 R back to one block. R has 15 bytes, so that what it folds to does not leave the block again. */
@inline
function reduce(l: v128, r: v128): v128 {
  const a = low(r), b = high(r);
  const first = v128.xor(sw(v128.load(GHASH_REDUCTION), a), sw(v128.load(GHASH_REDUCTION, 16), b));
  const second = v128.xor(sw(v128.load(GHASH_REDUCTION, 32), a), sw(v128.load(GHASH_REDUCTION, 48), b));
  return v128.xor(v128.xor(l, first), up(second));
}

/** The byte that leaves L before byte `k` of the products is added, at its place in R. */
@inline
function leaving(l: v128, k: usize): v128 {
  return sw(l, v128.load(GHASH_LAST - k));
}

@inline
function part(table: usize, lowNibbles: v128, highNibbles: v128): v128 {
  return v128.xor(sw(v128.load(table), lowNibbles), sw(v128.load(table, 16), highNibbles));
}

/** b * P, P the power whose tables are at `tables`. */
export function multiply1(tables: usize, b: v128): v128 {
  const b0 = low(b), b1 = high(b);
  let l = i64x2.splat(0), r = i64x2.splat(0);
  let t = tables + LAST_BYTE;
  for (let k: isize = 15; k >= 0; k--) {
    r = v128.xor(r, leaving(l, k));
    l = v128.xor(up(l), part(t, b0, b1));
    t -= 32;
  }
  return reduce(l, r);
}

/** b0 * P * H + b1 * P. */
export function multiply2(tables: usize, b0: v128, b1: v128): v128 {
  const b0l = low(b0), b0h = high(b0), b1l = low(b1), b1h = high(b1);
  let l = i64x2.splat(0), r = i64x2.splat(0);
  let t = tables + LAST_BYTE;
  for (let k: isize = 15; k >= 0; k--) {
    r = v128.xor(r, leaving(l, k));
    l = v128.xor(up(l), v128.xor(part(t, b1l, b1h), part(t + POWER_SIZE, b0l, b0h)));
    t -= 32;
  }
  return reduce(l, r);
}

/** b0 * P * H^2 + b1 * P * H + b2 * P. */
export function multiply3(tables: usize, b0: v128, b1: v128, b2: v128): v128 {
  const b0l = low(b0), b0h = high(b0), b1l = low(b1), b1h = high(b1), b2l = low(b2), b2h = high(b2);
  let l = i64x2.splat(0), r = i64x2.splat(0);
  let t = tables + LAST_BYTE;
  for (let k: isize = 15; k >= 0; k--) {
    r = v128.xor(r, leaving(l, k));
    l = v128.xor(
      v128.xor(up(l), part(t, b2l, b2h)),
      v128.xor(part(t + POWER_SIZE, b1l, b1h), part(t + 2 * POWER_SIZE, b0l, b0h)),
    );
    t -= 32;
  }
  return reduce(l, r);
}

/** b0 * P * H^3 + b1 * P * H^2 + b2 * P * H + b3 * P. */
export function multiply4(tables: usize, b0: v128, b1: v128, b2: v128, b3: v128): v128 {
  const b0l = low(b0), b0h = high(b0), b1l = low(b1), b1h = high(b1);
  const b2l = low(b2), b2h = high(b2), b3l = low(b3), b3h = high(b3);
  let l = i64x2.splat(0), r = i64x2.splat(0);
  let t = tables + LAST_BYTE;
  for (let k: isize = 15; k >= 0; k--) {
    r = v128.xor(r, leaving(l, k));
    l = v128.xor(
      v128.xor(up(l), v128.xor(part(t, b3l, b3h), part(t + POWER_SIZE, b2l, b2h))),
      v128.xor(part(t + 2 * POWER_SIZE, b1l, b1h), part(t + 3 * POWER_SIZE, b0l, b0h)),
    );
    t -= 32;
  }
  return reduce(l, r);
}

/**
 * `w` is H times the state of GHASH, so that the block of the lengths, which comes last, costs one addition: that of its
 * product with H. Returns the same after [p, p + n), padded with zeros to whole blocks. Up to 15 bytes behind are read
 * and ignored.
 */
export function absorb(tables: usize, w: v128, p: usize, n: i32): v128 {
  if (n <= 0) return w;
  const blocks = (n + 15) >> 4;
  const last = n - ((blocks - 1) << 4);
  const square = tables + POWER_SIZE;
  // The rest goes first, so that the groups of four follow one another.
  const rest = blocks & 3;
  if (rest != 0) {
    const mask = firstLanes(blocks < 4 ? last : 16);
    if (rest == 1) {
      w = multiply2(tables, v128.and(v128.load(p), mask), w);
    } else if (rest == 2) {
      w = multiply2(square, v128.load(p), v128.xor(w, v128.and(v128.load(p, 16), mask)));
    } else {
      w = multiply3(square, v128.load(p), v128.xor(w, v128.load(p, 16)), v128.and(v128.load(p, 32), mask));
    }
    p += <usize>rest << 4;
  }
  for (let groups = blocks >> 2; groups > 0; groups--) {
    const b3 = v128.and(v128.load(p, 48), firstLanes(groups == 1 ? last : 16));
    w = multiply4(square, v128.load(p), v128.xor(w, v128.load(p, 16)), v128.load(p, 32), b3);
    p += 64;
  }
  return w;
}

/**
 * Tables of H to H^5. Row i is x^i * P; lo and hi of byte k are sums of byte k of rows 4..7 and 0..3, spread over the
 * lanes whose number has the row's bit.
 */
export function initPowers(tables: usize, h: v128, scratch: usize): void {
  let power = h;
  for (let n: usize = 0; n < POWERS; n++) {
    const at = tables + n * POWER_SIZE;
    storeRows(power, scratch);
    storeTables(at, scratch);
    power = multiply1(tables, power);
  }
  for (let i: usize = 0; i < 128; i += 16) v128.store(scratch + i, i64x2.splat(0));
}

/** P, x * P, ... x^7 * P: eight rows of 16 bytes. */
function storeRows(power: v128, rows: usize): void {
  // Big-endian numbers, so that a shift right by bits is a shift of the byte string.
  let a = bswap<u64>(i64x2.extract_lane(power, 0));
  let b = bswap<u64>(i64x2.extract_lane(power, 1));
  for (let i: usize = 0; i < 128; i += 16) {
    store<u64>(rows + i, bswap<u64>(a));
    store<u64>(rows + i, bswap<u64>(b), 8);
    const leaves = 0 - (b & 1);
    b = (b >> 1) | (a << 63);
    a = (a >> 1) ^ (leaves & 0xe100000000000000);
  }
}

function storeTables(at: usize, rows: usize): void {
  const m0 = v128.load(GHASH_BITS), m1 = v128.load(GHASH_BITS, 16);
  const m2 = v128.load(GHASH_BITS, 32), m3 = v128.load(GHASH_BITS, 48);
  for (let k: usize = 0; k < 16; k++) {
    const row = rows + k;
    v128.store(
      at + (k << 5),
      v128.xor(
        v128.xor(v128.and(v128.load8_splat(row, 112), m0), v128.and(v128.load8_splat(row, 96), m1)),
        v128.xor(v128.and(v128.load8_splat(row, 80), m2), v128.and(v128.load8_splat(row, 64), m3)),
      ),
    );
    v128.store(
      at + (k << 5),
      v128.xor(
        v128.xor(v128.and(v128.load8_splat(row, 48), m0), v128.and(v128.load8_splat(row, 32), m1)),
        v128.xor(v128.and(v128.load8_splat(row, 16), m2), v128.and(v128.load8_splat(row), m3)),
      ),
      16,
    );
  }
}
