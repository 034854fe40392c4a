import { concat } from '../../../src/base/bytes.ts';
import type { AuthMechanism, SecurityPolicy } from '../../../src/base/model.ts';
import type { LinkConfig } from '../../../src/dlms/link/link.ts';
import { COMMANDS, conversationPair, type Terms } from '../../dlms/cosem/conversation.ts';
import { HDLC, WRAPPER } from '../../dlms/cosem/loopback.ts';

/** What a client and a server say to each other from the opening to the release, byte for byte. */
export interface Conversation extends Terms {
  readonly name: string;
  /** Client to server. */
  readonly down: Uint8Array;
  /** Server to client. */
  readonly up: Uint8Array;
}

export const LINKS: readonly LinkConfig[] = [WRAPPER, HDLC];

function record(link: LinkConfig, auth: AuthMechanism, policy: SecurityPolicy): Conversation {
  const name = `${link.framing} ${auth} ${policy}`;
  const line = conversationPair({ link, auth, policy });
  for (const command of COMMANDS) line.run(command);
  const said = (direction: 'up' | 'down'): Uint8Array =>
    concat(line.wire.filter((one) => one.direction === direction).map(({ bytes }) => bytes));
  return { name, link, auth, policy, down: said('down'), up: said('up') };
}

export const CONVERSATIONS: readonly Conversation[] = LINKS.flatMap((link) => [
  record(link, 'none', 'none'),
  record(link, 'hls-gmac', 'auth-enc'),
]);
