// AES-GCM (NIST SP 800-38D) with 96-bit IVs and tags of 12 or 16 bytes.
// Lengths, IV, AAD, ciphertext and tag are public; everything else stays in registers or at fixed addresses.

import { SCRATCH } from './abi';
import {
  encrypt1, encrypt2, encrypt3, enter, enterRound3, sboxDoubled, sboxPlain, shareCounters, shareRounds, varying,
} from './aes';
import { absorb, multiply1 } from './ghash';
import {
  AAD_CONTROLS, AAD_KEY, AAD_NEXT, AAD_STATES, AAD_VALID, contextOf, LENGTHS, LENGTHS_PRODUCT, ROUNDS, TABLES, wipe,
} from './keys';
import { firstLanes, storePartial } from './vector';

/** Tag mask and behind it the first 0..2 keystream blocks, made by one call. */
const MASK: usize = SCRATCH;
const STREAM: usize = SCRATCH + 16;
/** Three further keystream blocks. */
const NEXT: usize = SCRATCH + 48;
/** What `shareRounds` and `shareCounters` keep. */
const GROUP: usize = SCRATCH + 96;
const USED: usize = 160;

/** Counters in a group: they differ in their last byte only, and a call takes three. */
const GROUP_SIZE: i32 = 16;
/** Below this, a new group costs more than it saves. */
const GROUP_FROM: i32 = 48;

const NONE: u32 = 0xffffffff;

/** Place of the next counter in the group, and how many places it has. */
let place: i32 = 0;
let places: i32 = 0;
/** The upper 24 bits of the counters for which rounds are shared, or NONE. */
let shared: u32 = NONE;

/** Return values. */
const GOOD: i32 = 1;
const FORGED: i32 = 0;
const REFUSED: i32 = -1;

/** AAD of an encrypted APDU: security control and authentication key. */
const DLMS_AAD: i32 = 17;

/** Starts a group at a counter; it ends where the last byte wraps. */
function startGroup(context: usize, iv: v128, counter: u32): void {
  if (shared != counter >>> 8) {
    shareRounds(context, counterBlock(iv, counter), GROUP);
    shared = counter >>> 8;
  }
  shareCounters(context, counter & 0xff, GROUP);
  place = 0;
  places = min(GROUP_SIZE, 256 - <i32>(counter & 0xff));
}

/** Keystream of `count` (1..3) counters to `out`. */
function stream3(context: usize, iv: v128, counter: u32, count: i32, out: usize): void {
  const rounds = load<i32>(context, ROUNDS);
  if (place + 3 <= places) {
    const bytes = varying(GROUP, place);
    const s = sboxPlain(bytes), d = sboxDoubled(bytes);
    const x0 = enterRound3(GROUP, s, d, 0);
    if (count == 1) {
      v128.store(out, encrypt1(context, rounds, 3, x0));
    } else if (count == 2) {
      encrypt2(context, rounds, 3, x0, enterRound3(GROUP, s, d, 1), out);
    } else {
      encrypt3(context, rounds, 3, x0, enterRound3(GROUP, s, d, 1), enterRound3(GROUP, s, d, 2), out);
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

@inline
function counterBlock(iv: v128, counter: u32): v128 {
  return i32x4.replace_lane(iv, 3, <i32>bswap<u32>(counter));
}

/** The 12 bytes of an IV; lane 3 is the counter's. Reads nothing behind them. */
@inline
function loadIv(at: usize): v128 {
  return i32x4.replace_lane(v128.load64_zero(at), 2, load<i32>(at, 8));
}

/** H times the block of the two lengths in bits; kept, since a meter's frames are as long as one another mostly. */
function lengthsProduct(context: usize, aadLength: i32, n: i32): v128 {
  const both = (<u64>aadLength << 32) | <u64>n;
  if (load<u64>(context, LENGTHS) == both) return v128.load(context, LENGTHS_PRODUCT);
  const lengths = i64x2(bswap<i64>(<i64>aadLength << 3), bswap<i64>(<i64>n << 3));
  const product = multiply1(context + TABLES, lengths);
  v128.store(context, product, LENGTHS_PRODUCT);
  store<u64>(context, both, LENGTHS);
  return product;
}

/**
 * H times the state after the AAD, as `absorb` takes it. That of SC || AK is the same for every frame of a meter and is kept for two security
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
  const w = absorb(tables, i64x2.splat(0), aad, length);
  const i: usize = load<u8>(context, AAD_NEXT) & 1;
  store<u8>(context, <u8>(i ^ 1), AAD_NEXT);
  store<u8>(context + i, 1, AAD_VALID);
  store<u8>(context + i, control, AAD_CONTROLS);
  v128.store(context + (i << 4), w, AAD_STATES);
  return w;
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
      if (place + 3 > places && (n > GROUP_FROM || shared == counter >>> 8)) startGroup(context, iv, counter);
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

/**
 * Tag mask and the first 0..2 keystream blocks to scratch, so many that threes remain; returns how many. One or two blocks
 * keep the processor waiting, which GHASH, next in line, fills here and nothing would fill at the end of a message.
 */
@inline
function firstBlocks(context: usize, iv: v128, n: i32): i32 {
  const ready = <i32>(<u32>((n + 15) >> 4) % 3);
  shared = NONE;
  startGroup(context, iv, 1);
  stream3(context, iv, 1, 1 + ready, MASK);
  return ready;
}

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
  const ready = firstBlocks(context, iv, n);
  const w = absorb(context + TABLES, aadState(context, aad, aadLength), src, n);
  const y = v128.xor(w, lengthsProduct(context, aadLength, n));
  const difference = v128.and(
    v128.xor(v128.xor(y, v128.load(MASK)), v128.load(tag)),
    firstLanes(tagLength),
  );
  const forged = v128.any_true(difference);
  if (!forged) crypt(context, iv, 2, src, n, dst, ready);
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
  const ready = firstBlocks(context, iv, n);
  const start = aadState(context, aad, aadLength);
  crypt(context, iv, 2, src, n, dst, ready);
  const y = v128.xor(absorb(context + TABLES, start, dst, n), lengthsProduct(context, aadLength, n));
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
  shared = NONE;
  crypt(context, loadIv(ivAt), counter, src, n, dst, 0);
  wipe(SCRATCH, USED);
  return GOOD;
}
