import { DcuError, toDcuError } from '../../base/errors.ts';
import type { ByteChannel } from '../../channels/channel.ts';
import { Inbound } from '../../channels/inbound.ts';
import { encodeWrapperFrame } from '../../dlms/link/wrapper.ts';

/** A wrapper frame (IEC 62056-47); addresses are wPorts. */
export interface WrapperFrame {
  readonly source: number;
  readonly destination: number;
  readonly apdu: Uint8Array;
}

/** Looks at a frame; true: it was meant for it, and nobody else hears of it. */
export type TakeFrame = (frame: WrapperFrame) => boolean;

const HEADER = 8;
const VERSION = 1;
/** Longest APDU that is shown to those who take frames: heartbeats and confirmations are short. Longer ones are not held. */
export const LONGEST_TAKEN = 128;

const over = (name: string): DcuError => new DcuError('link-closed', `${name} is closed`);

/**
 * The channel of a wrapper connection on which more is said than one machine's conversation: heartbeats, and confirmations
 * of what was pushed. Short frames are shown to those who may take them; everything else goes through as it came, also
 * what is no frame at all.
 */
export class WrapperTap implements ByteChannel {
  readonly name: string;
  readonly #channel: ByteChannel;
  readonly #inbound = new Inbound();
  readonly #takers = new Set<TakeFrame>();
  readonly #enders = new Set<(reason: DcuError) => void>();
  readonly #held = new Uint8Array(HEADER + LONGEST_TAKEN);
  #heldLength = 0;
  /** Bytes of a long frame that are still to go through. */
  #passing = 0;
  #ended: DcuError | undefined;
  #written: Promise<void> = Promise.resolve();

  constructor(channel: ByteChannel) {
    this.name = channel.name;
    this.#channel = channel;
    channel.onClosed((reason) => this.#over(reason));
    channel.onBytes((bytes) => this.#receive(bytes));
  }

  /** Why the connection is over; undefined while it stands. */
  get ended(): DcuError | undefined {
    return this.#ended;
  }

  /** Resolves when all that was written so far has left. */
  get drained(): Promise<void> {
    return this.#written;
  }

  write(bytes: Uint8Array): Promise<void> {
    const written = this.#channel.write(bytes);
    this.#written = written;
    // Whoever wrote it hears of it, and whoever waits for `drained`.
    written.catch(() => undefined);
    return written;
  }

  send({ source, destination, apdu }: WrapperFrame): Promise<void> {
    return this.write(encodeWrapperFrame(source, destination, apdu));
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#inbound.onBytes(listener);
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.#inbound.onClosed(listener);
  }

  /** Frames are shown to it from now on, until what is handed back is called. */
  take(taker: TakeFrame): () => void {
    this.#takers.add(taker);
    return () => this.#takers.delete(taker);
  }

  /** Told once, also of our own `close`, at once when it is over already; not any more after what is handed back is called. */
  whenOver(listener: (reason: DcuError) => void): () => void {
    if (this.#ended === undefined) this.#enders.add(listener);
    else listener(this.#ended);
    return () => this.#enders.delete(listener);
  }

  async close(): Promise<void> {
    this.#over(undefined);
    await this.#channel.close();
  }

  /** Gives the connection up for this reason; a peer that takes nothing any more is not waited for. */
  abandon(reason: DcuError): void {
    this.#over(reason);
    this.#channel.close().catch(() => undefined);
  }

  #over(reason: DcuError | undefined): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason ?? over(this.name);
    this.#inbound.end(reason);
    for (const tell of this.#enders) tell(this.#ended);
    this.#enders.clear();
    this.#takers.clear();
  }

  #receive(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#ended === undefined; ) {
      if (this.#passing > 0) {
        const passed = bytes.subarray(at, at + this.#passing);
        this.#passing -= passed.length;
        at += passed.length;
        this.#pass(passed);
      } else {
        at += this.#hold(bytes.subarray(at));
        this.#look();
      }
    }
  }

  /** Keeps what belongs to the frame at hand; hands back how many bytes that were. */
  #hold(bytes: Uint8Array): number {
    const wanted = this.#heldLength < HEADER ? HEADER : HEADER + this.#word(6);
    const taken = bytes.subarray(0, wanted - this.#heldLength);
    this.#held.set(taken, this.#heldLength);
    this.#heldLength += taken.length;
    return taken.length;
  }

  #look(): void {
    if (!this.#mayBeFrame()) {
      // The machine behind ends such a connection; nothing marks a next frame.
      this.#passing = Number.POSITIVE_INFINITY;
      this.#passHeld();
      return;
    }
    if (this.#heldLength < HEADER) return;
    const length = this.#word(6);
    if (length > LONGEST_TAKEN) {
      this.#passing = length;
      this.#passHeld();
      return;
    }
    if (this.#heldLength < HEADER + length) return;
    const apdu = this.#held.slice(HEADER, HEADER + length);
    const frame = { source: this.#word(2), destination: this.#word(4), apdu };
    if ([...this.#takers].some((take) => take(frame))) this.#heldLength = 0;
    else this.#passHeld();
  }

  #mayBeFrame(): boolean {
    if (this.#heldLength === 0) return true;
    return this.#held[0] === 0 && (this.#heldLength === 1 || this.#held[1] === VERSION);
  }

  #word(at: number): number {
    return ((this.#held[at] ?? 0) << 8) | (this.#held[at + 1] ?? 0);
  }

  #passHeld(): void {
    const bytes = this.#held.slice(0, this.#heldLength);
    this.#heldLength = 0;
    this.#pass(bytes);
  }

  #pass(bytes: Uint8Array): void {
    try {
      if (this.#inbound.push(bytes)) return;
      this.abandon(new DcuError('overflow', `nobody takes the bytes that come from ${this.name}`));
    } catch (error) {
      this.abandon(toDcuError(error));
    }
  }
}
