import { concat } from '../../../src/base/bytes.ts';
import type { AuthMechanism, SecurityPolicy } from '../../../src/base/model.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import type { ClientCommand } from '../../../src/dlms/client.ts';
import type { LinkConfig } from '../../../src/dlms/link/link.ts';
import type { LogicalDevice } from '../../../src/dlms/server.ts';
import { octetString, u32 } from '../../../src/dlms/values.ts';
import { counterFrom, HDLC, KEYS, type Loopback, pair, WRAPPER } from '../../dlms/cosem/loopback.ts';

/** What a client and a server say to each other from the opening to the release, byte for byte. */
export interface Conversation {
  readonly name: string;
  readonly link: LinkConfig;
  readonly auth: AuthMechanism;
  readonly policy: SecurityPolicy;
  /** Client to server. */
  readonly down: Uint8Array;
  /** Server to client. */
  readonly up: Uint8Array;
}

export const LINKS: readonly LinkConfig[] = [WRAPPER, HDLC];

const LONG = octetString(new Uint8Array(900).map((_, i) => i));
const at = (attribute: number) => ({ classId: 3, obis: '1.0.1.8.0.255', attribute });
const COMMANDS: readonly ClientCommand[] = [
  { type: 'open' },
  { type: 'get', attribute: at(2) },
  { type: 'get', attribute: at(9) },
  { type: 'get-list', attributes: [at(2), at(9)] },
  { type: 'set', attribute: at(2), value: LONG },
  { type: 'action', method: at(1), parameter: LONG },
  { type: 'release' },
];

/** Client and server, everything in them seeded, so that a recorded conversation fits the next pair too. */
export function conversationPair({ link, auth, policy }: Omit<Conversation, 'up' | 'down'>): Loopback {
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

function record(link: LinkConfig, auth: AuthMechanism, policy: SecurityPolicy): Conversation {
  const name = `${link.framing} ${auth} ${policy}`;
  const line = conversationPair({ name, link, auth, policy });
  for (const command of COMMANDS) line.run(command);
  const said = (direction: 'up' | 'down'): Uint8Array =>
    concat(line.wire.filter((one) => one.direction === direction).map(({ bytes }) => bytes));
  return { name, link, auth, policy, down: said('down'), up: said('up') };
}

export const CONVERSATIONS: readonly Conversation[] = LINKS.flatMap((link) => [
  record(link, 'none', 'none'),
  record(link, 'hls-gmac', 'auth-enc'),
]);
