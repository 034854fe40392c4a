// The few vector idioms that every kernel is made of.

/**
 * Lane n of the result is table[index[n]], or 0 where bit 7 of the index is set. Every caller's indices are
 * nibbles, nibbles with bit 7 set, or FF, for which the relaxed form is the same on every processor. Building
 * with `--use STRICT_SWIZZLE=1` takes the plain form, for engines without relaxed SIMD.
 */
@inline
export function sw(table: v128, index: v128): v128 {
  return isDefined(STRICT_SWIZZLE) ? i8x16.swizzle(table, index) : i8x16.relaxed_swizzle(table, index);
}

@inline
export function low(v: v128): v128 {
  return v128.and(v, i8x16.splat(0x0f));
}

/** One 16-bit shift and a mask: there is no 8-bit shift on x86. */
@inline
export function high(v: v128): v128 {
  return v128.and(i16x8.shr_u(v, 4), i8x16.splat(0x0f));
}

/** Lane n takes lane n-1; lane 0 becomes 0. */
@inline
export function up(v: v128): v128 {
  return sw(v, i8x16(-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14));
}

@inline
export function iota(): v128 {
  return i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

/** FF in the first `count` lanes (0..16), 0 in the others. */
@inline
export function firstLanes(count: i32): v128 {
  return i8x16.lt_u(iota(), i8x16.splat(<i8>count));
}

/** Stores the first `count` (0..15) bytes of a vector and nothing else. */
export function storePartial(at: usize, v: v128, count: i32): void {
  let rest = i64x2.extract_lane(v, 0);
  if (count & 8) {
    store<i64>(at, rest);
    at += 8;
    rest = i64x2.extract_lane(v, 1);
  }
  if (count & 4) {
    store<u32>(at, <u32>rest);
    at += 4;
    rest >>>= 32;
  }
  if (count & 2) {
    store<u16>(at, <u16>rest);
    at += 2;
    rest >>>= 16;
  }
  if (count & 1) store<u8>(at, <u8>rest);
}
