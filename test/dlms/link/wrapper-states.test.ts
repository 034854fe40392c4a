import { describe, expect, test } from 'bun:test';
import type { Effect } from '../../../src/base/machine.ts';
import { following } from '../../../src/base/table.ts';
import type { LinkEvent } from '../../../src/dlms/link/link.ts';
import { createWrapperLink, encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import {
  WRAPPER_AFTER,
  WRAPPER_INPUTS,
  WRAPPER_TABLE,
  type WrapperInput,
  type WrapperState,
} from '../../../src/dlms/link/wrapper-states.ts';
import { WRAPPER } from './world.ts';

type Role = 'client' | 'server';
type Link = ReturnType<typeof createWrapperLink>;

const apdu = Uint8Array.of(0xc0, 0x01, 0xc1);

function frame(role: Role, content: Uint8Array): Uint8Array {
  const { clientAddress, serverAddress } = WRAPPER;
  return role === 'client'
    ? encodeWrapperFrame(serverAddress, clientAddress, content)
    : encodeWrapperFrame(clientAddress, serverAddress, content);
}

function feed(link: Link, role: Role, input: WrapperInput): Effect<LinkEvent>[] {
  const bytes = (content: Uint8Array) => link.step({ on: 'bytes', bytes: content }, 0);
  switch (input) {
    case 'connect':
    case 'disconnect':
      return link.step({ on: 'command', command: { type: input } }, 0);
    case 'send':
    case 'send-unconfirmed':
      return link.step({ on: 'command', command: { type: input, apdu } }, 0);
    case 'busy':
      return link.step({ on: 'command', command: { type: 'busy', busy: true } }, 0);
    case 'apdu':
      return bytes(frame(role, Uint8Array.of(0xc4, 0x01)));
    case 'unsolicited':
      return bytes(frame(role, Uint8Array.of(0x0f, 0x00)));
    case 'bad-header':
      return bytes(Uint8Array.of(0x00, 0x02));
    case 'too-long':
      return bytes(frame(role, new Uint8Array(WRAPPER.maxApdu + 1)).subarray(0, 8));
    case 'link-response':
      return link.step({ on: 'timer', timer: input }, 0);
    case 'closed':
      return link.step({ on: 'closed' }, 0);
  }
}

/** What is done, in short, then the state. */
function outcome(link: Link, effects: readonly Effect<LinkEvent>[]): string {
  const done = effects.map((effect) => {
    if (effect.do === 'send') return `send ${effect.bytes.length}`;
    if (effect.do !== 'emit')
      return effect.do === 'arm' ? `arm ${effect.timer} ${effect.delayMs}` : effect.do;
    const { event } = effect;
    return event.type === 'disconnected' ? `end ${event.error?.code ?? 'orderly'}` : event.type;
  });
  return [...done, link.state].join(', ');
}

const PATHS: Readonly<Record<Role, Partial<Record<WrapperState, readonly WrapperInput[]>>>> = {
  client: { down: [], up: ['connect'], waiting: ['connect', 'send'] },
  server: { down: ['disconnect'], up: [] },
};

const DOWN = {
  connect: 'connected, up',
  send: 'end link-closed, down',
  'send-unconfirmed': 'end link-closed, down',
  disconnect: 'end orderly, down',
};
const UP = {
  connect: 'connected, up',
  'send-unconfirmed': 'send 11, up',
  disconnect: 'end orderly, down',
  apdu: 'apdu, up',
  unsolicited: 'apdu, up',
  'bad-header': 'end link-protocol, close, down',
  'too-long': 'end apdu-too-long, close, down',
  closed: 'end orderly, down',
};
/** What is not listed does nothing and leads nowhere. */
const EXPECTED: Readonly<Record<Role, Partial<Record<WrapperState, Partial<Record<WrapperInput, string>>>>>> =
  {
    client: {
      down: DOWN,
      up: { ...UP, send: `send 11, arm link-response ${WRAPPER.responseTimeoutMs}, waiting` },
      waiting: {
        connect: 'disarm, connected, up',
        send: `send 11, arm link-response ${WRAPPER.responseTimeoutMs}, waiting`,
        'send-unconfirmed': 'send 11, waiting',
        disconnect: 'disarm, end orderly, down',
        apdu: 'disarm, apdu, up',
        unsolicited: 'apdu, waiting',
        'bad-header': 'disarm, end link-protocol, close, down',
        'too-long': 'disarm, end apdu-too-long, close, down',
        'link-response': 'disarm, end link-timeout, close, down',
        closed: 'disarm, end link-closed, down',
      },
    },
    server: { down: DOWN, up: { ...UP, send: 'send 11, up' } },
  };

for (const role of ['client', 'server'] as const) {
  for (const [state, path] of Object.entries(PATHS[role]) as [WrapperState, readonly WrapperInput[]][]) {
    describe(`${role} ${state}`, () => {
      test.each([...WRAPPER_INPUTS])('%s', (input) => {
        const link = createWrapperLink(WRAPPER, role);
        for (const step of path) feed(link, role, step);
        expect(link.state).toBe(state);
        expect(outcome(link, feed(link, role, input))).toBe(EXPECTED[role][state]?.[input] ?? state);
        expect(following(WRAPPER_TABLE, WRAPPER_AFTER[role], state, input)).toContain(link.state);
      });
    });
  }
}

test('the table has an action for every state and input', () => {
  for (const row of Object.values(WRAPPER_TABLE)) {
    expect(Object.keys(row).sort()).toEqual([...WRAPPER_INPUTS].sort());
  }
});
