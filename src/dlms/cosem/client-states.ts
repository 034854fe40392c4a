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
  /** No usable answer came, although something came. */
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

export const CLIENT_TABLE: Readonly<Record<ClientState, Readonly<Record<ClientInput, ClientAction>>>> = {
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
    overdue: 'timeOut',
  },
  authenticating: {
    open: 'misuse',
    request: 'misuse',
    release: 'hangUp',
    connected: 'ignore',
    apdu: 'judgeHlsReply',
    disconnected: 'lose',
    overdue: 'timeOut',
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
    overdue: 'hangUp',
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
