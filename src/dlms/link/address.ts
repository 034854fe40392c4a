import { DcuError } from '../../base/errors.ts';

/** Width of an HDLC address on the wire, in bytes of seven bits (IEC 62056-46, address field; clause not checked). */
export type AddressBytes = 1 | 2 | 4;

/** An address as the deframer reports it: the 7-bit groups joined, high group first. */
export interface HdlcAddress {
  readonly value: number;
  readonly bytes: AddressBytes;
}

export interface ServerAddressParts {
  /** Logical device. */
  readonly upper: number;
  /** Physical device; a one-byte address has none. */
  readonly lower?: number;
}

const halfBits = (bytes: 2 | 4): 7 | 14 => (bytes === 2 ? 7 : 14);

/** Highest value of one half of the address: 0x7f, or 0x3fff with four bytes. It is also the all-station address. */
export function allStations(bytes: AddressBytes): number {
  return bytes === 4 ? 0x3fff : 0x7f;
}

/** The address of every station at once: of all clients, or of all servers in both halves. */
export function allStationsOf(bytes: AddressBytes, servers: boolean): HdlcAddress {
  const all = allStations(bytes);
  return servers ? serverAddress(all, bytes === 1 ? undefined : all, bytes) : { value: all, bytes };
}

/** Lower address of the device that has called (dialled in): 0x7E or 0x3FFE. */
export function callingDevice(bytes: 2 | 4): number {
  return allStations(bytes) - 1;
}

/**
 * Joins logical and physical address to the value on the wire. One-byte addressing has no physical address.
 * Throws `invalid-field` for a part that does not fit, or a missing physical address.
 */
export function serverAddress(upper: number, lower: number | undefined, bytes: AddressBytes): HdlcAddress {
  checkPart(upper, bytes, 'serverAddress');
  if (bytes === 1) return { value: upper, bytes };
  if (lower === undefined) {
    throw new DcuError('invalid-field', `${bytes}-byte addressing needs a physical address`, {
      field: 'physicalAddress',
    });
  }
  checkPart(lower, bytes, 'physicalAddress');
  return { value: (upper << halfBits(bytes)) | lower, bytes };
}

export function clientAddress(address: number): HdlcAddress {
  checkPart(address, 1, 'clientAddress');
  return { value: address, bytes: 1 };
}

export function splitServerAddress(address: HdlcAddress): ServerAddressParts {
  if (address.bytes === 1) return { upper: address.value };
  const bits = halfBits(address.bytes);
  return { upper: address.value >>> bits, lower: address.value & ((1 << bits) - 1) };
}

/** Puts the address at `at` of `into`: seven bits a byte, high first, bit 0 set in the last one. Returns the next offset. */
export function putAddress(into: Uint8Array, at: number, address: HdlcAddress): number {
  for (let i = 0; i < address.bytes; i++) {
    const last = i === address.bytes - 1;
    into[at + i] = (((address.value >>> (7 * (address.bytes - 1 - i))) & 0x7f) << 1) | (last ? 1 : 0);
  }
  return at + address.bytes;
}

function checkPart(value: number, bytes: AddressBytes, field: string): void {
  if (Number.isInteger(value) && value >= 0 && value <= allStations(bytes)) return;
  throw new DcuError('invalid-field', `${field} ${value} does not fit ${bytes}-byte HDLC addressing`, {
    field,
  });
}
