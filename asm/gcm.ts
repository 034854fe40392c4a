// AES-GCM (NIST SP 800-38D) with 96-bit IVs and tags of 12 or 16 bytes.
// Lengths, IV, AAD, ciphertext and tag are public; everything else stays in registers or at fixed addresses.

import { SCRATCH } from './abi';
import { encrypt1, encrypt2, encrypt3, enter, enterRound2, shareRound1 } from './aes';
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
/** What `shareRound1` keeps of a group of counters. */
const GROUP: usize = SCRATCH + 96;
const USED: usize = 144;

/** Counters that differ in their last byte only and share round 1. */
const GROUP_SIZE: i32 = 16;
/** Below this, a new group costs more than it saves. */
const GROUP_FROM: i32 = 48;

/** Place of the next counter in the group, and how many places it has. */
let place: i32 = 0;
let places: i32 = 0;

/** Return values. */
const GOOD: i32 = 1;
const FORGED: i32 = 0;
const REFUSED: i32 = -1;

/** AAD of an encrypted APDU: security control and authentication key. */
const DLMS_AAD: i32 = 17;

/** Starts a group at a counter; the last byte must not wrap within it. */
function startGroup(context: usize, iv: v128, counter: u32): void {
  shareRound1(context, counterBlock(iv, counter), GROUP);
  place = 0;
  places = min(GROUP_SIZE, 256 - <i32>(counter & 0xff));
}

/** Keystream of `count` (1..3) counters to `out`. */
function stream3(context: usize, iv: v128, counter: u32, count: i32, out: usize): void {
  const rounds = load<i32>(context, ROUNDS);
  if (place + count <= places) {
    const x0 = enterRound2(GROUP, place);
    if (count == 1) {
      v128.store(out, encrypt1(context, rounds, 2, x0));
    } else if (count == 2) {
      encrypt2(context, rounds, 2, x0, enterRound2(GROUP, place + 1), out);
    } else {
      encrypt3(context, rounds, 2, x0, enterRound2(GROUP, place + 1), enterRound2(GROUP, place + 2), out);
    }
    place += count;
    return;
  }
  // These counters are not the group's; what is left of it is behind.
  place = places;
  const x0 = enter(context, counterBlock(iv, counter));
  if (count == 1) {
    v128.store(out, encrypt1(context, rounds, 1, x0));
    return;
  }
  const x1 = enter(context, counterBlock(iv, counter + 1));
  if (count == 2) {
    encrypt2(context, rounds, 1, x0, x1, out);
  } else {
    encrypt3(context, rounds, 1, x0, x1, enter(context, counterBlock(iv, counter + 2)), out);
  }
}

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
  counter += ready;
  let stream = STREAM;
  let left = ready;
  while (n > 0) {
    if (left == 0) {
      const count = min(3, (n + 15) >> 4);
      if (place + count > places && n > GROUP_FROM) startGroup(context, iv, counter);
      stream3(context, iv, counter, count, NEXT);
      if (count < 3) {
        left = count;
      } else {
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
  startGroup(context, iv, 1);
  stream3(context, iv, 1, 3, MASK);
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
  place = places = 0;
  crypt(context, loadIv(ivAt), counter, src, n, dst, 0);
  wipe(SCRATCH, USED);
  return GOOD;
}
