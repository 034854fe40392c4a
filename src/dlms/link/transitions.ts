/**
 * `holding`: connected, and it is our turn to transmit. `yielded`: connected, and we wait for the peer.
 * `clearing`: the client has sent DISC because its SNRM stayed unanswered.
 */
export const LINK_STATES = [
  'disconnected',
  'connecting',
  'clearing',
  'holding',
  'yielded',
  'disconnecting',
] as const;
export type LinkState = (typeof LINK_STATES)[number];

/** Commands of the owner, kinds of received frames, timers, and the loss of the transport. */
export const LINK_INPUTS = [
  'connect',
  'send',
  'send-unconfirmed',
  'disconnect',
  'snrm',
  'ua',
  'disc',
  'dm',
  'frmr',
  'i',
  'rr',
  'rnr',
  'rej',
  'ui',
  'unknown',
  'link-response',
  'link-poll',
  'link-idle',
  'closed',
] as const;
export type LinkInput = (typeof LINK_INPUTS)[number];

export type LinkAction =
  | 'ignore'
  | 'open'
  | 'retry-open'
  | 'reopen'
  | 'opened'
  | 'refused'
  | 'accept'
  | 'refuse'
  | 'send'
  | 'queue'
  | 'send-apart'
  | 'queue-apart'
  | 'no-link'
  | 'close'
  | 'retry-close'
  | 'ended'
  | 'closed-by-peer'
  | 'dropped'
  | 'rejected'
  | 'reject'
  | 'information'
  | 'supervisory'
  | 'apart'
  | 'retry'
  | 'poll'
  | 'expire'
  | 'lost';

/** Inputs that only one role can meet; a frame of the other role is a stray (an echo, another station's answer). */
export const INPUT_ROLES: Readonly<Partial<Record<LinkInput, 'client' | 'server'>>> = {
  connect: 'client',
  snrm: 'server',
  disc: 'server',
  ua: 'client',
  dm: 'client',
  frmr: 'client',
  'link-response': 'client',
  'link-poll': 'client',
  'link-idle': 'server',
};

type Row = Readonly<Record<LinkInput, LinkAction>>;

const nothing = Object.fromEntries(LINK_INPUTS.map((input) => [input, 'ignore'])) as Record<
  LinkInput,
  LinkAction
>;

const setup: Row = {
  ...nothing,
  send: 'no-link',
  'send-unconfirmed': 'queue-apart',
  disconnect: 'close',
  frmr: 'rejected',
  ui: 'apart',
  'link-response': 'retry-open',
  closed: 'lost',
};

const connected: Row = {
  ...nothing,
  disconnect: 'close',
  snrm: 'accept',
  disc: 'closed-by-peer',
  dm: 'dropped',
  frmr: 'rejected',
  i: 'information',
  rr: 'supervisory',
  rnr: 'supervisory',
  rej: 'supervisory',
  ui: 'apart',
  unknown: 'reject',
  'link-idle': 'expire',
  closed: 'lost',
};

/**
 * The one table of both roles (IEC 62056-46, normal response mode): what each state does with each input.
 * A role differs only in the inputs that it can meet.
 */
export const TRANSITIONS: Readonly<Record<LinkState, Row>> = {
  disconnected: {
    ...nothing,
    connect: 'open',
    send: 'no-link',
    'send-unconfirmed': 'send-apart',
    disconnect: 'ended',
    snrm: 'accept',
    disc: 'refuse',
    i: 'refuse',
    rr: 'refuse',
    rnr: 'refuse',
    rej: 'refuse',
    ui: 'apart',
    unknown: 'refuse',
  },
  connecting: { ...setup, ua: 'opened', dm: 'refused' },
  clearing: { ...setup, ua: 'reopen', dm: 'reopen' },
  holding: { ...connected, send: 'send', 'send-unconfirmed': 'send-apart', 'link-poll': 'poll' },
  yielded: { ...connected, send: 'queue', 'send-unconfirmed': 'queue-apart', 'link-response': 'retry' },
  disconnecting: {
    ...nothing,
    ua: 'ended',
    dm: 'ended',
    frmr: 'ended',
    ui: 'apart',
    'link-response': 'retry-close',
    closed: 'ended',
  },
};
