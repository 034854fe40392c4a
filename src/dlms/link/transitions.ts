import type { After, Table } from '../../base/table.ts';

/**
 * `holding`: connected, and it is our turn to transmit. `yielded`: connected, and we wait for the peer.
 * `clearing`: the client has sent DISC because its SNRM stayed unanswered. `rejecting`: the server has answered a frame
 * with FRMR, and does so until the client resets the link.
 */
export const LINK_STATES = [
  'disconnected',
  'connecting',
  'clearing',
  'holding',
  'yielded',
  'rejecting',
  'disconnecting',
] as const;
export type LinkState = (typeof LINK_STATES)[number];

/**
 * Commands of the owner, kinds of received frames, timers, and the loss of the transport. Frames that a server rejects:
 * `unknown` control field, `bad-info` where the kind has none, `too-long` information, `bad-nr` that names what was
 * never sent.
 */
export const LINK_INPUTS = [
  'connect',
  'send',
  'send-unconfirmed',
  'busy',
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
  'bad-info',
  'too-long',
  'bad-nr',
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
  | 'reject-again'
  | 'busy'
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
  'bad-info': 'server',
  'too-long': 'server',
  'bad-nr': 'server',
};

type Row = Readonly<Record<LinkInput, LinkAction>>;

const nothing: Row = {
  ...(Object.fromEntries(LINK_INPUTS.map((input) => [input, 'ignore'])) as Record<LinkInput, LinkAction>),
  busy: 'busy',
};

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
  'bad-info': 'reject',
  'too-long': 'reject',
  'bad-nr': 'reject',
  'link-idle': 'expire',
  closed: 'lost',
};

/**
 * The one table of both roles (IEC 62056-46, normal response mode): what each state does with each input.
 * A role differs only in the inputs that it can meet.
 */
export const TRANSITIONS: Table<LinkState, LinkInput, LinkAction> = {
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
    'bad-info': 'refuse',
    'too-long': 'refuse',
    'bad-nr': 'refuse',
  },
  connecting: { ...setup, ua: 'opened', dm: 'refused' },
  clearing: { ...setup, ua: 'reopen', dm: 'reopen' },
  holding: { ...connected, send: 'send', 'send-unconfirmed': 'send-apart', 'link-poll': 'poll' },
  yielded: { ...connected, send: 'queue', 'send-unconfirmed': 'queue-apart', 'link-response': 'retry' },
  rejecting: {
    ...nothing,
    'send-unconfirmed': 'send-apart',
    disconnect: 'close',
    snrm: 'accept',
    disc: 'closed-by-peer',
    i: 'reject-again',
    rr: 'reject-again',
    rnr: 'reject-again',
    rej: 'reject-again',
    ui: 'apart',
    unknown: 'reject-again',
    'bad-info': 'reject-again',
    'too-long': 'reject-again',
    'bad-nr': 'reject-again',
    'link-idle': 'expire',
    closed: 'lost',
  },
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

const after: After<LinkState, LinkAction> = {
  ignore: ['same'],
  open: ['connecting'],
  'retry-open': ['connecting', 'clearing', 'disconnected'],
  reopen: ['connecting'],
  opened: ['holding', 'same'],
  refused: ['disconnected'],
  accept: ['yielded', 'same'],
  refuse: ['same'],
  send: ['yielded'],
  queue: ['same'],
  'send-apart': ['same'],
  'queue-apart': ['same'],
  'no-link': ['disconnected'],
  close: ['disconnecting'],
  'retry-close': ['disconnecting', 'disconnected'],
  ended: ['disconnected'],
  'closed-by-peer': ['disconnected'],
  dropped: ['disconnected'],
  rejected: ['disconnected'],
  reject: ['same'],
  'reject-again': ['same'],
  busy: ['same'],
  information: ['holding', 'yielded', 'disconnected'],
  supervisory: ['holding', 'yielded', 'disconnected'],
  apart: ['same'],
  retry: ['yielded', 'disconnected'],
  poll: ['yielded'],
  expire: ['disconnected'],
  lost: ['disconnected'],
};

/**
 * Where the actions of a role lead. Malformed parameters leave a state as it is; what runs out of retries, or gets
 * more than it can hold, ends disconnected. A server cannot say DISC, a client rejects nothing.
 */
export const LINK_AFTER: Readonly<Record<'client' | 'server', After<LinkState, LinkAction>>> = {
  client: after,
  server: { ...after, close: ['disconnected'], reject: ['rejecting'] },
};
