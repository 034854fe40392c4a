import type { After, Table } from '../../base/table.ts';

/** The dialler as a table; the actions are the methods of that name in dial-machine.ts. */
export const DIAL_PHASES = ['resting', 'dialling', 'connected', 'probing', 'pausing'] as const;
export type DialPhase =
  /** Nobody wants a connection now. */
  | 'resting'
  /** One address is being tried. */
  | 'dialling'
  | 'connected'
  /** Connected to a lower address, while the first one is tried beside. */
  | 'probing'
  /** No address could be used, or the connection was lost; it is tried again later. */
  | 'pausing';

export const DIAL_INPUTS = [
  'start',
  'stop',
  'opened',
  'failed',
  'lost',
  'useful',
  'pause-over',
  'return-due',
] as const;
/** Commands of the driver, and the two timers. */
export type DialInput = (typeof DIAL_INPUTS)[number];

export type DialAction =
  | 'ignore'
  | 'begin'
  | 'connect'
  | 'next'
  | 'leave'
  | 'prosper'
  | 'probe'
  | 'move'
  | 'stay'
  | 'goOn'
  | 'rest';

type Row = Readonly<Record<DialInput, DialAction>>;

const nothing: Row = {
  start: 'ignore',
  stop: 'rest',
  opened: 'ignore',
  failed: 'ignore',
  lost: 'ignore',
  useful: 'ignore',
  'pause-over': 'ignore',
  'return-due': 'ignore',
};

/** What each phase does with each input. */
export const DIAL_TABLE: Table<DialPhase, DialInput, DialAction> = {
  resting: { ...nothing, start: 'begin', stop: 'ignore' },
  dialling: { ...nothing, opened: 'connect', failed: 'next' },
  connected: { ...nothing, lost: 'leave', useful: 'prosper', 'return-due': 'probe' },
  // What is lost meanwhile is not missed for long: the first address is being dialled already.
  probing: { ...nothing, opened: 'move', failed: 'stay', lost: 'goOn', useful: 'prosper' },
  pausing: { ...nothing, 'pause-over': 'begin' },
};

/** A connection on which nothing useful came is as good as none: the next address is tried. */
export const DIAL_AFTER: After<DialPhase, DialAction> = {
  ignore: ['same'],
  begin: ['dialling'],
  connect: ['connected'],
  next: ['dialling', 'pausing'],
  leave: ['dialling', 'pausing'],
  prosper: ['same'],
  probe: ['probing'],
  move: ['connected'],
  stay: ['connected'],
  goOn: ['dialling'],
  rest: ['resting'],
};
