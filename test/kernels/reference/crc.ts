/** One byte into the register, bit by bit, as ISO/IEC 13239 describes it. */
function feedByte(register: number, byte: number): number {
  let r = register ^ byte;
  for (let bit = 0; bit < 8; bit++) r = r & 1 ? (r >> 1) ^ 0x8408 : r >> 1;
  return r;
}

/** Register in, register out: no initial value and no complement. */
export function crcRegister(bytes: Uint8Array, register: number): number {
  return bytes.reduce(feedByte, register);
}

/** CRC-16/X.25 of a whole message. */
export function crc16(bytes: Uint8Array): number {
  return ~crcRegister(bytes, 0xffff) & 0xffff;
}
