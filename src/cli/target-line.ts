import { fromHex } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import type { GatewayAddress } from '../dlms/apdu/gateway.ts';
import { OPENING_BAUD_RATES } from '../dlms/link/iec62056-21.ts';
import type { OpeningConfig } from '../dlms/link/link.ts';
import { usage } from './options.ts';

/** `mode-e` or `mode-e@ADDRESS`: the opening of IEC 62056-21 with at most this bit rate. Throws `usage`. */
export function openingOf(text: string, baudRate: number | undefined): OpeningConfig {
  const match = /^mode-e(?:@([0-9A-Za-z ]{1,32}))?$/.exec(text);
  if (match === null) throw usage('opening', `must be mode-e or mode-e@ADDRESS, not '${text}'`);
  if (baudRate === undefined) throw new DcuError('usage', '--opening needs --serial', { field: 'opening' });
  const highest = OPENING_BAUD_RATES.filter((rate) => rate <= baudRate).at(-1);
  if (highest === undefined) throw usage('baud', 'must be 300 or more where the line begins with an opening');
  const [, address] = match;
  return { baudRate: highest, ...(address === undefined ? {} : { address }) };
}

/** `NET:ADDR`: network id 0 to 255 and the meter's physical device address, hexadecimal or `text=…`. Throws `usage`. */
export function gatewayOf(text: string): GatewayAddress {
  const [, net, address] = /^(\d{1,3}):(.+)$/.exec(text) ?? [];
  const networkId = Number(net);
  if (address === undefined || networkId > 0xff) {
    throw usage('gateway', `must be NET:ADDR, e.g. 0:31323334 or 0:text=1234, not '${text}'`);
  }
  const bytes = address.startsWith('text=')
    ? new TextEncoder().encode(address.slice('text='.length))
    : fromHex(address, '--gateway');
  if (bytes.length === 0 || bytes.length > 0xff) throw usage('gateway', 'takes an address of 1 to 255 bytes');
  return { networkId, address: bytes };
}
