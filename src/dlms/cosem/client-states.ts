import type { After, Table } from '../../base/table.ts';

/**
 * The client as a table: what to do with each input in each state. The rows are states, the columns inputs;
 * the actions are the methods of that name in client-machine.ts.
 */
export type ClientState =
  | 'closed'
  /** Link is being set up. */
  | 'linking'
  /** AARQ sent. */
  | 'associating'
  /** HLS pass 3 sent. */
  | 'authenticating'
  | 'ready'
  /** A request is under way. */
  | 'busy'
  /** RLRQ sent. */
  | 'releasing'
  /** Link is being taken down. */
  | 'unlinking';

export type ClientInput =
  | 'open'
  | 'request'
  | 'release'
  | 'connected'
  | 'apdu'
  | 'disconnected'
  /** No usable answer to a request came, although something came. */
  | 'overdue';

export type ClientAction =
  | 'ignore'
  /** The caller broke the rule of one request at a time. */
  | 'misuse'
  | 'connect'
  | 'refuse'
  | 'confirmRelease'
  | 'associate'
  | 'judgeAare'
  | 'judgeHlsReply'
  | 'start'
  | 'advance'
  | 'unasked'
  | 'releaseAssociation'
  | 'hangUp'
  | 'finish'
  | 'lose'
  | 'timeOut';

export const CLIENT_TABLE: Table<ClientState, ClientInput, ClientAction> = {
  closed: {
    open: 'connect',
    request: 'refuse',
    release: 'confirmRelease',
    connected: 'ignore',
    apdu: 'ignore',
    disconnected: 'ignore',
    overdue: 'ignore',
  },
  linking: {
    open: 'misuse',
    request: 'misuse',
    release: 'hangUp',
    connected: 'associate',
    apdu: 'ignore',
    disconnected: 'lose',
    overdue: 'ignore',
  },
  associating: {
    open: 'misuse',
    request: 'misuse',
    release: 'hangUp',
    connected: 'ignore',
    apdu: 'judgeAare',
    disconnected: 'lose',
    overdue: 'ignore',
  },
  authenticating: {
    open: 'misuse',
    request: 'misuse',
    release: 'hangUp',
    connected: 'ignore',
    apdu: 'judgeHlsReply',
    disconnected: 'lose',
    overdue: 'ignore',
  },
  ready: {
    open: 'misuse',
    request: 'start',
    release: 'releaseAssociation',
    connected: 'ignore',
    apdu: 'unasked',
    disconnected: 'lose',
    overdue: 'ignore',
  },
  busy: {
    open: 'misuse',
    request: 'misuse',
    release: 'hangUp',
    connected: 'ignore',
    apdu: 'advance',
    disconnected: 'lose',
    overdue: 'timeOut',
  },
  releasing: {
    open: 'misuse',
    request: 'misuse',
    release: 'ignore',
    connected: 'ignore',
    apdu: 'hangUp',
    disconnected: 'finish',
    overdue: 'ignore',
  },
  unlinking: {
    open: 'misuse',
    request: 'misuse',
    release: 'ignore',
    connected: 'ignore',
    apdu: 'ignore',
    disconnected: 'finish',
    overdue: 'ignore',
  },
};

/**
 * What an action cannot bear takes the link down (`unlinking`). A server that does not know the dialect is asked in
 * another one (`associating` again); proofs and answers may come in blocks.
 */
export const CLIENT_AFTER: After<ClientState, ClientAction> = {
  ignore: ['same'],
  misuse: ['same'],
  connect: ['linking'],
  refuse: ['same'],
  confirmRelease: ['same'],
  associate: ['associating', 'unlinking'],
  judgeAare: ['ready', 'authenticating', 'associating', 'unlinking'],
  judgeHlsReply: ['ready', 'same', 'unlinking'],
  start: ['busy', 'same'],
  advance: ['ready', 'same', 'unlinking'],
  unasked: ['same', 'unlinking'],
  releaseAssociation: ['releasing', 'unlinking'],
  hangUp: ['unlinking'],
  finish: ['closed'],
  lose: ['closed'],
  timeOut: ['unlinking'],
};
