import { DcuError } from '../base/errors.ts';
import type { Framing } from '../base/model.ts';
import type { FailureReason, ForwardCommand } from '../plc/module-types.ts';
import type { ByteChannel } from './channel.ts';
import { Inbound } from './inbound.ts';

/** What became of a message to a meter. */
export type ForwardOutcome =
  | { readonly bytes: Uint8Array }
  | { readonly reason: FailureReason; readonly error: DcuError };

/** What a slot needs of the module. */
export interface SlotPort {
  /** Tells the outcome once, never within this call; returns the name of the request. */
  forward(
    request: Omit<ForwardCommand, 'type' | 'id' | 'priority'>,
    outcome: (outcome: ForwardOutcome) => void,
  ): string;
  /** Its outcome is not told any more. */
  cancel(id: string): void;
  /** The slot is closed. */
  closed(slot: PlcSlot): void;
}

export interface SlotTarget {
  /** Twelve digits. */
  readonly address: string;
  readonly framing: Framing;
}

/** Sent again where nobody knows whether the meter has got it: HDLC numbers its frames, so that one more does no harm. */
const NUMBERED_ATTEMPTS = 2;
/** Outcomes after which the meter may be asked again at once: its link layer decides. */
const SILENCE: ReadonlySet<FailureReason> = new Set(['no-answer', 'meter-silent']);

/**
 * One meter behind the module as a channel. Each write is one message, a whole frame of the meter's own link layer, and
 * resolves when the module is done with it: answered, or known to stay without an answer (`onSilent`).
 */
export class PlcSlot implements ByteChannel {
  readonly name: string;
  readonly #port: SlotPort;
  readonly #target: SlotTarget;
  readonly #inbound = new Inbound();
  /** Messages on their way, and what ends the wait of those who wrote them. */
  readonly #open = new Map<string, () => void>();
  #onSilent: () => void = () => {};
  #heard = false;

  constructor(name: string, port: SlotPort, target: SlotTarget) {
    this.name = name;
    this.#port = port;
    this.#target = target;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#inbound.ended) return Promise.reject(new DcuError('link-closed', `${this.name} is closed`));
    const { address, framing } = this.#target;
    // A ciphered message that comes twice is a replay. Who has never answered is not asked twice behind the back of its link layer.
    const numbered = framing === 'hdlc';
    const attempts = numbered && this.#heard ? NUMBERED_ATTEMPTS : 1;
    return new Promise((resolve) => {
      const request = { address, bytes: bytes.slice(), attempts, numbered };
      const id = this.#port.forward(request, (outcome) => {
        this.#open.delete(id);
        this.#settle(outcome);
        resolve();
      });
      this.#open.set(id, resolve);
    });
  }

  #settle(outcome: ForwardOutcome): void {
    if ('bytes' in outcome) {
      this.#heard = true;
      this.#inbound.push(outcome.bytes);
    } else if (SILENCE.has(outcome.reason)) this.#onSilent();
    else this.end(outcome.error);
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#inbound.onBytes(listener);
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.#inbound.onClosed(listener);
  }

  onSilent(listener: () => void): void {
    this.#onSilent = listener;
  }

  /** The way to the meter is gone; what is on its way is called back. */
  end(reason?: DcuError): void {
    if (this.#inbound.ended) return;
    this.#inbound.end(reason);
    for (const [id, resolve] of this.#open) {
      this.#port.cancel(id);
      resolve();
    }
    this.#open.clear();
    this.#port.closed(this);
  }

  async close(): Promise<void> {
    this.end();
  }
}
