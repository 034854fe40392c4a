// Values of cells into columns. A column has 16 bytes a slot: values at 0 (8 bytes a slot; byte columns: offsets,
// then lengths, 4 bytes each), date-time deviations at 8 (2 bytes a slot), status at 10, flags at 11, validity at 12,
// all times the capacity.

import {
  BYTES, CONTENT, DATE_TIME, INT64, KIND, LENGTH, NUMBER, CELL_TAG, T_NULL, T_OFFSET, TAG, UINT64,
} from './axdr-state';
import { startOfDay } from './axdr-time';
import { sw } from './vector';

const DEVIATION_OPEN: i32 = -32768;

@inline
function times(factor: usize, capacity: i32): usize {
  return factor * <usize>capacity;
}

/** What null-data leaves in the slots [from, to): NaN, 0, or "not specified". Validity too. */
export function clearDefaults(column: usize, from: i32, to: i32, at: usize, capacity: i32): void {
  const kind = load<u8>(column, KIND);
  for (let slot: usize = from; slot < <usize>to; slot++) {
    store<u8>(at + times(12, capacity) + slot, 0);
    if (kind == BYTES) {
      store<u32>(at + (slot << 2), 0);
      store<u32>(at + times(4, capacity) + (slot << 2), 0);
    } else if (kind == INT64 || kind == UINT64) {
      store<u64>(at + (slot << 3), 0);
    } else if (kind == NUMBER || kind == DATE_TIME) {
      store<f64>(at + (slot << 3), NaN);
      if (kind == DATE_TIME) {
        store<i16>(at + times(8, capacity) + (slot << 1), <i16>DEVIATION_OPEN);
        store<u8>(at + times(10, capacity) + slot, 0xff);
        store<u8>(at + times(11, capacity) + slot, 0);
      }
    }
  }
}

/** The cell of the row last walked. */
export function storeCell(column: usize, slot: i32, at: usize, capacity: i32, origin: usize): void {
  if (load<u8>(column, CELL_TAG) == 0) {
    clearDefaults(column, slot, slot + 1, at, capacity);
  } else {
    storeValues(column, load<u32>(column, CONTENT), 0, 1, slot, at, capacity, origin);
  }
}

/** The cells of `n` rows from p on that have the template's layout. */
export function storeRun(
  column: usize, p: usize, width: usize, n: i32, slot: i32, at: usize, capacity: i32, origin: usize,
): void {
  if (load<u8>(column, T_NULL)) {
    clearDefaults(column, slot, slot + n, at, capacity);
  } else {
    storeValues(column, p + load<u32>(column, T_OFFSET), width, n, slot, at, capacity, origin);
  }
}

function storeValues(
  column: usize, p: usize, width: usize, n: i32, slot: i32, at: usize, capacity: i32, origin: usize,
): void {
  const valid = at + times(12, capacity) + <usize>slot;
  // May set up to 15 slots too many, which later rows set again; the column's spare bytes take the last of them.
  for (let i = 0; i < n; i += 16) v128.store(valid + <usize>i, i8x16.splat(1));
  const out = at + (<usize>slot << 3);
  const kind = load<u8>(column, KIND);
  if (kind == NUMBER) {
    storeNumbers(load<u8>(column, TAG), p, width, n, out);
  } else if (kind == DATE_TIME) {
    storeTimes(p, width, n, slot, at, capacity);
  } else if (kind == BYTES) {
    const offsets = at + (<usize>slot << 2);
    const lengths = offsets + times(4, capacity);
    const length = load<u32>(column, LENGTH);
    for (let i: usize = 0; i < <usize>n; i++, p += width) {
      store<u32>(offsets + (i << 2), <u32>(p - origin));
      store<u32>(lengths + (i << 2), length);
    }
  } else {
    for (let i: usize = 0; i < <usize>n; i++, p += width) store<u64>(out + (i << 3), bswap<u64>(load<u64>(p)));
  }
}

/** Four u32 or i32 of successive rows, in the processor's byte order. */
@inline
function load4(p: usize, width: usize): v128 {
  let v = v128.load32_zero(p);
  v = v128.load32_lane(p + width, v, 1);
  v = v128.load32_lane(p + (width << 1), v, 2);
  v = v128.load32_lane(p + width * 3, v, 3);
  return sw(v, i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

@inline
function upperHalf(v: v128): v128 {
  return i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

function storeNumbers(tag: u8, p: usize, width: usize, n: i32, out: usize): void {
  const end = out + (<usize>n << 3);
  switch (tag) {
    case 6:
      for (; out + 32 <= end; out += 32, p += width << 2) {
        const v = load4(p, width);
        v128.store(out, f64x2.convert_low_i32x4_u(v));
        v128.store(out, f64x2.convert_low_i32x4_u(upperHalf(v)), 16);
      }
      for (; out < end; out += 8, p += width) store<f64>(out, <f64>bswap<u32>(load<u32>(p)));
      break;
    case 5:
      for (; out + 32 <= end; out += 32, p += width << 2) {
        const v = load4(p, width);
        v128.store(out, f64x2.convert_low_i32x4_s(v));
        v128.store(out, f64x2.convert_low_i32x4_s(upperHalf(v)), 16);
      }
      for (; out < end; out += 8, p += width) store<f64>(out, <f64>bswap<i32>(load<i32>(p)));
      break;
    case 3:
      for (; out < end; out += 8, p += width) store<f64>(out, load<u8>(p) == 0 ? 0 : 1);
      break;
    case 15:
      for (; out < end; out += 8, p += width) store<f64>(out, <f64>load<i8>(p));
      break;
    case 16:
      for (; out < end; out += 8, p += width) store<f64>(out, <f64>(<i32>bswap<i16>(load<i16>(p))));
      break;
    case 18:
      for (; out < end; out += 8, p += width) store<f64>(out, <f64>(<i32>bswap<u16>(load<u16>(p))));
      break;
    case 23:
      for (; out < end; out += 8, p += width) {
        store<f64>(out, <f64>reinterpret<f32>(bswap<u32>(load<u32>(p))));
      }
      break;
    case 24:
      for (; out < end; out += 8, p += width) store<u64>(out, bswap<u64>(load<u64>(p)));
      break;
    default:
      for (; out < end; out += 8, p += width) store<f64>(out, <f64>(<i32>load<u8>(p)));
  }
}

/** DLMS date-times: UTC milliseconds, deviation, status and what was not specified. */
function storeTimes(p: usize, width: usize, n: i32, slot: i32, at: usize, capacity: i32): void {
  let values = at + (<usize>slot << 3);
  let deviations = at + times(8, capacity) + (<usize>slot << 1);
  let states = at + times(10, capacity) + <usize>slot;
  const flagsFrom = times(1, capacity);
  for (; n > 0; n--, p += width, values += 8, deviations += 2, states++) {
    const hour: u32 = load<u8>(p, 5);
    const minute: u32 = load<u8>(p, 6);
    let second: u32 = load<u8>(p, 7);
    let hundredths: u32 = load<u8>(p, 8);
    let deviation = <i32>bswap<i16>(load<i16>(p, 9));
    let flags: u32 = 0;
    store<i16>(deviations, <i16>deviation);
    store<u8>(states, load<u8>(p, 11));
    if (deviation == DEVIATION_OPEN) {
      deviation = 0;
      flags = 1;
    }
    if (second == 0xff) {
      second = 0;
      flags |= 2;
    }
    if (hundredths == 0xff) {
      hundredths = 0;
      flags |= 4;
    }
    store<u8>(states + flagsFrom, <u8>flags);
    // Bitwise, so that the usual row takes one branch.
    const bad = u32(hour > 23) | u32(minute > 59) | u32(second > 59) | u32(hundredths > 99) |
      u32(deviation > 840) | u32(deviation < -840);
    const ms = (<i32>((hour * 60 + minute) * 60 + second) + deviation * 60) * 1000 + <i32>hundredths * 10;
    store<f64>(values, bad ? NaN : startOfDay(load<u32>(p)) + <f64>ms);
  }
}
