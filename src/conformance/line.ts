import type { Clock } from '../base/clock.ts';
import type { ByteChannel } from '../channels/channel.ts';
import type { Evidence } from './evidence.ts';

/** A unit of the data link as it came: a frame of HDLC or of the wrapper. */
export interface Framing<Unit> {
  /** Units and noise in the order of the bytes. */
  push(bytes: Uint8Array): readonly (Unit | { readonly noise: Uint8Array })[];
}

interface Waiting<Unit> {
  readonly give: (unit: Unit | undefined) => void;
}

/** The line to the meter during one test: bytes out, units in, all of it in the evidence. */
export class Line<Unit extends { readonly bytes: Uint8Array }> {
  readonly #channel: ByteChannel;
  readonly #clock: Clock;
  readonly #evidence: () => Evidence;
  readonly #hide: (bytes: Uint8Array) => Uint8Array | undefined;
  readonly #describe: (bytes: Uint8Array) => string;
  readonly #units: Unit[] = [];
  #waiting: Waiting<Unit> | undefined;
  #closed = false;

  constructor(
    channel: ByteChannel,
    framing: Framing<Unit>,
    context: {
      readonly clock: Clock;
      /** Where what goes by is kept at the moment. */
      readonly evidence: () => Evidence;
      /** 1 for each byte of a frame that the evidence must not show. */
      readonly hide: (bytes: Uint8Array) => Uint8Array | undefined;
      readonly describe: (bytes: Uint8Array) => string;
    },
  ) {
    this.#channel = channel;
    this.#clock = context.clock;
    this.#evidence = context.evidence;
    this.#hide = context.hide;
    this.#describe = context.describe;
    channel.onBytes((bytes) => {
      for (const unit of framing.push(bytes)) this.#arrived(unit);
    });
    channel.onClosed(() => {
      if (!this.#closed) this.#evidence().remark('the meter closed the connection');
      this.#closed = true;
      this.#settle(undefined);
    });
  }

  /** The meter, or we, ended the connection. */
  get closed(): boolean {
    return this.#closed;
  }

  /** `hidden` marks the bytes that the evidence must not show. What a meter that has hung up does not hear is lost. */
  async send(bytes: Uint8Array, note?: string, hidden?: Uint8Array): Promise<void> {
    const found = hidden ?? this.#hide(bytes);
    this.#evidence().add('out', bytes, note ?? this.#describe(bytes), found);
    if (this.#closed) return;
    await this.#channel.write(bytes).catch(() => {
      this.#closed = true;
    });
  }

  /** The next unit, or undefined after `withinMs` or when the line has ended. */
  receive(withinMs: number): Promise<Unit | undefined> {
    const ready = this.#units.shift();
    if (ready !== undefined || this.#closed) return Promise.resolve(ready);
    return new Promise((resolve) => {
      const cancel = this.#clock.after(withinMs, () => {
        this.#waiting = undefined;
        resolve(undefined);
      });
      this.#waiting = {
        give: (unit) => {
          cancel();
          resolve(unit);
        },
      };
    });
  }

  /** Forgets what has come and was not asked for. */
  discard(): void {
    this.#units.length = 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#settle(undefined);
    await this.#channel.close();
  }

  #arrived(unit: Unit | { readonly noise: Uint8Array }): void {
    if ('noise' in unit) {
      this.#evidence().add('in', unit.noise, 'bytes that are no frame');
      return;
    }
    this.#evidence().add('in', unit.bytes, this.#describe(unit.bytes));
    if (this.#waiting === undefined) this.#units.push(unit);
    else this.#settle(unit);
  }

  #settle(unit: Unit | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.give(unit);
  }
}
