import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { OutboxItem, OutboxStore } from '../base/outbox.ts';
import type { SetAside } from './set-aside.ts';

/** A connection to a head-end, from its opening to its end. It never comes back; who wants another one opens it. */
export interface OutgoingLink<Message> {
  /** Messages that the head-end takes before it has acknowledged the first of them. */
  readonly receiveMaximum: number;
  /** Resolves with the acknowledgement. @throws DcuError when it was refused, or is not known to have come */
  send(message: Message): Promise<void>;
  /** Resolves with the cause when the connection has ended. */
  readonly closed: Promise<DcuError>;
}

export interface OutgoingOptions<Message> {
  readonly outbox: Pick<OutboxStore, 'take' | 'acknowledge'>;
  readonly destination: string;
  readonly clock: Clock;
  /** Messages that wait for their acknowledgement at most. */
  readonly inFlight: number;
  /**
   * Time without any acknowledgement, while one is owed, after which the head-end is taken for dead. Not given where the link
   * itself tells.
   */
  readonly ackTimeoutMs?: number;
  /** It is over when there was nothing to send for so long; never if not given. */
  readonly idleTimeoutMs?: number;
  readonly inWindow: (nowMs: number) => boolean;
  /** Undefined: there is nothing to say any more, and nothing is owed. */
  readonly messageOf: (item: OutboxItem) => Promise<Message | undefined>;
  /** What fails again and again; outlives the connection. */
  readonly setAside: SetAside;
  /** Told of each message that was acknowledged. */
  readonly onAcknowledged: () => void;
  /** Told of an item that others go in front of from now on. */
  readonly onSetAside: (id: number, error: DcuError) => void;
}

/** Items that are taken from the outbox at once: what is more urgent comes in between. */
const TAKEN_AT_ONCE = 32;
/** How often an idle outbox is looked at. */
export const LOOK_EVERY_MS = 1000;
/** A single message may wait longer than the first, but not for ever. */
const PATIENCE = 10;

/**
 * Sends what a destination is owed over one connection, in order, until that ends. What the head-end has acknowledged is settled
 * in the outbox; all else stays there.
 */
export class Outgoing<Message> {
  readonly #options: OutgoingOptions<Message>;
  readonly #link: OutgoingLink<Message>;
  /** When each was sent, by id, in the order of sending; monotonic ms. */
  readonly #inFlight = new Map<number, number>();
  #settled: number[] = [];
  #halted = false;
  #failed: DcuError | undefined;
  #progressAt = 0;
  #busyAt: number;
  #nudged = false;
  #wake: () => void = () => {};

  constructor(options: OutgoingOptions<Message>, link: OutgoingLink<Message>) {
    this.#options = options;
    this.#link = link;
    this.#busyAt = options.clock.monotonicMs();
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Sends nothing more; acknowledgements are still taken, until the connection ends. */
  halt(): void {
    this.#halted = true;
  }

  /** Looks at the outbox now. */
  wake(): void {
    this.#nudged = true;
    this.#wake();
  }

  /**
   * Resolves when there was nothing to send for long enough. Rejects with what ended it: what the link has failed with,
   * `link-timeout`, or what the outbox throws.
   */
  async run(): Promise<void> {
    void this.#link.closed.then((error) => this.#fail(error));
    for (;;) {
      this.#nudged = false;
      const sent = await this.#sendNext();
      await this.#settle();
      if (this.#failed !== undefined && this.#settled.length === 0) throw this.#failed;
      this.#checkProgress();
      if (this.#isIdle(sent)) return;
      if (sent === 0 && this.#settled.length === 0 && !this.#nudged) await this.#change();
    }
  }

  async #sendNext(): Promise<number> {
    const { outbox, destination, clock, inFlight, inWindow, setAside } = this.#options;
    const room = Math.min(inFlight, this.#link.receiveMaximum) - this.#inFlight.size;
    if (room <= 0 || this.#halted || this.#failed !== undefined) return 0;
    const nowMs = clock.now();
    const items = await outbox.take(destination, {
      nowMs,
      inWindow: inWindow(nowMs),
      without: [...this.#inFlight.keys(), ...this.#settled, ...setAside.leftOut(clock.monotonicMs())],
      limit: Math.min(room, TAKEN_AT_ONCE),
    });
    for (const item of items) {
      const message = await this.#messageOf(item);
      if (message === undefined) this.#settled.push(item.id);
      else this.#send(item.id, message);
    }
    return items.length;
  }

  async #messageOf(item: OutboxItem): Promise<Message | undefined> {
    try {
      return await this.#options.messageOf(item);
    } catch (thrown) {
      const error = toDcuError(thrown);
      this.#blame(item.id, error);
      throw error;
    }
  }

  #send(id: number, message: Message): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#inFlight.size === 0) this.#progressAt = nowMs;
    this.#inFlight.set(id, nowMs);
    this.#link.send(message).then(
      () => {
        this.#inFlight.delete(id);
        this.#settled.push(id);
        this.#progressAt = this.#options.clock.monotonicMs();
        this.#options.setAside.acknowledged(id);
        this.#options.onAcknowledged();
        this.#wake();
      },
      (error: unknown) => this.#fail(toDcuError(error), id),
    );
  }

  /** Acknowledgements that come in while others are written are written together. */
  async #settle(): Promise<void> {
    // A copy: more is settled while these are written.
    const ids = [...this.#settled];
    if (ids.length === 0) return;
    await this.#options.outbox.acknowledge(this.#options.destination, ids);
    this.#settled = this.#settled.filter((id) => !ids.includes(id));
  }

  #checkProgress(): void {
    const { clock, ackTimeoutMs } = this.#options;
    const [oldest] = this.#inFlight;
    if (oldest === undefined || ackTimeoutMs === undefined) return;
    const [id, sentMs] = oldest;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#progressAt < ackTimeoutMs && nowMs - sentMs < PATIENCE * ackTimeoutMs) return;
    const error = new DcuError('link-timeout', 'the head-end does not acknowledge what it is sent');
    this.#blame(id, error);
    throw error;
  }

  /** Without an item: the one that has waited longest, for receivers take one after the other. */
  #fail(error: DcuError, id = this.#inFlight.keys().next().value): void {
    if (this.#failed !== undefined) return;
    this.#failed = error;
    if (id !== undefined) this.#blame(id, error);
    this.#wake();
  }

  #blame(id: number, error: DcuError): void {
    const { setAside, clock, onSetAside } = this.#options;
    if (this.#halted) return;
    if (setAside.failed(id, clock.monotonicMs())) onSetAside(id, error);
  }

  #isIdle(sent: number): boolean {
    const { clock, idleTimeoutMs } = this.#options;
    const nowMs = clock.monotonicMs();
    if (sent > 0 || this.#inFlight.size > 0 || this.#settled.length > 0) this.#busyAt = nowMs;
    return idleTimeoutMs !== undefined && nowMs - this.#busyAt >= idleTimeoutMs;
  }

  /** Waits until something happens, or it is time to look. */
  #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(LOOK_EVERY_MS, resolve);
    this.#wake = () => {
      cancel();
      resolve();
    };
    return promise;
  }
}
