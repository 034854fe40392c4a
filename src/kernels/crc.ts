import { kernels, memory, regions } from './wasm.ts';

/** Shorter messages cost less in a plain loop than their copy into linear memory (measured). */
const WASM_FROM = 48;

/** Slice-by-four tables for what is too short for the kernel. */
const TABLES = buildTables();

function buildTables(): Uint16Array {
  const tables = new Uint16Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let r = byte;
    for (let bit = 0; bit < 8; bit++) r = r & 1 ? (r >> 1) ^ 0x8408 : r >> 1;
    tables[byte] = r;
  }
  for (let i = 256; i < tables.length; i++) {
    const before = tables[i - 256] ?? 0;
    tables[i] = (before >> 8) ^ (tables[before & 0xff] ?? 0);
  }
  return tables;
}

function crcShort(bytes: Uint8Array): number {
  let r = 0xffff;
  const length = bytes.length;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    r =
      (TABLES[768 + ((r ^ (bytes[i] as number)) & 0xff)] as number) ^
      (TABLES[512 + (((r >> 8) ^ (bytes[i + 1] as number)) & 0xff)] as number) ^
      (TABLES[256 + (bytes[i + 2] as number)] as number) ^
      (TABLES[bytes[i + 3] as number] as number);
  }
  for (; i < length; i++) r = (r >> 8) ^ (TABLES[(r ^ (bytes[i] as number)) & 0xff] as number);
  return ~r & 0xffff;
}

/**
 * CRC-16/X.25 of a whole message (ISO/IEC 13239): reflected polynomial 8408, start FFFF, complemented.
 * A frame carries it low byte first. Any length.
 */
export function crc16(bytes: Uint8Array): number {
  if (bytes.length < WASM_FROM) return crcShort(bytes);
  const { INPUT, INPUT_SIZE } = regions;
  if (bytes.length <= INPUT_SIZE) {
    memory.bytes.set(bytes, INPUT);
    return kernels.crc16(INPUT, bytes.length);
  }
  let register = 0xffff;
  for (let at = 0; at < bytes.length; at += INPUT_SIZE) {
    const part = bytes.subarray(at, at + INPUT_SIZE);
    memory.bytes.set(part, INPUT);
    register = kernels.crcUpdate(register, INPUT, part.length);
  }
  return ~register & 0xffff;
}
