import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Effect, Input, LineSettings, Machine } from '../base/machine.ts';
import type { ByteChannel } from './channel.ts';

/** One run of bytes as it went over the line; `timeMs` is the wall clock. */
export interface TraceEntry {
  readonly direction: 'in' | 'out';
  readonly timeMs: number;
  readonly bytes: Uint8Array;
}

export interface PumpOptions {
  readonly trace?: (entry: TraceEntry) => void;
  /** The machine's timer for an answer: it goes off at once when the channel knows that none will come. */
  readonly answerTimer?: string;
}

export interface Pump<Command> {
  command(command: Command): void;
  /** Resolves when all that was sent so far has left, or cannot any more. */
  sent(): Promise<void>;
  /** Tells the machine that its transport is gone, stops all timers and closes the channel. No event comes afterwards. */
  close(): Promise<void>;
  /** Lets go of the channel, which stays open for the next machine: no timer, no input, no event any more. */
  detach(): void;
}

interface Timer {
  readonly delayMs: number;
  /** Absent while bytes sent before the timer have not left: a slow line must not eat the peer's time. */
  cancel?: () => void;
}

/**
 * Runs a protocol machine on a channel: bytes, commands, timers and the end go in, effects come out in order.
 * Inputs that arise while effects are carried out (a listener that gives a command) wait until they are done.
 * A machine or listener that throws ends the channel with that error.
 */
export function pump<Command, Event>(
  machine: Machine<Command, Event>,
  channel: ByteChannel,
  clock: Clock,
  onEvent: (event: Event) => void,
  options: PumpOptions = {},
): Pump<Command> {
  return new ChannelPump(machine, channel, clock, onEvent, options);
}

class ChannelPump<Command, Event> implements Pump<Command> {
  readonly #machine: Machine<Command, Event>;
  readonly #channel: ByteChannel;
  readonly #clock: Clock;
  readonly #onEvent: (event: Event) => void;
  readonly #trace: PumpOptions['trace'];
  readonly #timers = new Map<string, Timer>();
  readonly #inputs: Input<Command>[] = [];
  #running = false;
  #unwritten = 0;
  #lastWrite: Promise<void> = Promise.resolve();
  /** A change of the line's settings that what is sent later waits for. */
  #configured: Promise<void> | undefined;
  /** The machine has heard that its transport is gone. */
  #lost = false;
  #reason: DcuError | undefined;
  #silent = false;

  constructor(
    machine: Machine<Command, Event>,
    channel: ByteChannel,
    clock: Clock,
    onEvent: (event: Event) => void,
    options: PumpOptions,
  ) {
    this.#machine = machine;
    this.#channel = channel;
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.#trace = options.trace;
    channel.onBytes((bytes) => {
      if (this.#lost) return;
      this.#trace?.({ direction: 'in', timeMs: clock.now(), bytes });
      this.#feed({ on: 'bytes', bytes });
    });
    channel.onClosed((reason) => this.#lose(reason));
    const { answerTimer } = options;
    if (answerTimer !== undefined) channel.onSilent?.(() => this.#elapse(answerTimer));
  }

  command(command: Command): void {
    this.#feed({ on: 'command', command });
    // What the command has begun can come to no end by itself on a channel that is gone.
    if (this.#lost && !this.#silent) this.#feed(closed(this.#reason));
  }

  sent(): Promise<void> {
    return this.#lastWrite;
  }

  async close(): Promise<void> {
    this.#lose(undefined);
    this.#silent = true;
    await this.#channel.close();
  }

  detach(): void {
    this.#lost = true;
    this.#silent = true;
    this.#stopTimers();
  }

  #lose(reason: DcuError | undefined): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#reason = reason;
    this.#stopTimers();
    this.#feed(closed(reason));
  }

  #feed(input: Input<Command>): void {
    this.#inputs.push(input);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#step(next);
    } finally {
      this.#running = false;
    }
  }

  #step(input: Input<Command>): void {
    try {
      for (const effect of this.#machine.step(input, this.#clock.monotonicMs())) this.#carryOut(effect);
    } catch (error) {
      this.#shut(toDcuError(error));
    }
  }

  #carryOut(effect: Effect<Event>): void {
    switch (effect.do) {
      case 'send':
        this.#send(effect.bytes);
        return;
      case 'configure':
        this.#configure(effect.settings);
        return;
      case 'arm':
        this.#arm(effect.timer, effect.delayMs);
        return;
      case 'disarm':
        this.#disarm(effect.timer);
        return;
      case 'emit':
        if (!this.#silent) this.#onEvent(effect.event);
        return;
      case 'close':
        this.#shut(effect.reason);
    }
  }

  #send(bytes: Uint8Array): void {
    if (this.#lost) return;
    this.#trace?.({ direction: 'out', timeMs: this.#clock.now(), bytes });
    this.#await(this.#write(bytes));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#configured !== undefined) await this.#configured;
    await this.#channel.write(bytes);
  }

  #configure(settings: LineSettings): void {
    if (this.#lost) return;
    const configured = this.#change(this.#lastWrite, settings);
    this.#configured = configured;
    this.#await(configured);
  }

  async #change(written: Promise<void>, settings: LineSettings): Promise<void> {
    await written;
    if (this.#channel.configure === undefined) {
      throw new DcuError('unsupported', `${this.#channel.name} has no line settings to change`);
    }
    await this.#channel.configure(settings);
  }

  /** Timers wait for what was sent before them. */
  #await(work: Promise<void>): void {
    this.#unwritten++;
    const done = work.then(() => {
      this.#unwritten--;
      if (this.#unwritten === 0) this.#startWaitingTimers();
    });
    this.#lastWrite = done.catch((error: unknown) => this.#shut(toDcuError(error)));
  }

  /** The machine hears of the end as well: it may have a request open that it knows nothing wrong of. */
  #shut(reason: DcuError | undefined): void {
    this.#lose(reason);
    this.#channel.close().catch((error: unknown) => this.#lose(toDcuError(error)));
  }

  #arm(name: string, delayMs: number): void {
    this.#disarm(name);
    if (this.#lost) return;
    const timer: Timer = { delayMs };
    this.#timers.set(name, timer);
    if (this.#unwritten === 0) this.#start(name, timer);
  }

  #start(name: string, timer: Timer): void {
    timer.cancel = this.#clock.after(timer.delayMs, () => {
      if (this.#timers.get(name) === timer) this.#elapse(name);
    });
  }

  /** Nothing happens where no such timer is armed. */
  #elapse(name: string): void {
    if (!this.#timers.has(name)) return;
    this.#disarm(name);
    this.#feed({ on: 'timer', timer: name });
  }

  #startWaitingTimers(): void {
    for (const [name, timer] of this.#timers) {
      if (timer.cancel === undefined) this.#start(name, timer);
    }
  }

  #disarm(name: string): void {
    this.#timers.get(name)?.cancel?.();
    this.#timers.delete(name);
  }

  #stopTimers(): void {
    for (const timer of this.#timers.values()) timer.cancel?.();
    this.#timers.clear();
  }
}

const closed = (reason: DcuError | undefined): Input<never> => ({
  on: 'closed',
  ...(reason === undefined ? {} : { reason }),
});
