import type { Clock } from '../../base/clock.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Effect } from '../../base/machine.ts';
import type { Random } from '../../base/random.ts';
import type { ByteChannel } from '../../channels/channel.ts';
import {
  createDialMachine,
  type DialCommand,
  type DialEvent,
  type DialMachine,
  type DialTiming,
  PAUSE_TIMER,
} from './dial-machine.ts';
import type { DialPhase } from './dial-states.ts';
import { DialTeller, type DialTellerOptions } from './dial-teller.ts';
import type { HeartState } from './heart.ts';
import type { PushLine } from './push-line.ts';
import { WrapperTap } from './wrapper-tap.ts';

export interface DialAddress {
  readonly host: string;
  readonly port: number;
}

/** What is done on a connection; it ends with it. */
export interface DialledUse {
  readonly push: PushLine;
  readonly heartbeats: HeartState | undefined;
  /** Ends at once; the connection itself is closed by the dialler. */
  stop(): void;
}

export interface DiallerOptions {
  readonly channel: string;
  /** In the order in which they are tried, at least one. */
  readonly addresses: readonly DialAddress[];
  readonly timing: DialTiming;
  /** @throws DcuError when it cannot be had in time */
  readonly open: (address: DialAddress, signal: AbortSignal) => Promise<ByteChannel>;
  /** Whether a connection is wanted, UTC ms. */
  readonly isWanted: (nowMs: number) => boolean;
  /** Begins to use a connection; `useful` is to be called whenever the head-end has proved to be one. */
  readonly use: (tap: WrapperTap, useful: () => void) => DialledUse;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly record: DialTellerOptions['record'];
}

/** How far a dialler has come. Times in UTC ms. */
export interface DialState {
  readonly state: DialPhase;
  /** Since when it is in this state. */
  readonly since: number;
  /** `host:port` that it is connected to. */
  readonly peer: string | undefined;
  /** When it tries again, while it waits for that. */
  readonly nextTryAt: number | undefined;
  /** Rounds through all addresses without anything useful, one after the other. */
  readonly attempts: number;
  readonly lastError: { readonly code: string; readonly message: string; readonly time: number } | undefined;
  /** Of the connection; undefined where there are none. */
  readonly heartbeats: HeartState | undefined;
}

interface Connection {
  readonly tap: WrapperTap;
  readonly use: DialledUse;
}

/** How often it is looked whether a connection is wanted. */
const LOOK_EVERY_MS = 20_000;

const nameOf = ({ host, port }: DialAddress): string => `${host}:${port}`;

/** Keeps a connection to a head-end, for as long as one is wanted. Nobody ever waits for it. */
export class Dialler {
  readonly #options: DiallerOptions;
  readonly #machine: DialMachine;
  readonly #teller: DialTeller;
  readonly #timers = new Map<string, () => void>();
  readonly #awaiting = new Set<(connection: Connection) => void>();
  #dialling: AbortController | undefined;
  #opened: WrapperTap | undefined;
  #connection: Connection | undefined;
  #cancelLook: () => void = () => {};
  #since: number;
  #nextTryAt: number | undefined;
  #lastError: DialState['lastError'];

  constructor(options: DiallerOptions) {
    this.#options = options;
    const { addresses, timing, random, clock } = options;
    this.#machine = createDialMachine({
      addresses: addresses.length,
      timing,
      random: () => random.next(),
    });
    this.#teller = new DialTeller(options);
    this.#since = clock.now();
  }

  get state(): DialState {
    return {
      state: this.#machine.phase,
      since: this.#since,
      peer: this.#connection?.tap.name,
      nextTryAt: this.#machine.phase === 'pausing' ? this.#nextTryAt : undefined,
      attempts: this.#machine.rounds,
      lastError: this.#lastError,
      heartbeats: this.#connection?.use.heartbeats,
    };
  }

  start(): void {
    this.#look();
  }

  stop(): void {
    this.#cancelLook();
    this.#command({ type: 'stop' });
  }

  /**
   * Resolves to what pushes on the connection, and to its end, as soon as there is one.
   * @throws DcuError the signal's reason when it is aborted
   */
  connected(signal: AbortSignal): Promise<{ readonly push: PushLine; readonly tap: WrapperTap }> {
    const shown = ({ tap, use }: Connection): { readonly push: PushLine; readonly tap: WrapperTap } => ({
      push: use.push,
      tap,
    });
    if (this.#connection !== undefined) return Promise.resolve(shown(this.#connection));
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(toDcuError(signal.reason));
        return;
      }
      const tell = (connection: Connection): void => {
        signal.removeEventListener('abort', giveUp);
        resolve(shown(connection));
      };
      const giveUp = (): void => {
        this.#awaiting.delete(tell);
        reject(toDcuError(signal.reason));
      };
      this.#awaiting.add(tell);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  #look(): void {
    const { clock, isWanted } = this.#options;
    this.#cancelLook = clock.after(LOOK_EVERY_MS, () => this.#look());
    this.#command({ type: isWanted(clock.now()) ? 'start' : 'stop' });
  }

  #command(command: DialCommand): void {
    this.#step(() => this.#machine.step({ on: 'command', command }, this.#options.clock.monotonicMs()));
  }

  #step(step: () => Effect<DialEvent>[]): void {
    const before = this.#machine.phase;
    const effects = step();
    if (this.#machine.phase !== before) this.#since = this.#options.clock.now();
    for (const effect of effects) {
      if (effect.do === 'emit') this.#event(effect.event);
      else if (effect.do === 'arm') this.#arm(effect.timer, effect.delayMs);
      else if (effect.do === 'disarm') this.#disarm(effect.timer);
    }
  }

  #event(event: DialEvent): void {
    switch (event.type) {
      case 'dial':
        this.#dial(event.address);
        return;
      case 'cancel':
        this.#dialling?.abort(new DcuError('cancelled', 'the connection is not wanted any more'));
        this.#dialling = undefined;
        return;
      case 'use':
        this.#take();
        return;
      case 'hang-up':
        this.#hangUp();
        return;
      case 'unreachable':
        this.#teller.unreachable(this.#lastError?.message);
    }
  }

  #dial(index: number): void {
    const address = this.#options.addresses[index];
    if (address === undefined) throw new DcuError('internal', `there is no address ${index}`);
    const dialling = new AbortController();
    this.#dialling = dialling;
    this.#options.open(address, dialling.signal).then(
      (channel) => {
        const tap = new WrapperTap(channel);
        if (dialling.signal.aborted) {
          this.#close(tap);
          return;
        }
        this.#dialling = undefined;
        this.#opened = tap;
        this.#command({ type: 'opened' });
      },
      (error: unknown) => {
        if (dialling.signal.aborted) return;
        this.#dialling = undefined;
        this.#failed(toDcuError(error), nameOf(address));
        this.#command({ type: 'failed' });
      },
    );
  }

  /** What was opened last is the connection from now on. */
  #take(): void {
    const tap = this.#opened;
    this.#opened = undefined;
    this.#hangUp();
    if (tap === undefined) throw new DcuError('internal', 'there is no connection to be used');
    const { log, channel, use } = this.#options;
    const useful = (): void => {
      if (this.#connection?.tap !== tap) return;
      this.#teller.useful(tap.name);
      this.#command({ type: 'useful' });
    };
    const connection = { tap, use: use(tap, useful) };
    this.#connection = connection;
    log.debug('connected to the head-end', { channel, peer: tap.name });
    tap.whenOver((reason) => this.#lost(connection, reason));
    for (const tell of this.#awaiting) tell(connection);
    this.#awaiting.clear();
  }

  #lost(connection: Connection, reason: DcuError): void {
    connection.use.stop();
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#failed(reason, connection.tap.name);
    this.#teller.lost(connection.tap.name, reason.message);
    this.#command({ type: 'lost' });
  }

  /** One that takes another's place is no disconnection: that is told as what it is. */
  #hangUp(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    if (this.#machine.phase === 'resting') this.#teller.lost(connection.tap.name, undefined);
    connection.use.stop();
    this.#close(connection.tap);
  }

  #close(tap: WrapperTap): void {
    tap.close().catch((error: unknown) => {
      this.#options.log.debug('a connection was not closed in order', { ...toDcuError(error).toJSON() });
    });
  }

  #failed({ code, message }: DcuError, peer: string): void {
    const { clock, log, channel } = this.#options;
    this.#lastError = { code, message, time: clock.now() };
    log.debug('no connection to the head-end', { channel, peer, code, message });
  }

  #arm(timer: string, delayMs: number): void {
    const { clock } = this.#options;
    this.#disarm(timer);
    if (timer === PAUSE_TIMER) this.#nextTryAt = clock.now() + delayMs;
    this.#timers.set(
      timer,
      clock.after(delayMs, () => {
        this.#timers.delete(timer);
        this.#step(() => this.#machine.step({ on: 'timer', timer }, clock.monotonicMs()));
      }),
    );
  }

  #disarm(timer: string): void {
    this.#timers.get(timer)?.();
    this.#timers.delete(timer);
  }
}
