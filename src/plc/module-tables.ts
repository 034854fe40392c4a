/**
 * The life of the connection to the module. `working`: a job has the command channel; forwarded traffic goes on beside
 * it unless the job needs the network for itself.
 */
export const LIFE_STATES = ['off', 'starting', 'synchronising', 'running', 'working'] as const;
export type LifeState = (typeof LIFE_STATES)[number];

/** Commands, the module's own start, the end of a procedure, and the loss of the line. */
export const LIFE_INPUTS = [
  'start',
  'stop',
  'archive',
  'forward',
  'job',
  'module-up',
  'done',
  'failed',
  'silent',
  'closed',
] as const;
export type LifeInput = (typeof LIFE_INPUTS)[number];

export type LifeAction =
  | 'ignore'
  | 'begin'
  | 'end'
  | 'remember'
  | 'synchronise'
  | 'synchronise-anew'
  | 'refuse'
  | 'queue'
  | 'queue-job'
  | 'restart'
  | 'run'
  | 'try-again'
  | 'next'
  | 'fail-job';

/** What each state does with each input. */
export const LIFE_TABLE: Readonly<Record<LifeState, Readonly<Record<LifeInput, LifeAction>>>> = {
  off: {
    start: 'begin',
    stop: 'ignore',
    archive: 'remember',
    forward: 'refuse',
    job: 'refuse',
    'module-up': 'ignore',
    done: 'ignore',
    failed: 'ignore',
    silent: 'ignore',
    closed: 'ignore',
  },
  starting: {
    start: 'ignore',
    stop: 'end',
    archive: 'remember',
    forward: 'queue',
    job: 'queue-job',
    'module-up': 'restart',
    done: 'synchronise',
    failed: 'try-again',
    silent: 'try-again',
    closed: 'end',
  },
  synchronising: {
    start: 'ignore',
    stop: 'end',
    archive: 'synchronise-anew',
    forward: 'queue',
    job: 'queue-job',
    'module-up': 'restart',
    done: 'run',
    // What the module does not let be put right may still be read.
    failed: 'run',
    silent: 'try-again',
    closed: 'end',
  },
  running: {
    start: 'ignore',
    stop: 'end',
    archive: 'synchronise',
    forward: 'queue',
    job: 'queue-job',
    'module-up': 'restart',
    done: 'ignore',
    failed: 'ignore',
    silent: 'ignore',
    closed: 'end',
  },
  working: {
    start: 'ignore',
    stop: 'end',
    archive: 'remember',
    forward: 'queue',
    job: 'queue-job',
    'module-up': 'restart',
    done: 'next',
    failed: 'fail-job',
    silent: 'try-again',
    closed: 'end',
  },
};

/** Where each action leads; `same` is the state in which it was taken. */
export const LIFE_AFTER: Readonly<Record<LifeAction, readonly (LifeState | 'same')[]>> = {
  ignore: ['same'],
  begin: ['starting'],
  end: ['off'],
  remember: ['same'],
  // Where nobody has given an archive, there is nothing to do.
  synchronise: ['synchronising', 'running', 'working'],
  'synchronise-anew': ['synchronising'],
  refuse: ['same'],
  // What is queued may be begun at once.
  queue: ['same', 'working'],
  'queue-job': ['same', 'working'],
  restart: ['starting'],
  run: ['running', 'working'],
  'try-again': ['starting'],
  next: ['running', 'working', 'synchronising'],
  'fail-job': ['running', 'working', 'synchronising'],
};

/** One question on the command channel. `resting`: the module was busy, or wants to be left alone. */
export const EXCHANGE_STATES = ['idle', 'asked', 'resting'] as const;
export type ExchangeState = (typeof EXCHANGE_STATES)[number];

/** `rested`: the time of rest is over. `drop`: nobody wants the answer any more. */
export const EXCHANGE_INPUTS = [
  'ask',
  'confirm',
  'reply',
  'busy',
  'refusal',
  'timeout',
  'rested',
  'drop',
] as const;
export type ExchangeInput = (typeof EXCHANGE_INPUTS)[number];
export type ExchangeAction = 'ignore' | 'stale' | 'send' | 'finish' | 'rest' | 'repeat' | 'forget';

export const EXCHANGE_TABLE: Readonly<
  Record<ExchangeState, Readonly<Record<ExchangeInput, ExchangeAction>>>
> = {
  idle: {
    ask: 'send',
    confirm: 'stale',
    reply: 'stale',
    busy: 'stale',
    refusal: 'stale',
    timeout: 'ignore',
    rested: 'ignore',
    drop: 'ignore',
  },
  asked: {
    ask: 'ignore',
    confirm: 'finish',
    reply: 'finish',
    busy: 'rest',
    refusal: 'finish',
    timeout: 'repeat',
    rested: 'ignore',
    drop: 'forget',
  },
  resting: {
    ask: 'ignore',
    // An answer after all, to what was sent before the rest.
    confirm: 'finish',
    reply: 'finish',
    busy: 'ignore',
    refusal: 'stale',
    timeout: 'ignore',
    rested: 'send',
    drop: 'forget',
  },
};

/** A request that is to be forwarded. */
export const REQUEST_STATES = ['queued', 'flying'] as const;
export type RequestState = (typeof REQUEST_STATES)[number];

/**
 * `launch`: its turn has come. `absent`: the meter is silent. `outside`: it is not in the network, so that nothing was sent. `crowded`: too many at once.
 * `unsupported`: not this way. `unknown`: the module does not know the address. `lost`: the module has restarted.
 */
export const REQUEST_INPUTS = [
  'launch',
  'answer',
  'absent',
  'outside',
  'busy',
  'crowded',
  'unsupported',
  'unknown',
  'refusal',
  'timeout',
  'lost',
  'cancel',
] as const;
export type RequestInput = (typeof REQUEST_INPUTS)[number];
export type RequestAction =
  | 'ignore'
  | 'send'
  | 'deliver'
  | 'fail'
  | 'rest'
  | 'rest-fewer'
  | 'other-way'
  | 'rest-unknown'
  | 'rest-outside'
  | 'repeat'
  | 'forget';

export const REQUEST_TABLE: Readonly<Record<RequestState, Readonly<Record<RequestInput, RequestAction>>>> = {
  queued: {
    launch: 'send',
    answer: 'ignore',
    absent: 'ignore',
    outside: 'ignore',
    busy: 'ignore',
    crowded: 'ignore',
    unsupported: 'ignore',
    unknown: 'ignore',
    refusal: 'ignore',
    timeout: 'ignore',
    lost: 'ignore',
    cancel: 'forget',
  },
  flying: {
    launch: 'ignore',
    answer: 'deliver',
    absent: 'repeat',
    outside: 'rest-outside',
    busy: 'rest',
    crowded: 'rest-fewer',
    unsupported: 'other-way',
    unknown: 'rest-unknown',
    refusal: 'fail',
    timeout: 'repeat',
    lost: 'repeat',
    cancel: 'forget',
  },
};
