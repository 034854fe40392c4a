// Which key belongs to which HDLC address. The whole address counts: value and number of bytes.
//
// Entry: 0 bytes of the address (0 = free) | 4 address | 8 key handle | 12 tag length | 16 system title, 8 bytes |
// 24 last invocation counter | 28 whether there was one | 32 authentication key, 16 bytes.

import { ROUTE_LIMIT, ROUTE_SIZE, ROUTE_SLOTS, ROUTES } from './abi';

export const HANDLE: usize = 8;
export const TAG_LENGTH: usize = 12;
export const TITLE: usize = 16;
export const COUNTER: usize = 24;
export const COUNTED: usize = 28;
export const AUTHENTICATION_KEY: usize = 32;

let used: i32 = 0;

/** The entry of an address, or the free one where it belongs. The table is never full, so the search ends. */
function slotFor(address: u32, bytes: u32): usize {
  let i = (address * 0x9e3779b1 + bytes) >> 7;
  let entry = at(i);
  while (load<u32>(entry) != 0 && (load<u32>(entry) != bytes || load<u32>(entry, 4) != address)) entry = at(++i);
  return entry;
}

@inline
function at(i: u32): usize {
  return ROUTES + <usize>(i & (ROUTE_SLOTS - 1)) * ROUTE_SIZE;
}

/** Entry of an address, or 0. */
export function routeOf(address: u32, bytes: u32): usize {
  const entry = slotFor(address, bytes);
  return load<u32>(entry) == 0 ? 0 : entry;
}

/** Zeroes the table, keys and counters included. */
export function routesClear(): void {
  memory.fill(ROUTES, 0, <usize>ROUTE_SLOTS * ROUTE_SIZE);
  used = 0;
}

/**
 * Adds or replaces an address; `title` has 8 bytes, `key` 16. A `counter` of 0 means that none was seen yet.
 * 0 when the table is full or an argument is none.
 */
export function routeAdd(
  address: u32, bytes: u32, handle: i32, title: usize, key: usize, tagLength: i32, counter: u32,
): i32 {
  if (bytes != 1 && bytes != 2 && bytes != 4) return 0;
  if (tagLength != 12 && tagLength != 16) return 0;
  const entry = slotFor(address, bytes);
  if (load<u32>(entry) == 0) {
    if (used >= ROUTE_LIMIT) return 0;
    used++;
  }
  store<u32>(entry, bytes);
  store<u32>(entry, address, 4);
  store<i32>(entry, handle, HANDLE);
  store<i32>(entry, tagLength, TAG_LENGTH);
  store<u64>(entry, load<u64>(title), TITLE);
  store<u32>(entry, counter, COUNTER);
  store<u32>(entry, counter != 0 ? 1 : 0, COUNTED);
  v128.store(entry, v128.load(key), AUTHENTICATION_KEY);
  return 1;
}

/** Forgets the invocation counters, so that a benchmark can send the same frames again. */
export function routesForgetCounters(): void {
  for (let i: u32 = 0; i < ROUTE_SLOTS; i++) store<u64>(at(i), 0, COUNTER);
}
