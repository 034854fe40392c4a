import { DcuError } from '../../base/errors.ts';
import type { Meter, MeterAddress } from '../../base/model.ts';
import { allStations } from '../../dlms/link/address.ts';
import { MANAGEMENT_SAP } from '../meter-saps.ts';

/** Both wPorts of a request, as the head-end gave them. */
export interface HesPorts {
  /** Of the head-end: its client address. */
  readonly client: number;
  /** Of the logical device that it asks. */
  readonly server: number;
}

/** One APDU of a head-end for a meter; nobody on the way looks into it. */
export interface MeterRequest {
  readonly apdu: Uint8Array;
  readonly ports: HesPorts;
}

export const samePorts = (a: HesPorts, b: HesPorts): boolean =>
  a.client === b.client && a.server === b.server;

/** HDLC: the address of every client. */
const ALL_CLIENTS = 0x7f;

/**
 * The addresses on the meter's own link. Wrapper: the wPorts as they are. HDLC: the client is the same, and so is the logical
 * device, but for 1, which every meter has and which means the one that the archive names.
 * @throws DcuError `invalid-field` for an address that HDLC does not have, or that means more than one station
 */
export function endsOf(
  { address }: Pick<Meter, 'address'>,
  { client, server }: HesPorts,
): Pick<MeterAddress, 'clientAddress' | 'serverAddress'> {
  if (address.framing === 'wrapper') return { clientAddress: client, serverAddress: server };
  if (client < 1 || client >= ALL_CLIENTS) {
    throw new DcuError('invalid-field', `HDLC has no client ${client}`, { field: 'source wPort' });
  }
  const serverAddress = server === MANAGEMENT_SAP ? address.serverAddress : server;
  if (serverAddress < 1 || serverAddress >= allStations(address.addressBytes)) {
    throw new DcuError('invalid-field', `HDLC has no logical device ${server}`, {
      field: 'destination wPort',
    });
  }
  return { clientAddress: client, serverAddress };
}
