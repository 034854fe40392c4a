import type { AuthMechanism, SecurityPolicy } from '../../../src/base/model.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import type { ClientCommand } from '../../../src/dlms/client.ts';
import type { LinkConfig } from '../../../src/dlms/link/link.ts';
import type { LogicalDevice } from '../../../src/dlms/server.ts';
import { octetString, u32 } from '../../../src/dlms/values.ts';
import { counterFrom, KEYS, type Loopback, pair } from './loopback.ts';

/** How two sides talk to each other. */
export interface Terms {
  readonly link: LinkConfig;
  readonly auth: AuthMechanism;
  readonly policy: SecurityPolicy;
}

export const LONG = octetString(new Uint8Array(900).map((_, i) => i));
export const at = (attribute: number) => ({ classId: 3, obis: '1.0.1.8.0.255', attribute });
/** Everything that a client of an association may ask, from the opening to the release. */
export const COMMANDS: readonly ClientCommand[] = [
  { type: 'open' },
  { type: 'get', attribute: at(2) },
  { type: 'get', attribute: at(9) },
  { type: 'get-list', attributes: [at(2), at(9)] },
  { type: 'set', attribute: at(2), value: LONG },
  { type: 'action', method: at(1), parameter: LONG },
  { type: 'release' },
];

/** Client and server, everything in them seeded, so that a recorded conversation fits the next pair too. */
export function conversationPair({ link, auth, policy }: Terms): Loopback {
  let lowest = 0;
  const device: LogicalDevice = {
    address: 1,
    systemTitle: KEYS.serverTitle,
    associations: [{ clientAddress: 1, auth, policy, ...KEYS }],
    nextInvocationCounter: counterFrom(100),
    acceptInvocationCounter: (_client, counter) => {
      if (counter < lowest) return false;
      lowest = counter + 1;
      return true;
    },
    handle: (request) => ({
      result: 'success',
      data: encodeData(request.type === 'get' && request.attribute.attribute === 9 ? LONG : u32(5)),
    }),
  };
  return pair({ link, auth, policy, devices: [device], clientPdu: 200, serverPdu: 200 });
}
