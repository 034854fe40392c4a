import type { After, Table } from '../../base/table.ts';

/**
 * General block transfer as a table, the same for both roles: what to do with each input in each state. The actions
 * are the methods of that name in general-blocks.ts.
 */
export type GeneralBlockState =
  | 'idle'
  /** A message of ours has blocks that are not sent or not acknowledged. */
  | 'sending'
  /** All of ours is acknowledged; the peer's answer, if there is one, has not begun. */
  | 'sent'
  /** A message of the peer has begun. */
  | 'receiving'
  /** The peer's message is complete and handed on. */
  | 'received';

export type GeneralBlockInput =
  /** A message of ours is to be sent. */
  | 'begin'
  /** Block 1 of a peer that acknowledges nothing: a new exchange. */
  | 'first'
  /** The block that opened this exchange, once more. */
  | 'again'
  /** A block with content. */
  | 'data'
  /** A block without content outside a message of the peer. */
  | 'ack'
  | 'abort'
  /** Nothing came for too long. */
  | 'silence';

export type GeneralBlockAction =
  | 'ignore'
  /** The caller may not do this now. */
  | 'misuse'
  /** Sends a message as a new exchange. */
  | 'start'
  /** Sends a message as the answer in this exchange. */
  | 'answer'
  | 'open'
  | 'take'
  /** The peer's answer begins, if all of ours has arrived. */
  | 'turn'
  | 'advance'
  | 'repeat'
  | 'giveUp';

export const GENERAL_BLOCK_TABLE: Table<GeneralBlockState, GeneralBlockInput, GeneralBlockAction> = {
  idle: {
    begin: 'start',
    first: 'open',
    again: 'open',
    data: 'ignore',
    ack: 'ignore',
    abort: 'ignore',
    silence: 'ignore',
  },
  sending: {
    begin: 'misuse',
    first: 'open',
    again: 'repeat',
    data: 'turn',
    ack: 'advance',
    abort: 'giveUp',
    silence: 'repeat',
  },
  sent: {
    begin: 'start',
    first: 'open',
    again: 'open',
    data: 'turn',
    ack: 'advance',
    abort: 'giveUp',
    silence: 'repeat',
  },
  receiving: {
    begin: 'misuse',
    first: 'open',
    again: 'take',
    data: 'take',
    ack: 'take',
    abort: 'giveUp',
    silence: 'repeat',
  },
  received: {
    begin: 'answer',
    first: 'open',
    again: 'ignore',
    data: 'ignore',
    ack: 'ignore',
    abort: 'giveUp',
    silence: 'ignore',
  },
};

/** A peer that sends too much or nonsense, and a message that blocks cannot hold, end the exchange. */
export const GENERAL_BLOCK_AFTER: After<GeneralBlockState, GeneralBlockAction> = {
  ignore: ['same'],
  misuse: ['same'],
  start: ['sending', 'idle'],
  answer: ['sending', 'same'],
  open: ['receiving', 'received', 'idle'],
  take: ['same', 'received', 'idle'],
  turn: ['same', 'receiving', 'received', 'idle'],
  advance: ['same', 'sent'],
  repeat: ['same'],
  giveUp: ['idle'],
};
