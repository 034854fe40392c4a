import { concat } from '../base/bytes.ts';
import { encodeSetRequest } from './apdu/set.ts';
import { encodeData } from './axdr.ts';
import { type AddressBytes, allStationsOf, clientAddress } from './link/address.ts';
import { encodeFrame, unnumberedControl } from './link/frame.ts';

/** What a clock is told, and as whom. */
export interface ClockBroadcast {
  /** Client whose association stands without being opened. */
  readonly clientAddress: number;
  /** Width of the addresses of the meters. */
  readonly addressBytes: AddressBytes;
  /** Logical name of the clock (class 8). */
  readonly clock: string;
  /** The new time: date-time, 12 bytes (Blue Book 4.1.6.1). */
  readonly time: Uint8Array;
}

const LLC_COMMAND = Uint8Array.of(0xe6, 0xe6, 0x00);
/** Invoke-id 1, high priority, service class unconfirmed. */
const UNCONFIRMED = 0x81;
const CLOCK_CLASS = 8;
const TIME_ATTRIBUTE = 2;

/**
 * One HDLC UI frame that sets the clock of every station on a line: an unconfirmed SET of the clock's time to the
 * all-station address, upper and lower half; not protected.
 * @throws DcuError `invalid-field` for a client address that HDLC does not have
 */
export function clockBroadcastFrame(broadcast: ClockBroadcast): Uint8Array {
  const { addressBytes, clock, time } = broadcast;
  const apdu = encodeSetRequest({
    type: 'normal',
    invoke: UNCONFIRMED,
    request: { attribute: { classId: CLOCK_CLASS, obis: clock, attribute: TIME_ATTRIBUTE } },
    value: encodeData({ type: 'octet-string', value: time }),
  });
  return encodeFrame({
    destination: allStationsOf(addressBytes, true),
    source: clientAddress(broadcast.clientAddress),
    control: unnumberedControl('ui', false),
    info: concat([LLC_COMMAND, apdu]),
  });
}
