import { DcuError } from '../../base/errors.ts';
import type { Effect, Input, Machine } from '../../base/machine.ts';
import type { After, Table } from '../../base/table.ts';
import { LONG_INVOKE } from '../apdu/access.ts';
import { encodeDataNotification } from '../apdu/notification.ts';

/** When a push is sent, and how often again (Blue Book, Push setup, class 40). */
export interface PushConfig {
  /** A push begins at a random moment of this interval (randomisation_start_interval), so that meters do not call at once. */
  readonly randomisationStartIntervalMs: number;
  /** Tries after the first one (number_of_retries). */
  readonly numberOfRetries: number;
  /** Pause before a further try: `minMs`, times `factor` for each one before it, `maxMs` at most (repetition_delay). */
  readonly repetitionDelay: { readonly minMs: number; readonly factor?: number; readonly maxMs?: number };
  /** Whether the receiver is asked to confirm. Without it a push is over when it has been sent. */
  readonly confirmed: boolean;
  /** How long the confirmation may take. */
  readonly confirmationTimeoutMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export type PushCommand =
  /** One push at a time: a further one takes the place of one that is not over. */
  | { readonly type: 'push'; readonly body: Uint8Array; readonly dateTime?: Uint8Array }
  /** The APDU of the last `send` is on its way. */
  | { readonly type: 'sent' }
  /** It could not be sent. */
  | { readonly type: 'not-sent' }
  | { readonly type: 'confirmed'; readonly longInvoke: number }
  | { readonly type: 'cancel' };

export type PushEvent =
  /** A DataNotification to be sent; to be answered with `sent` or `not-sent`. */
  | { readonly type: 'send'; readonly apdu: Uint8Array; readonly attempt: number }
  | { readonly type: 'delivered'; readonly attempts: number }
  | { readonly type: 'failed'; readonly attempts: number; readonly error: DcuError };

export type PushState =
  | 'idle'
  /** The random start has not come. */
  | 'starting'
  /** Handed over to be sent. */
  | 'sending'
  /** The confirmation is due. */
  | 'awaiting'
  /** Before the next try. */
  | 'pausing';

export type PushInput = PushCommand['type'] | 'elapsed';
export type PushAction = 'ignore' | 'begin' | 'send' | 'await' | 'tryAgain' | 'judge' | 'stop';

/** What to do with each input in each state; the actions are the methods of that name below. */
export const PUSH_TABLE: Table<PushState, PushInput, PushAction> = {
  idle: {
    push: 'begin',
    sent: 'ignore',
    'not-sent': 'ignore',
    confirmed: 'ignore',
    cancel: 'ignore',
    elapsed: 'ignore',
  },
  starting: {
    push: 'begin',
    sent: 'ignore',
    'not-sent': 'ignore',
    confirmed: 'ignore',
    cancel: 'stop',
    elapsed: 'send',
  },
  sending: {
    push: 'begin',
    sent: 'await',
    'not-sent': 'tryAgain',
    // It may be faster than the word that all has been sent.
    confirmed: 'judge',
    cancel: 'stop',
    elapsed: 'ignore',
  },
  awaiting: {
    push: 'begin',
    sent: 'ignore',
    'not-sent': 'tryAgain',
    confirmed: 'judge',
    cancel: 'stop',
    elapsed: 'tryAgain',
  },
  pausing: {
    push: 'begin',
    sent: 'ignore',
    'not-sent': 'ignore',
    // The confirmation of an earlier try counts, however late.
    confirmed: 'judge',
    cancel: 'stop',
    elapsed: 'send',
  },
};

/** Without an interval or a confirmation the state in between is passed over; a confirmation of another push changes nothing. */
export const PUSH_AFTER: After<PushState, PushAction> = {
  ignore: ['same'],
  begin: ['starting', 'sending'],
  send: ['sending'],
  await: ['awaiting', 'idle'],
  tryAgain: ['pausing', 'idle'],
  judge: ['idle', 'same'],
  stop: ['idle'],
};

export const PUSH_TIMER = 'push';

export interface PushMachine extends Machine<PushCommand, PushEvent> {
  readonly state: PushState;
}

class Push implements PushMachine {
  readonly #config: PushConfig;
  #state: PushState = 'idle';
  #content: { readonly body: Uint8Array; readonly dateTime?: Uint8Array } = { body: new Uint8Array(0) };
  #invokeId = 0;
  #attempts = 0;
  #effects: Effect<PushEvent>[] = [];

  constructor(config: PushConfig) {
    this.#config = config;
  }

  get state(): PushState {
    return this.#state;
  }

  step(input: Input<PushCommand>): Effect<PushEvent>[] {
    this.#effects = [];
    if (input.on === 'command') this.#act(input.command.type, input.command);
    else if (input.on === 'timer' && input.timer === PUSH_TIMER) this.#act('elapsed');
    else if (input.on === 'closed') this.#act('not-sent');
    return this.#effects;
  }

  #act(input: PushInput, command?: PushCommand): void {
    this.#actions[PUSH_TABLE[this.#state][input]](command);
  }

  readonly #actions: Readonly<Record<PushAction, (command?: PushCommand) => void>> = {
    ignore: () => {},
    begin: (command) => {
      if (command?.type !== 'push') return;
      const { body, dateTime } = command;
      if (this.#state !== 'idle') this.#fail('a newer push takes its place', 'cancelled');
      this.#content = { body, ...(dateTime ? { dateTime } : {}) };
      this.#invokeId = (this.#invokeId % LONG_INVOKE.id) + 1;
      this.#attempts = 0;
      const delayMs = Math.floor(this.#config.random() * this.#config.randomisationStartIntervalMs);
      this.#state = 'starting';
      if (delayMs > 0) this.#arm(delayMs);
      else this.#actions.send();
    },
    send: () => {
      this.#attempts++;
      this.#state = 'sending';
      const apdu = encodeDataNotification({ ...this.#content, longInvoke: this.#longInvoke });
      this.#emit({ type: 'send', apdu, attempt: this.#attempts });
    },
    await: () => {
      if (!this.#config.confirmed) {
        this.#delivered();
        return;
      }
      this.#state = 'awaiting';
      this.#arm(this.#config.confirmationTimeoutMs);
    },
    tryAgain: () => {
      const { numberOfRetries, repetitionDelay } = this.#config;
      if (this.#attempts > numberOfRetries) {
        this.#fail('nobody takes it', 'link-timeout');
        return;
      }
      const { minMs, factor = 1, maxMs = Number.POSITIVE_INFINITY } = repetitionDelay;
      this.#state = 'pausing';
      this.#arm(Math.max(1, Math.round(Math.min(maxMs, minMs * factor ** (this.#attempts - 1)))));
    },
    judge: (command) => {
      if (command?.type !== 'confirmed' || !this.#config.confirmed) return;
      if ((command.longInvoke & LONG_INVOKE.id) === this.#invokeId) this.#delivered();
    },
    stop: () => this.#fail('it was cancelled', 'cancelled'),
  };

  #delivered(): void {
    this.#rest();
    this.#emit({ type: 'delivered', attempts: this.#attempts });
  }

  get #longInvoke(): number {
    return ((this.#config.confirmed ? LONG_INVOKE.confirmed : 0) | this.#invokeId) >>> 0;
  }

  #fail(why: string, code: 'cancelled' | 'link-timeout'): void {
    this.#rest();
    const error = new DcuError(code, `push failed after ${this.#attempts} tries: ${why}`, {
      facts: { attempts: this.#attempts },
    });
    this.#emit({ type: 'failed', attempts: this.#attempts, error });
  }

  #rest(): void {
    this.#state = 'idle';
    this.#effects.push({ do: 'disarm', timer: PUSH_TIMER });
  }

  #arm(delayMs: number): void {
    this.#effects.push({ do: 'arm', timer: PUSH_TIMER, delayMs });
  }

  #emit(event: PushEvent): void {
    this.#effects.push({ do: 'emit', event });
  }
}

/**
 * Pushes DataNotifications with random start, repetition and confirmation. It sends nothing itself: `send` is for a
 * server's `notify` or a connection of its own, whose `notification-confirmed` comes back as `confirmed`.
 */
export function createPushMachine(config: PushConfig): PushMachine {
  return new Push(config);
}
