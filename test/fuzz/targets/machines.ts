import type { ErrorCode } from '../../../src/base/errors.ts';
import { decodeTelegram, explainLines, explainTelegram, xmlOf } from '../../../src/dlms/decode/index.ts';
import { createClientLink, createServerLink } from '../../../src/dlms/link/index.ts';
import type { LinkConfig, LinkMachine } from '../../../src/dlms/link/link.ts';
import { conversationPair } from '../../dlms/cosem/conversation.ts';
import { KEYS } from '../../dlms/cosem/loopback.ts';
import { Broken, type FuzzTarget } from '../target.ts';
import { CONVERSATIONS, type Conversation, LINKS } from './conversations.ts';
import { feed } from './feed.ts';
import { APDU_SEEDS, FRAME_SEEDS, PDU_SEEDS } from './seeds.ts';

function linkTarget(config: LinkConfig, role: 'client' | 'server'): FuzzTarget {
  const name = `${config.framing} link, ${role}`;
  const direction = role === 'client' ? 'up' : 'down';
  const seeds = CONVERSATIONS.filter(({ link }) => link === config).map((one) => one[direction]);
  const make = (): LinkMachine =>
    role === 'client' ? createClientLink(config) : createServerLink(config, { logicalDevices: [1] });
  return {
    name,
    seeds,
    refuses: [],
    run(input, random) {
      const machine = make();
      if (role === 'client') machine.step({ on: 'command', command: { type: 'connect' } }, 0);
      feed(machine, input, random);
    },
  };
}

/** A whole server or client that gets its peer's side of a conversation, changed. */
function roleTarget(conversation: Conversation, role: 'client' | 'server'): FuzzTarget {
  return {
    name: `${role} ${conversation.name}`,
    seeds: [role === 'client' ? conversation.up : conversation.down],
    refuses: [],
    run(input, random) {
      const line = conversationPair(conversation);
      if (role === 'server') {
        feed(line.serverMachine, input, random);
        return;
      }
      line.clientMachine.step({ on: 'command', command: { type: 'open' } }, 0);
      feed(line.clientMachine, input, random);
    },
  };
}

/** What the translator may say to a damaged telegram. */
const TELEGRAM: readonly ErrorCode[] = [
  'truncated',
  'frame-corrupt',
  'link-protocol',
  'block-out-of-order',
  'apdu-invalid',
  'axdr-invalid',
  'axdr-too-deep',
  'apdu-unexpected',
  'security-required',
  'decryption-failed',
  'unsupported',
  'overflow',
  'invalid-argument',
];

export const MACHINE_TARGETS: readonly FuzzTarget[] = [
  ...LINKS.flatMap((link) => [linkTarget(link, 'client'), linkTarget(link, 'server')]),
  ...CONVERSATIONS.flatMap((one) => [roleTarget(one, 'client'), roleTarget(one, 'server')]),
  {
    name: 'decode, any telegram',
    seeds: [...FRAME_SEEDS, ...PDU_SEEDS, ...APDU_SEEDS],
    refuses: TELEGRAM,
    run(input, random) {
      const keys = random.next() < 0.5 ? { keysOf: () => KEYS } : {};
      decodeTelegram(input, { transport: 'auto', ...keys });
    },
  },
  {
    name: 'explain and XML, any telegram',
    seeds: [...FRAME_SEEDS, ...PDU_SEEDS, ...APDU_SEEDS],
    refuses: TELEGRAM,
    run(input, random) {
      const keys = random.next() < 0.5 ? KEYS : {};
      const explained = explainTelegram(input, { transport: 'auto', keysOf: () => keys });
      if (explainLines(explained).length === 0 && input.length > 2) throw new Broken('nothing to say');
      xmlOf(explained.apdus);
    },
  },
];
