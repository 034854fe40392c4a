import { crc16 } from './reference/crc.ts';

/** 7-bit groups of an address, high first, the last byte marked. */
export function addressBytes(value: number, bytes: 1 | 2 | 4): number[] {
  return Array.from({ length: bytes }, (_, i) => {
    const group = Math.floor(value / 128 ** (bytes - 1 - i)) & 0x7f;
    return (group << 1) | (i === bytes - 1 ? 1 : 0);
  });
}

export interface FrameParts {
  readonly destination?: readonly [number, 1 | 2 | 4];
  readonly source?: readonly [number, 1 | 2 | 4];
  readonly control?: number;
  readonly segmented?: boolean;
  readonly info?: Uint8Array;
}

/** A frame with both its flags, made byte by byte. */
export function frameOf(parts: FrameParts): Uint8Array {
  const [destination, destinationBytes] = parts.destination ?? [16, 1];
  const [source, sourceBytes] = parts.source ?? [1, 1];
  const { info = new Uint8Array(0), control = 0x13 } = parts;
  const addresses = [...addressBytes(destination, destinationBytes), ...addressBytes(source, sourceBytes)];
  const length = 2 + addresses.length + 1 + 2 + (info.length === 0 ? 0 : info.length + 2);
  const format = 0xa000 | (parts.segmented === true ? 0x800 : 0) | length;
  const header = [format >> 8, format & 0xff, ...addresses, control];
  const hcs = crc16(Uint8Array.from(header));
  const body = [...header, hcs & 0xff, hcs >> 8, ...info];
  if (info.length > 0) {
    const fcs = crc16(Uint8Array.from(body));
    body.push(fcs & 0xff, fcs >> 8);
  }
  return Uint8Array.of(0x7e, ...body, 0x7e);
}

export function joined(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
