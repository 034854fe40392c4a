import type { Clock } from '../../base/clock.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import type { OutboxItem, OutboxStore } from '../../base/outbox.ts';
import type { BrokerLink } from './broker.ts';
import type { MqttMessage } from './messages.ts';

export interface OutgoingOptions {
  readonly outbox: Pick<OutboxStore, 'take' | 'acknowledge'>;
  readonly destination: string;
  readonly clock: Clock;
  /** Messages that wait for their acknowledgement at most. */
  readonly inFlight: number;
  /** Time without any acknowledgement, while one is owed, after which the broker is taken for dead. */
  readonly ackTimeoutMs: number;
  readonly inWindow: (nowMs: number) => boolean;
  /** Undefined: there is nothing to say any more, and nothing is owed. */
  readonly messageOf: (item: OutboxItem) => Promise<MqttMessage | undefined>;
  /** Told of each message that was acknowledged. */
  readonly onAcknowledged: () => void;
}

/** Items that are taken from the outbox at once: what is more urgent comes in between. */
const TAKEN_AT_ONCE = 32;
/** How often an idle outbox is looked at. */
const LOOK_EVERY_MS = 1000;
/** A single message may wait longer than the first, but not for ever. */
const PATIENCE = 10;

/**
 * Sends what a destination is owed over one connection, in order, until that ends. What the broker has acknowledged is settled in
 * the outbox; all else stays there.
 */
export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #link: BrokerLink;
  /** When each was sent, by id, in the order of sending; monotonic ms. */
  readonly #inFlight = new Map<number, number>();
  #settled: number[] = [];
  #halted = false;
  #failed: DcuError | undefined;
  #progressAt = 0;
  #nudged = false;
  #wake: () => void = () => {};

  constructor(options: OutgoingOptions, link: BrokerLink) {
    this.#options = options;
    this.#link = link;
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

  /** Rejects with what ended it: `link-closed`, `link-refused`, `link-timeout`, or what the outbox throws. */
  async run(): Promise<never> {
    void this.#link.closed.then((error) => this.#fail(error));
    for (;;) {
      this.#nudged = false;
      const sent = await this.#sendNext();
      await this.#settle();
      if (this.#failed !== undefined && this.#settled.length === 0) throw this.#failed;
      this.#checkProgress();
      if (sent === 0 && this.#settled.length === 0 && !this.#nudged) await this.#change();
    }
  }

  async #sendNext(): Promise<number> {
    const { outbox, destination, clock, inFlight, inWindow, messageOf } = this.#options;
    const room = Math.min(inFlight, this.#link.receiveMaximum) - this.#inFlight.size;
    if (room <= 0 || this.#halted || this.#failed !== undefined) return 0;
    const nowMs = clock.now();
    const items = await outbox.take(destination, {
      nowMs,
      inWindow: inWindow(nowMs),
      without: [...this.#inFlight.keys(), ...this.#settled],
      limit: Math.min(room, TAKEN_AT_ONCE),
    });
    for (const item of items) {
      const message = await messageOf(item);
      if (message === undefined) this.#settled.push(item.id);
      else this.#send(item.id, message);
    }
    return items.length;
  }

  #send(id: number, { topic, payload, retain }: MqttMessage): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#inFlight.size === 0) this.#progressAt = nowMs;
    this.#inFlight.set(id, nowMs);
    this.#link.publish(topic, payload, { retain }).then(
      () => {
        this.#inFlight.delete(id);
        this.#settled.push(id);
        this.#progressAt = this.#options.clock.monotonicMs();
        this.#options.onAcknowledged();
        this.#wake();
      },
      (error: unknown) => this.#fail(toDcuError(error)),
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
    const [oldest] = this.#inFlight.values();
    if (oldest === undefined) return;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#progressAt < ackTimeoutMs && nowMs - oldest < PATIENCE * ackTimeoutMs) return;
    throw new DcuError('link-timeout', 'the broker does not acknowledge what it is sent');
  }

  #fail(error: DcuError): void {
    this.#failed ??= error;
    this.#wake();
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
