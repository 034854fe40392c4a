/** CRC-16/X.25 in TypeScript, as plain and as fast as it gets. */

function tables(count: number): Uint16Array {
  const out = new Uint16Array(count * 256);
  for (let byte = 0; byte < 256; byte++) {
    let r = byte;
    for (let bit = 0; bit < 8; bit++) r = r & 1 ? (r >> 1) ^ 0x8408 : r >> 1;
    out[byte] = r;
  }
  for (let i = 256; i < out.length; i++) {
    const before = out[i - 256] ?? 0;
    out[i] = (before >> 8) ^ (out[before & 0xff] ?? 0);
  }
  return out;
}

const T = tables(16);

/** One table, a byte at a time. */
export function crcIdiomatic(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >> 8) ^ (T[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  return ~crc & 0xffff;
}

/** Sixteen tables, sixteen bytes a turn: register in, register out, over [from, to). */
export function crcRegisterTuned(bytes: Uint8Array, from: number, to: number, register: number): number {
  let r = register;
  let i = from;
  // `as number`: the bounds hold, and a fallback per byte would slow the baseline down.
  const at = (index: number): number => bytes[index] as number;
  const t = (index: number): number => T[index] as number;
  for (; i + 16 <= to; i += 16) {
    r =
      t(3840 + (at(i) ^ (r & 0xff))) ^
      t(3584 + (at(i + 1) ^ (r >> 8))) ^
      t(3328 + at(i + 2)) ^
      t(3072 + at(i + 3)) ^
      t(2816 + at(i + 4)) ^
      t(2560 + at(i + 5)) ^
      t(2304 + at(i + 6)) ^
      t(2048 + at(i + 7)) ^
      t(1792 + at(i + 8)) ^
      t(1536 + at(i + 9)) ^
      t(1280 + at(i + 10)) ^
      t(1024 + at(i + 11)) ^
      t(768 + at(i + 12)) ^
      t(512 + at(i + 13)) ^
      t(256 + at(i + 14)) ^
      t(at(i + 15));
  }
  for (; i + 4 <= to; i += 4) {
    r = t(768 + (at(i) ^ (r & 0xff))) ^ t(512 + (at(i + 1) ^ (r >> 8))) ^ t(256 + at(i + 2)) ^ t(at(i + 3));
  }
  for (; i < to; i++) r = (r >> 8) ^ t((r ^ at(i)) & 0xff);
  return r;
}

export function crcTuned(bytes: Uint8Array): number {
  return ~crcRegisterTuned(bytes, 0, bytes.length, 0xffff) & 0xffff;
}
