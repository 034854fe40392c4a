import { describe, expect, test } from 'bun:test';
import type { Effect } from '../../../src/base/machine.ts';
import { following } from '../../../src/base/table.ts';
import { clientAddress, serverAddress } from '../../../src/dlms/link/address.ts';
import {
  decodeControl,
  decodeFrame,
  encodeFrame,
  informationControl,
  supervisoryControl,
  unnumberedControl,
} from '../../../src/dlms/link/frame.ts';
import { HdlcLink } from '../../../src/dlms/link/hdlc.ts';
import type { LinkCommand, LinkEvent } from '../../../src/dlms/link/link.ts';
import { ClientStation, ServerStation } from '../../../src/dlms/link/station.ts';
import {
  INPUT_ROLES,
  LINK_AFTER,
  LINK_INPUTS,
  type LinkInput,
  type LinkState,
  TRANSITIONS,
} from '../../../src/dlms/link/transitions.ts';
import { HDLC } from './world.ts';

type Role = 'client' | 'server';

const client = clientAddress(HDLC.clientAddress);
const server = serverAddress(HDLC.serverAddress, HDLC.physicalAddress, HDLC.addressBytes);
const apdu = Uint8Array.of(0xc0, 0x01, 0xc1);
const COMMANDS: Readonly<Record<string, LinkCommand>> = {
  connect: { type: 'connect' },
  send: { type: 'send', apdu },
  'send-unconfirmed': { type: 'send-unconfirmed', apdu },
  busy: { type: 'busy', busy: true },
  disconnect: { type: 'disconnect' },
};

class Subject {
  readonly link: HdlcLink;
  readonly role: Role;
  #ns = 0;
  #nr = 0;

  constructor(role: Role) {
    this.role = role;
    this.link = new HdlcLink(HDLC, role === 'client' ? new ClientStation(HDLC) : new ServerStation(HDLC));
  }

  /** Feeds one input; frames are the next that a faithful peer would send, P/F = 1. */
  feed(input: LinkInput): readonly Effect<LinkEvent>[] {
    const command = COMMANDS[input];
    let effects: Effect<LinkEvent>[];
    if (command !== undefined) effects = this.link.step({ on: 'command', command }, 0);
    else if (input === 'closed') effects = this.link.step({ on: 'closed' }, 0);
    else if (input.startsWith('link-')) effects = this.link.step({ on: 'timer', timer: input }, 0);
    else effects = this.link.step({ on: 'bytes', bytes: this.#frame(input) }, 0);
    for (const effect of effects) {
      if (effect.do === 'send' && decodeControl(decodeFrame(effect.bytes).control).kind === 'i') this.#nr++;
    }
    return effects;
  }

  #frame(input: LinkInput): Uint8Array {
    const own = this.role === 'client' ? client : server;
    const peer = this.role === 'client' ? server : client;
    return encodeFrame({
      destination: own,
      source: peer,
      control: this.#control(input),
      ...this.#info(input),
    });
  }

  #info(input: LinkInput): { readonly info?: Uint8Array } {
    if (input === 'too-long') return { info: new Uint8Array(HDLC.maxInfoReceive + 1) };
    const carries = input === 'i' || input === 'ui' || input === 'bad-info';
    return carries ? { info: Uint8Array.of(0xe6, 0xe7, 0x00, ...apdu) } : {};
  }

  #control(input: LinkInput): number {
    switch (input) {
      case 'bad-info':
        return supervisoryControl('rr', this.#nr, true);
      case 'too-long':
        return informationControl(this.#ns, this.#nr, true);
      case 'bad-nr':
        return supervisoryControl('rr', (this.#nr + 3) % 8, true);
      case 'i':
        return informationControl(this.#ns++, this.#nr, true);
      case 'rr':
      case 'rnr':
      case 'rej':
        return supervisoryControl(input, this.#nr, true);
      case 'snrm':
      case 'ua':
      case 'disc':
      case 'dm':
      case 'frmr':
        return unnumberedControl(input, true);
      case 'ui':
        return unnumberedControl(input, false);
      default:
        return 0xff;
    }
  }
}

/** `state | frames sent | events`, the last two only where there are any. */
function outcome(subject: Subject, effects: readonly Effect<LinkEvent>[]): string {
  const frames = effects.flatMap((effect) => {
    if (effect.do !== 'send') return [];
    const control = decodeControl(decodeFrame(effect.bytes).control);
    return [control.pf ? `${control.kind}!` : control.kind];
  });
  const events = effects.flatMap((effect) => {
    if (effect.do !== 'emit') return [];
    const { event } = effect;
    if (event.type === 'disconnected') return [event.error === undefined ? 'end' : `end:${event.error.code}`];
    return [event.type === 'apdu' && event.unconfirmed ? 'apart' : event.type];
  });
  return `${subject.link.state} | ${frames.join(' ')} | ${events.join(' ')}`;
}

/** Inputs that lead a fresh link into the state. */
const PATHS: Readonly<Record<Role, Partial<Record<LinkState, readonly LinkInput[]>>>> = {
  client: {
    disconnected: [],
    connecting: ['connect'],
    clearing: ['connect', 'link-response', 'link-response'],
    holding: ['connect', 'ua'],
    yielded: ['connect', 'ua', 'send'],
    disconnecting: ['connect', 'ua', 'disconnect'],
  },
  server: { disconnected: [], holding: ['snrm', 'i'], yielded: ['snrm'], rejecting: ['snrm', 'unknown'] },
};

type Cells = Partial<Record<LinkInput, string>>;

const FAULTS = ['unknown', 'bad-info', 'too-long', 'bad-nr'] as const;
const every = (outcome: string): Cells => Object.fromEntries(FAULTS.map((fault) => [fault, outcome]));
const refused = every('disconnected | dm! | ');
const rejected = every('rejecting | frmr! | ');

/** What is not listed changes nothing, sends nothing and emits nothing. */
const EXPECTED: Readonly<Record<Role, Partial<Record<LinkState, Cells>>>> = {
  client: {
    disconnected: {
      connect: 'connecting | snrm! | ',
      send: 'disconnected |  | end:link-closed',
      'send-unconfirmed': 'disconnected | ui | ',
      disconnect: 'disconnected |  | end',
      ui: 'disconnected |  | apart',
    },
    connecting: {
      send: 'disconnected |  | end:link-closed',
      disconnect: 'disconnecting | disc! | ',
      ua: 'holding |  | connected',
      dm: 'disconnected |  | end:link-refused',
      frmr: 'disconnected |  | end:frame-rejected',
      ui: 'connecting |  | apart',
      'link-response': 'connecting | snrm! | ',
      closed: 'disconnected |  | end:link-closed',
    },
    clearing: {
      send: 'disconnected |  | end:link-closed',
      disconnect: 'disconnecting | disc! | ',
      ua: 'connecting | snrm! | ',
      dm: 'connecting | snrm! | ',
      frmr: 'disconnected |  | end:frame-rejected',
      ui: 'clearing |  | apart',
      'link-response': 'connecting | snrm! | ',
      closed: 'disconnected |  | end:link-closed',
    },
    holding: {
      send: 'yielded | i! | ',
      'send-unconfirmed': 'holding | ui | ',
      disconnect: 'disconnecting | disc! | ',
      dm: 'disconnected |  | end:link-closed',
      frmr: 'disconnected |  | end:frame-rejected',
      i: 'holding |  | apdu',
      ui: 'holding |  | apart',
      'link-poll': 'yielded | rr! | ',
      closed: 'disconnected |  | end:link-closed',
    },
    yielded: {
      disconnect: 'disconnecting | disc! | ',
      dm: 'disconnected |  | end:link-closed',
      frmr: 'disconnected |  | end:frame-rejected',
      i: 'holding |  | apdu',
      // The peer has our frame and nothing to say yet: a poll is due in a moment.
      rr: 'holding |  | ',
      rnr: 'holding |  | ',
      rej: 'holding |  | ',
      ui: 'yielded |  | apart',
      'link-response': 'yielded | i! | ',
      closed: 'disconnected |  | end:link-closed',
    },
    disconnecting: {
      ua: 'disconnected |  | end',
      dm: 'disconnected |  | end',
      frmr: 'disconnected |  | end',
      ui: 'disconnecting |  | apart',
      'link-response': 'disconnecting | disc! | ',
      closed: 'disconnected |  | end',
    },
  },
  server: {
    disconnected: {
      send: 'disconnected |  | end:link-closed',
      'send-unconfirmed': 'disconnected | ui | ',
      disconnect: 'disconnected |  | end',
      snrm: 'yielded | ua! | connected',
      disc: 'disconnected | dm! | ',
      i: 'disconnected | dm! | ',
      rr: 'disconnected | dm! | ',
      rnr: 'disconnected | dm! | ',
      rej: 'disconnected | dm! | ',
      ui: 'disconnected |  | apart',
      ...refused,
    },
    holding: {
      send: 'yielded | i! | ',
      'send-unconfirmed': 'holding | ui | ',
      disconnect: 'disconnected |  | end',
      snrm: 'yielded | ua! | connected',
      disc: 'disconnected | ua! | end',
      i: 'holding |  | apdu',
      rr: 'yielded | rr! | ',
      rnr: 'yielded | rr! | ',
      rej: 'yielded | rr! | ',
      ui: 'holding |  | apart',
      ...rejected,
      'link-idle': 'disconnected |  | end:link-timeout',
      closed: 'disconnected |  | end:link-closed',
    },
    yielded: {
      disconnect: 'disconnected |  | end',
      snrm: 'yielded | ua! | connected',
      disc: 'disconnected | ua! | end',
      i: 'holding |  | apdu',
      rr: 'yielded | rr! | ',
      rnr: 'yielded | rr! | ',
      rej: 'yielded | rr! | ',
      ui: 'yielded |  | apart',
      ...rejected,
      'link-idle': 'disconnected |  | end:link-timeout',
      closed: 'disconnected |  | end:link-closed',
    },
    rejecting: {
      ...rejected,
      'send-unconfirmed': 'rejecting | ui | ',
      disconnect: 'disconnected |  | end',
      snrm: 'yielded | ua! | connected',
      disc: 'disconnected | ua! | end',
      i: 'rejecting | frmr! | ',
      rr: 'rejecting | frmr! | ',
      rnr: 'rejecting | frmr! | ',
      rej: 'rejecting | frmr! | ',
      ui: 'rejecting |  | apart',
      'link-idle': 'disconnected |  | end:link-timeout',
      closed: 'disconnected |  | end:link-closed',
    },
  },
};

for (const role of ['client', 'server'] as const) {
  for (const [state, path] of Object.entries(PATHS[role]) as [LinkState, readonly LinkInput[]][]) {
    describe(`${role} ${state}`, () => {
      // A client knows no faults: it takes what sense there is in a frame.
      const inputs = LINK_INPUTS.filter(
        (input) =>
          role === 'server' || INPUT_ROLES[input] !== 'server' || input === 'snrm' || input === 'disc',
      );
      test.each(inputs)('%s', (input) => {
        const subject = new Subject(role);
        for (const step of path) subject.feed(step);
        expect(subject.link.state).toBe(state);
        const result = outcome(subject, subject.feed(input));
        expect(result).toBe(EXPECTED[role][state]?.[input] ?? `${state} |  | `);
        const met = (INPUT_ROLES[input] ?? role) === role;
        const next = met ? following(TRANSITIONS, LINK_AFTER[role], state, input) : [state];
        expect(next).toContain(subject.link.state);
      });
    });
  }
}

test('the table has an action for every state and input', () => {
  for (const row of Object.values(TRANSITIONS))
    expect(Object.keys(row).sort()).toEqual([...LINK_INPUTS].sort());
});
