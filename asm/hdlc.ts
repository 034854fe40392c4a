// HDLC frame format type 3 (ISO/IEC 13239, IEC 62056-46): finds the good frames of a byte run.

import { DESCRIPTOR_SIZE, RESULT } from './abi';
import { CRC_RESIDUE, crcUpdate } from './crc';

const FLAG: u32 = 0x7e;
const SHORTEST: u32 = 7;

/** Outcomes of the address walk beside lengths 1, 2 and 4. */
const REJECT: i32 = 0;
const WAIT: i32 = -1;

/** Position of the next flag in [p, e), or e. */
function hunt(p: usize, e: usize): usize {
  const flags = i8x16.splat(0x7e);
  while (e - p >= 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(p), flags));
    if (found) return p + ctz(found);
    p += 16;
  }
  while (p < e && load<u8>(p) != FLAG) p++;
  return p;
}

/** Length of the address at p (1, 2 or 4), REJECT or WAIT; `end` is the closing flag, `e` the end of the input. */
function addressLength(p: usize, end: usize, e: usize): i32 {
  for (let length = 1; length <= 4; length++, p++) {
    if (p >= end) return REJECT;
    if (p >= e) return WAIT;
    if (load<u8>(p) & 1) return length == 3 ? REJECT : length;
  }
  return REJECT;
}

/** The 7-bit groups joined, high first. */
function addressValue(p: usize, length: i32): u32 {
  let value: u32 = 0;
  for (let i = 0; i < length; i++) value = (value << 7) | (load<u8>(p + i) >> 1);
  return value;
}

/**
 * Scans [p, e) and writes at most `max` descriptors of 8 x i32 to `out`: start, information offset, information
 * length, destination, source, control | destination bytes << 8 | source bytes << 12, format word, end
 * (all positions are addresses). `longest` bounds the length field.
 * RESULT: consumed address, rejected headers, bad FCS.
 */
export function hdlcScan(p: usize, e: usize, out: usize, max: i32, longest: u32): i32 {
  let found = 0;
  let rejected = 0;
  let badFcs = 0;
  while (found < max) {
    if (p >= e || load<u8>(p) != FLAG) {
      p = hunt(p, e);
      if (p >= e) break;
    }
    if (e - p < 2) break;
    const first: u32 = load<u8>(p, 1);
    if (first == FLAG) {
      p++;
      continue;
    }
    if (first >> 4 != 0xa) {
      rejected++;
      p++;
      continue;
    }
    if (e - p < 3) break;
    const format = (first << 8) | load<u8>(p, 2);
    const length = format & 0x7ff;
    if (length < SHORTEST || length > longest) {
      rejected++;
      p++;
      continue;
    }
    const end = p + 1 + length;
    const destinationLength = addressLength(p + 3, end, e);
    if (destinationLength == WAIT) break;
    const sourceAt = p + 3 + destinationLength;
    const sourceLength = destinationLength == REJECT ? REJECT : addressLength(sourceAt, end, e);
    if (sourceLength == WAIT) break;
    const controlAt = sourceAt + sourceLength;
    const info = controlAt + 3;
    if (sourceLength == REJECT || (info != end && info + 2 > end)) {
      rejected++;
      p++;
      continue;
    }
    if (info > e) break;
    // Before waiting for the rest, so that a false flag in noise stalls the line for a header only.
    if (crcUpdate(0xffff, p + 1, <i32>(info - p - 1)) != CRC_RESIDUE) {
      rejected++;
      p++;
      continue;
    }
    if (end >= e) break;
    if (load<u8>(end) != FLAG) {
      rejected++;
      p++;
      continue;
    }
    // The FCS covers the header too, and after a good HCS its register is the residue.
    if (info < end && crcUpdate(CRC_RESIDUE, info, <i32>(end - info)) != CRC_RESIDUE) {
      badFcs++;
      p++;
      continue;
    }
    store<u32>(out, <u32>p);
    store<u32>(out, <u32>info, 4);
    store<u32>(out, info < end ? <u32>(end - info) - 2 : 0, 8);
    store<u32>(out, addressValue(p + 3, destinationLength), 12);
    store<u32>(out, addressValue(sourceAt, sourceLength), 16);
    store<u32>(out, load<u8>(controlAt) | (destinationLength << 8) | (sourceLength << 12), 20);
    store<u32>(out, format, 24);
    store<u32>(out, <u32>end, 28);
    out += DESCRIPTOR_SIZE;
    found++;
    p = end;
  }
  store<u32>(RESULT, <u32>p);
  store<u32>(RESULT, rejected, 4);
  store<u32>(RESULT, badFcs, 8);
  return found;
}
