import type { After, Table } from '../../base/table.ts';

/** `waiting`: a client has sent an APDU whose answer is due. A server is `up` from the start. */
export const WRAPPER_STATES = ['down', 'up', 'waiting'] as const;
export type WrapperState = (typeof WRAPPER_STATES)[number];

/** Commands of the owner, what a received frame is, the one timer, and the loss of the transport. */
export const WRAPPER_INPUTS = [
  'connect',
  'send',
  'send-unconfirmed',
  'busy',
  'disconnect',
  'apdu',
  'unsolicited',
  'bad-header',
  'too-long',
  'link-response',
  'closed',
] as const;
export type WrapperInput = (typeof WRAPPER_INPUTS)[number];

export type WrapperAction =
  | 'ignore'
  | 'connect'
  | 'no-link'
  | 'send'
  | 'send-apart'
  | 'end'
  | 'deliver'
  | 'answered'
  | 'bad-header'
  | 'too-long'
  | 'time-out'
  | 'lost';

type Row = Readonly<Record<WrapperInput, WrapperAction>>;

const up: Row = {
  connect: 'connect',
  send: 'send',
  'send-unconfirmed': 'send-apart',
  busy: 'ignore',
  disconnect: 'end',
  apdu: 'deliver',
  unsolicited: 'deliver',
  'bad-header': 'bad-header',
  'too-long': 'too-long',
  'link-response': 'ignore',
  closed: 'lost',
};

/** What each state does with each input; both roles. */
export const WRAPPER_TABLE: Table<WrapperState, WrapperInput, WrapperAction> = {
  down: {
    connect: 'connect',
    send: 'no-link',
    'send-unconfirmed': 'no-link',
    busy: 'ignore',
    disconnect: 'end',
    apdu: 'ignore',
    unsolicited: 'ignore',
    'bad-header': 'ignore',
    'too-long': 'ignore',
    'link-response': 'ignore',
    closed: 'ignore',
  },
  up,
  waiting: { ...up, apdu: 'answered', 'link-response': 'time-out' },
};

const after: After<WrapperState, WrapperAction> = {
  ignore: ['same'],
  connect: ['up'],
  'no-link': ['down'],
  send: ['waiting', 'down'],
  'send-apart': ['same', 'down'],
  end: ['down'],
  deliver: ['same'],
  answered: ['up'],
  'bad-header': ['down'],
  'too-long': ['down'],
  'time-out': ['down'],
  lost: ['down'],
};

/** Where the actions of a role lead: an APDU that does not fit a frame ends the link; a server waits for no answer. */
export const WRAPPER_AFTER: Readonly<Record<'client' | 'server', After<WrapperState, WrapperAction>>> = {
  client: after,
  server: { ...after, send: ['up', 'down'] },
};
