import { type Clock, sleep } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { OutboxItem, OutboxStore } from '../base/outbox.ts';
import type { Random } from '../base/random.ts';
import { LOOK_EVERY_MS, Outgoing, type OutgoingLink, type OutgoingOptions } from './outgoing.ts';
import { SetAside } from './set-aside.ts';

export interface UplinkState {
  readonly connected: boolean;
  /** UTC ms of the last change of `connected`. */
  readonly since: number;
  /** Items under way to the head-end. */
  readonly inFlight: number;
  /** Items that were acknowledged since the start. */
  readonly sent: number;
  /** UTC ms of the last acknowledgement. */
  readonly lastSent?: number;
  readonly lastError?: { readonly code: string; readonly message: string; readonly time: number };
}

/** A way to a head-end that the outbox is emptied over, for as long as it is not stopped. Nobody ever waits for it. */
export interface Uplink {
  start(): void;
  /** Takes its leave; what is not acknowledged stays in the outbox. */
  stop(): Promise<void>;
  /** There may be something to send. */
  wake(): void;
  metersChanged(): void;
  state(): UplinkState;
}

/** A connection that an uplink has opened. */
export interface UplinkLink<Message> extends OutgoingLink<Message> {
  /** What goes on beside the sending; what it rejects with ends the connection. */
  readonly beside?: Promise<never>;
  /** Ends it in order, within seconds. */
  leave(): Promise<void>;
}

export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

export interface OutboxUplinkOptions<Message> {
  readonly outbox: Pick<OutboxStore, 'take' | 'acknowledge'>;
  /** Name of this uplink in the outbox. */
  readonly destination: string;
  /** The signal ends the opening, not the connection. */
  readonly open: (signal: AbortSignal) => Promise<UplinkLink<Message>>;
  readonly messageOf: (item: OutboxItem) => Promise<Message | undefined>;
  readonly inFlight: number;
  readonly ackTimeoutMs?: number;
  /** Where it is given, the connection is opened when there is something to send, and ended when there was nothing for so long. */
  readonly idleTimeoutMs?: number;
  readonly inWindow: (nowMs: number) => boolean;
  /** Failures of one item, after the first, before others go in front of it. */
  readonly retries?: number;
  /** Pause after a connection that failed; doubles until one brings something. */
  readonly backoff?: Backoff;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const USUAL_BACKOFF: Backoff = { firstMs: 1000, longestMs: 300_000 };
const USUAL_RETRIES = 4;

/** `aborted` resolves when the signal is; `forget` is to be called once nobody asks. */
function watched(signal: AbortSignal): { readonly aborted: Promise<DcuError>; readonly forget: () => void } {
  const { promise, resolve } = Promise.withResolvers<DcuError>();
  const tell = (): void => resolve(new DcuError('cancelled', 'the uplink is stopped'));
  if (signal.aborted) tell();
  else signal.addEventListener('abort', tell, { once: true });
  return { aborted: promise, forget: () => signal.removeEventListener('abort', tell) };
}

/** Brings what the outbox holds to a head-end: connection after connection, with pauses that grow while none brings anything. */
export class OutboxUplink<Message> implements Omit<Uplink, 'metersChanged'> {
  readonly #options: OutboxUplinkOptions<Message>;
  readonly #setAside: SetAside;
  readonly #abort = new AbortController();
  readonly #backoff: Backoff;
  #backoffMs: number;
  #ended: Promise<void> = Promise.resolve();
  #outgoing: Outgoing<Message> | undefined;
  #nudged = false;
  #look: () => void = () => {};
  #connected = false;
  #since: number;
  #sent = 0;
  #lastSent: number | undefined;
  #lastError: UplinkState['lastError'];

  constructor(options: OutboxUplinkOptions<Message>) {
    const { retries = USUAL_RETRIES, backoff = USUAL_BACKOFF, clock } = options;
    this.#options = options;
    this.#setAside = new SetAside({ retries });
    this.#backoff = backoff;
    this.#backoffMs = backoff.firstMs;
    this.#since = clock.now();
  }

  start(): void {
    this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#look();
    await this.#ended;
  }

  wake(): void {
    this.#outgoing?.wake();
    this.#nudged = true;
    this.#look();
  }

  state(): UplinkState {
    return {
      connected: this.#connected,
      since: this.#since,
      inFlight: this.#outgoing?.inFlight ?? 0,
      sent: this.#sent,
      ...(this.#lastSent === undefined ? {} : { lastSent: this.#lastSent }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  async #run(): Promise<void> {
    const { clock, log, random } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const error = await this.#connection().catch(toDcuError);
      this.#note(false);
      if (signal.aborted) return;
      if (error === undefined) continue;
      const { code, message } = error;
      this.#lastError = { code, message, time: clock.now() };
      // Half of it by chance, so that a thousand concentrators do not come back at once.
      const waitMs = Math.round(this.#backoffMs * (0.5 + random.next()));
      log.warn('the connection to the head-end has ended', { code, message, againInMs: waitMs });
      this.#backoffMs = Math.min(this.#backoffMs * 2, this.#backoff.longestMs);
      await sleep(clock, waitMs, signal).catch(() => undefined);
    }
  }

  /** One connection from its opening to its end; resolves with what ended it, undefined when nothing was left to do. */
  async #connection(): Promise<DcuError | undefined> {
    const { open, log } = this.#options;
    const { signal } = this.#abort;
    if (!(await this.#isWanted())) return undefined;
    const link = await open(signal);
    this.#note(true);
    log.info('connected to the head-end');
    const outgoing = new Outgoing(this.#outgoingOptions(), link);
    this.#outgoing = outgoing;
    const running = outgoing.run().then(() => undefined, toDcuError);
    const watch = watched(signal);
    try {
      return await Promise.race([
        running,
        watch.aborted,
        ...(link.beside === undefined ? [] : [link.beside.catch(toDcuError)]),
      ]);
    } finally {
      watch.forget();
      outgoing.halt();
      await link.leave();
      // What the head-end has acknowledged to the last is settled before another connection looks.
      await running;
      this.#outgoing = undefined;
    }
  }

  /** Waits for something to send, where that is what connections are opened for. False when it was stopped before. */
  async #isWanted(): Promise<boolean> {
    const { idleTimeoutMs, outbox, destination, clock, inWindow } = this.#options;
    const { signal } = this.#abort;
    if (idleTimeoutMs === undefined) return true;
    while (!signal.aborted) {
      this.#nudged = false;
      const nowMs = clock.now();
      const without = this.#setAside.leftOut(clock.monotonicMs());
      const query = { nowMs, inWindow: inWindow(nowMs), without, limit: 1 };
      if ((await outbox.take(destination, query)).length > 0) return !signal.aborted;
      if (!this.#nudged && !signal.aborted) await this.#change();
    }
    return false;
  }

  /** Waits until something happens, or it is time to look. */
  #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(LOOK_EVERY_MS, resolve);
    this.#look = () => {
      cancel();
      resolve();
    };
    return promise;
  }

  #outgoingOptions(): OutgoingOptions<Message> {
    const { clock, log } = this.#options;
    return {
      ...this.#options,
      setAside: this.#setAside,
      onAcknowledged: () => {
        this.#sent++;
        this.#lastSent = clock.now();
        // Only a head-end that acknowledges is worth coming back to soon.
        this.#backoffMs = this.#backoff.firstMs;
      },
      onSetAside: (item, { code, message }) =>
        log.warn('an item is not acknowledged again and again: others go first', { item, code, message }),
    };
  }

  #note(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    this.#since = this.#options.clock.now();
  }
}
