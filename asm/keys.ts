// Contexts of keys, by handle. A handle is a number that the host chooses below `keyCapacity`.
//
// Context: 0 transformed round keys 15 x 16 | 240 rounds (0 = no key) | 244 AAD entries: valid 0, valid 1,
// next to replace | 248 lengths of the last message, AAD's << 32 | 256 GHASH tables 2,560 | 2816 AAD states 2 x 16 |
// 2848 their security-control bytes | 2864 authentication key of the AAD states | 2880 H times the block of those lengths.

import { KEYS, KEY_SIZE, SCRATCH } from './abi';
import { encrypt1, enter, expandKey } from './aes';
import { initPowers } from './ghash';

export const ROUNDS: usize = 240;
export const AAD_VALID: usize = 244;
export const AAD_NEXT: usize = 246;
export const LENGTHS: usize = 248;
export const TABLES: usize = 256;
export const AAD_STATES: usize = 2816;
export const AAD_CONTROLS: usize = 2848;
export const AAD_KEY: usize = 2864;
export const LENGTHS_PRODUCT: usize = 2880;

/** How many handles there is room for. */
export function keyCapacity(): i32 {
  return <i32>((((<usize>memory.size()) << 16) - KEYS) / KEY_SIZE);
}

/** Makes room for `count` handles; 0 when memory cannot grow so far. */
export function keyReserve(count: i32): i32 {
  if (count < 0 || count > 0x100000) return 0;
  const needed = KEYS + <usize>count * KEY_SIZE;
  const pages = <i32>((needed + 0xffff) >> 16) - memory.size();
  if (pages <= 0) return 1;
  return memory.grow(pages) < 0 ? 0 : 1;
}

/** Address of a handle's context, or 0 for a handle out of range. */
export function slotOf(handle: i32): usize {
  return <u32>handle < <u32>keyCapacity() ? KEYS + <usize>handle * KEY_SIZE : 0;
}

/** Address of a live key's context, or 0. */
export function contextOf(handle: i32): usize {
  const context = slotOf(handle);
  return context != 0 && load<i32>(context, ROUNDS) != 0 ? context : 0;
}

/** Sets up a key of 16 or 32 bytes; 0 for a bad handle or length. What the handle held before is gone. */
export function keySetup(handle: i32, key: usize, length: i32): i32 {
  const context = slotOf(handle);
  if (context == 0 || (length != 16 && length != 32)) return 0;
  wipe(context, KEY_SIZE);
  const rounds = expandKey(key, length >> 2, context);
  const h = encrypt1(context, rounds, 1, enter(context, i64x2.splat(0)));
  initPowers(context + TABLES, h, SCRATCH);
  store<i32>(context, rounds, ROUNDS);
  return 1;
}

/** Zeroes the context; 0 for a handle out of range. */
export function keyRelease(handle: i32): i32 {
  const context = slotOf(handle);
  if (context == 0) return 0;
  wipe(context, KEY_SIZE);
  return 1;
}

/** `size` is a multiple of 16. */
export function wipe(at: usize, size: usize): void {
  for (const end = at + size; at < end; at += 16) v128.store(at, i64x2.splat(0));
}
