import { describe, expect, test } from 'bun:test';
import { fromHex } from '../../../src/base/bytes.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { following } from '../../../src/base/table.ts';
import {
  ASSOCIATION_STATES,
  type AssociationEvent,
  type AssociationState,
  nextAssociationState,
} from '../../../src/dlms/cosem/association.ts';
import {
  CLIENT_AFTER,
  CLIENT_TABLE,
  type ClientInput,
  type ClientState,
} from '../../../src/dlms/cosem/client-states.ts';
import { codeOf } from '../mutation.ts';
import { ScriptedClient } from './scripted-client.ts';

const GET = { type: 'get', attribute: { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 } } as const;
const STALE = fromHex('c4010f001105');
const LOST = new DcuError('link-timeout', 'no answer');

/** Brings a client into a state. */
const ENTER: Record<ClientState, () => ScriptedClient> = {
  closed: () => new ScriptedClient(),
  linking: () => given((client) => client.command({ type: 'open' })),
  associating: () =>
    given((client) => {
      client.command({ type: 'open' });
      client.connected();
    }),
  authenticating: () => {
    const client = new ScriptedClient({ auth: 'hls-gmac' });
    client.command({ type: 'open' });
    client.connected();
    client.apdu(client.aare());
    return client;
  },
  ready: () => new ScriptedClient().open(),
  busy: () => given((client) => client.open().command(GET)),
  releasing: () => given((client) => client.open().command({ type: 'release' })),
  unlinking: () =>
    given((client) => {
      client.open().command({ type: 'release' });
      client.apdu(fromHex('6303800100'));
    }),
};

function given(act: (client: ScriptedClient) => void): ScriptedClient {
  const client = new ScriptedClient();
  act(client);
  return client;
}

/** The APDU that is due in a state, or one that is not. */
function dueApdu(state: ClientState, client: ScriptedClient): Uint8Array {
  if (state === 'associating') return client.aare();
  if (state === 'authenticating') return client.hlsReply();
  if (state === 'busy') return fromHex('c401c1001105');
  return fromHex('6303800100');
}

const INPUTS: Record<ClientInput, (client: ScriptedClient, state: ClientState) => void> = {
  open: (client) => client.command({ type: 'open' }),
  request: (client) => client.command(GET),
  release: (client) => client.command({ type: 'release' }),
  connected: (client) => client.connected(),
  apdu: (client, state) => client.apdu(dueApdu(state, client)),
  disconnected: (client) => client.disconnected(LOST),
  overdue: (client, state) => {
    if (state === 'busy') client.apdu(STALE);
    client.timer('client-overdue');
  },
};

const MISUSE = 'throws conflict';
const FAILED = 'failed link-timeout';

/** What each input brings about in each state: link commands, then events. */
const EXPECTED: Record<ClientState, Record<ClientInput, string>> = {
  closed: {
    open: 'connect',
    request: 'request-failed link-closed',
    release: 'released',
    connected: '',
    apdu: '',
    disconnected: '',
    overdue: '',
  },
  linking: {
    open: MISUSE,
    request: MISUSE,
    release: 'disconnect',
    connected: 'send 60',
    apdu: '',
    disconnected: FAILED,
    overdue: '',
  },
  associating: {
    open: MISUSE,
    request: MISUSE,
    release: 'disconnect',
    connected: '',
    apdu: 'opened',
    disconnected: FAILED,
    overdue: '',
  },
  authenticating: {
    open: MISUSE,
    request: MISUSE,
    release: 'disconnect',
    connected: '',
    apdu: 'opened',
    disconnected: FAILED,
    overdue: '',
  },
  ready: {
    open: MISUSE,
    request: 'send c0',
    release: 'send 62',
    connected: '',
    apdu: '',
    disconnected: FAILED,
    overdue: '',
  },
  busy: {
    open: MISUSE,
    request: MISUSE,
    release: 'disconnect',
    connected: '',
    apdu: 'get-result',
    disconnected: FAILED,
    overdue: 'disconnect',
  },
  releasing: {
    open: MISUSE,
    request: MISUSE,
    release: '',
    connected: '',
    apdu: 'disconnect',
    disconnected: 'released',
    overdue: '',
  },
  unlinking: {
    open: MISUSE,
    request: MISUSE,
    release: '',
    connected: '',
    apdu: '',
    disconnected: 'released',
    overdue: '',
  },
};

describe('client: every state, every input', () => {
  for (const state of Object.keys(CLIENT_TABLE) as ClientState[]) {
    for (const input of Object.keys(CLIENT_TABLE[state]) as ClientInput[]) {
      test(`${state}: ${input}`, () => {
        const client = ENTER[state]();
        expect(client.state).toBe(state);
        expect(client.outcome(() => INPUTS[input](client, state))).toBe(EXPECTED[state][input]);
        expect(following(CLIENT_TABLE, CLIENT_AFTER, state, input)).toContain(client.state);
      });
    }
  }

  test('the watchdog runs only while something came that was no answer', () => {
    const client = ENTER.busy();
    expect(client.armed.has('client-overdue')).toBe(false);
    expect(client.outcome(() => client.apdu(STALE))).toBe('');
    expect(client.armed.get('client-overdue')).toBe(5000);
    expect(client.outcome(() => client.timer('client-overdue'))).toBe('disconnect');
    expect(client.outcome(() => client.disconnected())).toBe('failed link-timeout');
    const patient = ENTER.busy();
    patient.apdu(STALE);
    expect(patient.outcome(() => INPUTS.apdu(patient, 'busy'))).toBe('get-result');
    expect(patient.armed.has('client-overdue')).toBe(false);
  });

  test('a transport that closes ends every state but the closed one', () => {
    for (const state of Object.keys(CLIENT_TABLE) as ClientState[]) {
      const client = ENTER[state]();
      const outcome = client.outcome(() => client.closed(new DcuError('channel-lost', 'unplugged')));
      const quiet = state === 'releasing' || state === 'unlinking';
      expect(outcome).toBe(state === 'closed' ? '' : quiet ? 'released' : 'failed channel-lost');
      expect(client.outcome(() => client.command({ type: 'open' }))).toBe('connect');
    }
  });
});

describe('association: every state, every event', () => {
  const events: readonly AssociationEvent[] = [
    'aarq',
    'aare-accepted',
    'aare-challenge',
    'aare-rejected',
    'hls-verified',
    'hls-failed',
    'rlrq',
    'rlre',
    'lost',
  ];
  const expected: Record<AssociationState, Partial<Record<AssociationEvent, AssociationState>>> = {
    idle: { aarq: 'requested', lost: 'idle' },
    requested: {
      'aare-accepted': 'associated',
      'aare-challenge': 'challenged',
      'aare-rejected': 'idle',
      lost: 'idle',
    },
    challenged: { 'hls-verified': 'associated', 'hls-failed': 'idle', rlrq: 'releasing', lost: 'idle' },
    associated: { rlrq: 'releasing', lost: 'idle' },
    releasing: { rlre: 'idle', lost: 'idle' },
  };
  for (const state of ASSOCIATION_STATES) {
    for (const event of events) {
      test(`${state}: ${event}`, () => {
        const next = expected[state][event];
        if (next === undefined) {
          expect(codeOf(() => nextAssociationState(state, event))).toBe('apdu-unexpected');
        } else expect(nextAssociationState(state, event)).toBe(next);
      });
    }
  }
});
