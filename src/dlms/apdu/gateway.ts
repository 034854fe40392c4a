import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';

/** A meter behind a gateway. */
export interface GatewayAddress {
  /** 0..255; 0 where the gateway has only one network. */
  readonly networkId: number;
  /** Physical device address, 1 to 255 bytes. */
  readonly address: Uint8Array;
}

export interface GatewayApdu {
  readonly direction: 'request' | 'response';
  readonly gateway: GatewayAddress;
  /** What stands behind the prefix; a view. */
  readonly apdu: Uint8Array;
}

const PREFIX = { request: 0xe6, response: 0xe7 } as const;
const LONGEST_ADDRESS = 0xff;
/** The second and third byte of an LLC header; no physical device address has length zero. */
const LLC_SECOND: ReadonlySet<number> = new Set([0xe6, 0xe7]);

/**
 * Puts the gateway prefix in front of an APDU: E6 (request) or E7 (response), network id, length of the address,
 * address (Green Book, gateway protocol; clause not checked). Throws `invalid-field` for what does not fit a byte.
 */
export function encodeGateway(
  direction: GatewayApdu['direction'],
  gateway: GatewayAddress,
  apdu: Uint8Array,
): Uint8Array {
  checkGateway(gateway);
  const { networkId, address } = gateway;
  return new ByteWriter(3 + address.length + apdu.length)
    .u8(PREFIX[direction])
    .u8(networkId)
    .u8(address.length)
    .put(address)
    .put(apdu)
    .done();
}

/** Throws `invalid-field` for a network id or address that the prefix cannot state. */
export function checkGateway({ networkId, address }: GatewayAddress): void {
  if (!Number.isInteger(networkId) || networkId < 0 || networkId > 0xff) {
    throw new DcuError('invalid-field', `network id ${networkId} does not fit a byte`, {
      field: 'networkId',
    });
  }
  if (address.length === 0 || address.length > LONGEST_ADDRESS) {
    throw new DcuError('invalid-field', `a physical device address has 1 to ${LONGEST_ADDRESS} bytes`, {
      field: 'address',
    });
  }
}

/** Whether the bytes begin with a gateway prefix, and not with the LLC header E6 E6 00 or E6 E7 00. */
export function hasGatewayPrefix(bytes: Uint8Array): boolean {
  const [first, second, third] = bytes;
  if (first !== PREFIX.request && first !== PREFIX.response) return false;
  return !(first === PREFIX.request && second !== undefined && LLC_SECOND.has(second) && third === 0);
}

/** Undefined when there is no prefix. Throws `apdu-invalid` when it has no address or is cut, with the offset. */
export function decodeGateway(bytes: Uint8Array): GatewayApdu | undefined {
  if (!hasGatewayPrefix(bytes)) return undefined;
  const reader = new ByteReader(bytes, 1, 'apdu-invalid');
  const networkId = reader.u8('network id');
  const length = reader.u8('address length');
  if (length === 0) {
    throw new DcuError('apdu-invalid', 'a gateway prefix without a physical device address', { offset: 2 });
  }
  const address = reader.take(length, 'physical device address').slice();
  const direction = bytes[0] === PREFIX.request ? 'request' : 'response';
  return { direction, gateway: { networkId, address }, apdu: reader.rest() };
}
