import type { Effect, Input, Machine } from '../../base/machine.ts';
import { DIAL_TABLE, type DialAction, type DialInput, type DialPhase } from './dial-states.ts';

export interface DialTiming {
  /** Pause after the first round in which no address could be used. */
  readonly firstPauseMs: number;
  /** It doubles from round to round up to this. */
  readonly longestPauseMs: number;
  /** So long a lower address is used before the first one is tried again. */
  readonly returnAfterMs: number;
}

export interface DialConfig {
  /** How many there are, at least one. */
  readonly addresses: number;
  readonly timing: DialTiming;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export interface DialCommand {
  readonly type: Exclude<DialInput, 'pause-over' | 'return-due'>;
}

export type DialEvent =
  /** The address (from 0) is to be dialled; to be answered with `opened` or `failed`. */
  | { readonly type: 'dial'; readonly address: number }
  /** What is being dialled is not wanted any more. */
  | { readonly type: 'cancel' }
  /** What was opened is the connection from now on; one that stood before it is to be closed. */
  | { readonly type: 'use'; readonly address: number }
  | { readonly type: 'hang-up' }
  /** None of the addresses could be used, for the `rounds`th time running. */
  | { readonly type: 'unreachable'; readonly rounds: number };

export const PAUSE_TIMER = 'dial-pause';
export const RETURN_TIMER = 'dial-return';
/** The way back is tried ever less often where the first address accepts and is of no use: up to 2^6 times `returnAfterMs`. */
const MOST_DOUBLINGS = 6;

export interface DialMachine extends Machine<DialCommand, DialEvent> {
  readonly phase: DialPhase;
  /** Rounds through all addresses without anything useful, one after the other. */
  readonly rounds: number;
}

class Dial implements DialMachine {
  readonly #config: DialConfig;
  #phase: DialPhase = 'resting';
  #address = 0;
  #rounds = 0;
  #useful = false;
  /** The connection has taken the place of one that was in use. */
  #moved = false;
  #vainReturns = 0;
  #effects: Effect<DialEvent>[] = [];

  constructor(config: DialConfig) {
    this.#config = config;
  }

  get phase(): DialPhase {
    return this.#phase;
  }

  get rounds(): number {
    return this.#rounds;
  }

  step(input: Input<DialCommand>): Effect<DialEvent>[] {
    this.#effects = [];
    if (input.on === 'command') this.#act(input.command.type);
    else if (input.on === 'timer' && input.timer === PAUSE_TIMER) this.#act('pause-over');
    else if (input.on === 'timer' && input.timer === RETURN_TIMER) this.#act('return-due');
    else if (input.on === 'closed') this.#act('lost');
    return this.#effects;
  }

  #act(input: DialInput): void {
    this.#actions[DIAL_TABLE[this.#phase][input]]();
  }

  readonly #actions: Readonly<Record<DialAction, () => void>> = {
    ignore: () => {},
    begin: () => this.#dial(0),
    connect: () => this.#use(this.#address, false),
    next: () => this.#tryNext(),
    leave: () => {
      this.#disarm(RETURN_TIMER);
      if (this.#useful) this.#pause(1);
      else {
        if (this.#moved) this.#vainReturns = Math.min(this.#vainReturns + 1, MOST_DOUBLINGS);
        this.#tryNext();
      }
    },
    prosper: () => {
      this.#useful = true;
      this.#rounds = 0;
      if (this.#address === 0) this.#vainReturns = 0;
    },
    probe: () => {
      this.#phase = 'probing';
      this.#emit({ type: 'dial', address: 0 });
    },
    move: () => this.#use(0, true),
    stay: () => {
      this.#phase = 'connected';
      this.#armReturn();
    },
    goOn: () => {
      this.#phase = 'dialling';
      this.#address = 0;
    },
    rest: () => {
      this.#disarm(PAUSE_TIMER);
      this.#disarm(RETURN_TIMER);
      if (this.#phase === 'dialling' || this.#phase === 'probing') this.#emit({ type: 'cancel' });
      if (this.#phase === 'connected' || this.#phase === 'probing') this.#emit({ type: 'hang-up' });
      this.#phase = 'resting';
      this.#rounds = 0;
    },
  };

  #dial(address: number): void {
    this.#phase = 'dialling';
    this.#address = address;
    this.#emit({ type: 'dial', address });
  }

  #use(address: number, moved: boolean): void {
    this.#phase = 'connected';
    this.#address = address;
    this.#useful = false;
    this.#moved = moved;
    // First, for a connection may be lost before it was ever used.
    if (address > 0) this.#armReturn();
    this.#emit({ type: 'use', address });
  }

  #tryNext(): void {
    if (this.#address + 1 < this.#config.addresses) {
      this.#dial(this.#address + 1);
      return;
    }
    this.#rounds++;
    this.#emit({ type: 'unreachable', rounds: this.#rounds });
    this.#pause(this.#rounds);
  }

  /** Half of it by chance, so that a thousand concentrators do not come back at once. */
  #pause(round: number): void {
    const { timing, random } = this.#config;
    const fullMs = Math.min(timing.longestPauseMs, timing.firstPauseMs * 2 ** Math.min(round - 1, 30));
    this.#phase = 'pausing';
    this.#arm(PAUSE_TIMER, Math.max(1, Math.round(fullMs * (0.5 + random() / 2))));
  }

  #armReturn(): void {
    this.#arm(RETURN_TIMER, this.#config.timing.returnAfterMs * 2 ** this.#vainReturns);
  }

  #arm(timer: string, delayMs: number): void {
    this.#effects.push({ do: 'arm', timer, delayMs });
  }

  #disarm(timer: string): void {
    this.#effects.push({ do: 'disarm', timer });
  }

  #emit(event: DialEvent): void {
    this.#effects.push({ do: 'emit', event });
  }
}

/**
 * Decides which address of a head-end is dialled when: in their order, back to the first one after a while, and ever
 * more slowly while nothing useful comes of it. It opens nothing itself.
 */
export function createDialMachine(config: DialConfig): DialMachine {
  return new Dial(config);
}
