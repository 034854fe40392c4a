// AES-GCM (NIST SP 800-38D) with 96-bit IVs and tags of 12 or 16 bytes.
// Lengths, IV, AAD, ciphertext and tag are public; everything else stays in registers or at fixed addresses.

import { SCRATCH } from './abi';
import { encrypt1, encrypt2, encrypt3 } from './aes';
import { ghashBlocks, multiply1, multiply2 } from './ghash';
import {
  AAD_CONTROLS, AAD_KEY, AAD_NEXT, AAD_STATES, AAD_VALID, contextOf, ROUNDS, TABLES, wipe,
} from './keys';
import { firstLanes, storePartial } from './vector';

/** Tag mask and the first two keystream blocks, made by one call. */
const MASK: usize = SCRATCH;
const STREAM: usize = SCRATCH + 16;
/** Three further keystream blocks. */
const NEXT: usize = SCRATCH + 48;
const USED: usize = 96;

/** Return values. */
const GOOD: i32 = 1;
const FORGED: i32 = 0;
const REFUSED: i32 = -1;

/** AAD of an encrypted APDU: security control and authentication key. */
const DLMS_AAD: i32 = 17;

// @ts-ignore: decorator
@inline
function counterBlock(iv: v128, counter: u32): v128 {
  return i32x4.replace_lane(iv, 3, <i32>bswap<u32>(counter));
}

/** The 12 bytes of an IV; lane 3 is the counter's. Reads nothing behind them. */
// @ts-ignore: decorator
@inline
function loadIv(at: usize): v128 {
  return i32x4.replace_lane(v128.load64_zero(at), 2, load<i32>(at, 8));
}

/** State after [p, p+n) padded with zeros to whole blocks. Up to 15 bytes behind are read and ignored. */
// @ts-ignore: decorator
@inline
function absorb(tables: usize, y: v128, p: usize, n: i32): v128 {
  y = ghashBlocks(tables, y, p, n >> 4);
  const rest = n & 15;
  if (rest != 0) {
    y = multiply1(tables, v128.xor(y, v128.and(v128.load(p + (n & ~15)), firstLanes(rest))));
  }
  return y;
}

/** The same, and then the block of the two lengths in bits. */
function absorbAndClose(tables: usize, y: v128, p: usize, n: i32, aadLength: i32): v128 {
  y = ghashBlocks(tables, y, p, n >> 4);
  const rest = n & 15;
  const lengths = i64x2(bswap<i64>(<i64>aadLength << 3), bswap<i64>(<i64>n << 3));
  if (rest != 0) {
    const last = v128.and(v128.load(p + (n & ~15)), firstLanes(rest));
    return multiply2(tables, v128.xor(y, last), lengths);
  }
  return multiply1(tables, v128.xor(y, lengths));
}

/**
 * State after the AAD. That of SC || AK is the same for every frame of a meter and is kept for two security
 * controls; an entry is used only if all 17 bytes are those it was made of.
 */
function aadState(context: usize, aad: usize, length: i32): v128 {
  const tables = context + TABLES;
  if (length != DLMS_AAD) return absorb(tables, i64x2.splat(0), aad, length);
  const control = load<u8>(aad);
  const key = v128.load(aad, 1);
  if (v128.any_true(v128.xor(key, v128.load(context, AAD_KEY)))) {
    store<u16>(context, 0, AAD_VALID);
    v128.store(context, key, AAD_KEY);
  }
  for (let i: usize = 0; i < 2; i++) {
    if (load<u8>(context + i, AAD_VALID) && load<u8>(context + i, AAD_CONTROLS) == control) {
      return v128.load(context + (i << 4), AAD_STATES);
    }
  }
  const y = absorb(tables, i64x2.splat(0), aad, length);
  const i: usize = load<u8>(context, AAD_NEXT) & 1;
  store<u8>(context, <u8>(i ^ 1), AAD_NEXT);
  store<u8>(context + i, 1, AAD_VALID);
  store<u8>(context + i, control, AAD_CONTROLS);
  v128.store(context + (i << 4), y, AAD_STATES);
  return y;
}

/**
 * dst = src ^ keystream; `counter` is that of the first block, taken modulo 2^32, and the first `ready` (0..2)
 * keystream blocks lie at STREAM. dst may be src, or lie below it.
 */
function crypt(context: usize, iv: v128, counter: u32, src: usize, n: i32, dst: usize, ready: i32): void {
  const rounds = load<i32>(context, ROUNDS);
  counter += ready;
  let stream = STREAM;
  let left = ready;
  while (n > 0) {
    if (left == 0) {
      if (n <= 16) {
        v128.store(NEXT, encrypt1(context, rounds, counterBlock(iv, counter)));
        left = 1;
      } else if (n <= 32) {
        encrypt2(context, rounds, counterBlock(iv, counter), counterBlock(iv, counter + 1), NEXT);
        left = 2;
      } else {
        encrypt3(
          context, rounds,
          counterBlock(iv, counter), counterBlock(iv, counter + 1), counterBlock(iv, counter + 2),
          NEXT,
        );
        counter += 3;
        if (n >= 48) {
          const a = v128.load(src), b = v128.load(src, 16), c = v128.load(src, 32);
          v128.store(dst, v128.xor(a, v128.load(NEXT)));
          v128.store(dst, v128.xor(b, v128.load(NEXT, 16)), 16);
          v128.store(dst, v128.xor(c, v128.load(NEXT, 32)), 32);
          src += 48;
          dst += 48;
          n -= 48;
          continue;
        }
        left = 3;
      }
      stream = NEXT;
    }
    const block = v128.xor(v128.load(src), v128.load(stream));
    if (n < 16) {
      storePartial(dst, block, n);
      return;
    }
    v128.store(dst, block);
    src += 16;
    dst += 16;
    stream += 16;
    n -= 16;
    left--;
  }
}

/** Tag mask and two keystream blocks to scratch. */
// @ts-ignore: decorator
@inline
function firstThree(context: usize, iv: v128): void {
  encrypt3(
    context, load<i32>(context, ROUNDS),
    counterBlock(iv, 1), counterBlock(iv, 2), counterBlock(iv, 3),
    MASK,
  );
}

// @ts-ignore: decorator
@inline
function badTagLength(length: i32): bool {
  return length != 12 && length != 16;
}

/**
 * Verifies, and only then decrypts `n` bytes from `src` to `dst` (the same address, or below). 1 good,
 * 0 forged (dst untouched), -1 refused: no such key, or a tag length other than 12 or 16.
 */
export function gcmOpen(
  handle: i32, ivAt: usize, aad: usize, aadLength: i32, src: usize, n: i32, dst: usize, tag: usize, tagLength: i32,
): i32 {
  const context = contextOf(handle);
  if (context == 0 || badTagLength(tagLength) || n < 0 || aadLength < 0) return REFUSED;
  const iv = loadIv(ivAt);
  firstThree(context, iv);
  const y = absorbAndClose(context + TABLES, aadState(context, aad, aadLength), src, n, aadLength);
  const difference = v128.and(
    v128.xor(v128.xor(y, v128.load(MASK)), v128.load(tag)),
    firstLanes(tagLength),
  );
  const forged = v128.any_true(difference);
  if (!forged) crypt(context, iv, 2, src, n, dst, 2);
  wipe(SCRATCH, USED);
  return forged ? FORGED : GOOD;
}

/** Encrypts `n` bytes from `src` to `dst` and writes the tag. 1 good, -1 refused. */
export function gcmSeal(
  handle: i32, ivAt: usize, aad: usize, aadLength: i32, src: usize, n: i32, dst: usize, tag: usize, tagLength: i32,
): i32 {
  const context = contextOf(handle);
  if (context == 0 || badTagLength(tagLength) || n < 0 || aadLength < 0) return REFUSED;
  const iv = loadIv(ivAt);
  firstThree(context, iv);
  const start = aadState(context, aad, aadLength);
  crypt(context, iv, 2, src, n, dst, 2);
  const y = absorbAndClose(context + TABLES, start, dst, n, aadLength);
  const full = v128.xor(y, v128.load(MASK));
  if (tagLength == 16) {
    v128.store(tag, full);
  } else {
    storePartial(tag, full, 12);
  }
  wipe(SCRATCH, USED);
  return GOOD;
}

/** CTR alone, from a given counter; what comes out is not authenticated. 1 good, -1 refused. */
export function ctrCrypt(handle: i32, ivAt: usize, counter: u32, src: usize, n: i32, dst: usize): i32 {
  const context = contextOf(handle);
  if (context == 0 || n < 0) return REFUSED;
  crypt(context, loadIv(ivAt), counter, src, n, dst, 0);
  wipe(SCRATCH, USED);
  return GOOD;
}
