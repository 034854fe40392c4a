import type { After, Table } from '../../base/table.ts';

/**
 * Reader: `closed`; `identifying` (the sign-on is out); `choosing` (the meter's reaction time before the selection);
 * `confirming` (the selection is out); `settling` (the line has changed, a pause before the first frame); `reading`.
 * Meter: `listening`; `addressed` (the reaction time before the identification); `identified`; `answering` (the
 * reaction time before the confirmation or the data). Both: `open`, when HDLC has the line.
 */
export const OPENING_STATES = [
  'closed',
  'identifying',
  'choosing',
  'confirming',
  'settling',
  'reading',
  'listening',
  'addressed',
  'identified',
  'answering',
  'open',
] as const;
export type OpeningState = (typeof OPENING_STATES)[number];

/** Commands of the owner, messages on the line, and the two timers. */
export const OPENING_INPUTS = [
  'start',
  'stop',
  'sign-on',
  'identification',
  'selection',
  'repeat',
  'block',
  'corrupt',
  'noise',
  'link-opening',
  'link-opening-pause',
  'closed',
] as const;
export type OpeningInput = (typeof OPENING_INPUTS)[number];

export type OpeningAction =
  | 'ignore'
  | 'begin'
  | 'end'
  | 'choose'
  | 'select'
  | 'confirmed'
  | 'unconfirmed'
  | 'opened'
  | 'read'
  | 'ask-again'
  | 'retry'
  | 'silent'
  | 'address'
  | 'introduce'
  | 'take'
  | 'answer'
  | 'send-again'
  | 'relisten'
  | 'lost';

type Row = Readonly<Record<OpeningInput, OpeningAction>>;

const nothing = Object.fromEntries(OPENING_INPUTS.map((input) => [input, 'ignore'])) as Record<
  OpeningInput,
  OpeningAction
>;
const reader: Row = { ...nothing, start: 'begin', stop: 'end', closed: 'lost' };
const meter: Row = { ...nothing, start: 'relisten', stop: 'end', closed: 'lost', 'sign-on': 'address' };

/** What each state does with each input; the roles share no state but the last. */
export const OPENING_TABLE: Table<OpeningState, OpeningInput, OpeningAction> = {
  closed: { ...nothing, start: 'begin' },
  identifying: { ...reader, identification: 'choose', 'link-opening': 'retry' },
  choosing: { ...reader, 'link-opening-pause': 'select' },
  confirming: { ...reader, selection: 'confirmed', identification: 'choose', 'link-opening': 'unconfirmed' },
  settling: { ...reader, 'link-opening-pause': 'opened' },
  reading: { ...reader, block: 'read', corrupt: 'ask-again', 'link-opening': 'silent' },
  listening: meter,
  addressed: { ...meter, 'link-opening-pause': 'introduce' },
  identified: { ...meter, selection: 'take', repeat: 'send-again', 'link-opening': 'relisten' },
  answering: { ...meter, 'link-opening-pause': 'answer' },
  open: { ...nothing, start: 'begin', stop: 'end', closed: 'lost' },
};

const after: After<OpeningState, OpeningAction> = {
  ignore: ['same'],
  begin: ['identifying'],
  end: ['closed'],
  choose: ['choosing', 'reading', 'closed'],
  select: ['confirming', 'reading'],
  confirmed: ['settling', 'closed'],
  unconfirmed: ['settling'],
  opened: ['open'],
  read: ['closed'],
  'ask-again': ['same', 'closed'],
  retry: ['same', 'closed'],
  silent: ['closed'],
  address: ['addressed', 'same'],
  introduce: ['identified'],
  take: ['answering', 'listening'],
  answer: ['open', 'identified'],
  'send-again': ['answering', 'same'],
  relisten: ['listening'],
  lost: ['closed'],
};

/** Where the actions of a role lead. A reader fails into `closed`; a meter that cannot do what is asked for listens. */
export const OPENING_AFTER: Readonly<Record<'reader' | 'meter', After<OpeningState, OpeningAction>>> = {
  reader: after,
  meter: { ...after, begin: ['listening'] },
};
