import type { Clock } from '../../base/clock.ts';
import { DcuError } from '../../base/errors.ts';
import type { LineSettings } from '../../base/machine.ts';
import type { ByteChannel } from '../../channels/channel.ts';

/** Start, eight bits, parity, stop. */
const BITS_PER_BYTE = 11;
const FIRST_RATE = 9600;
/** What is heard of bytes that come at another rate. */
const GARBLED = Uint8Array.of(0xff);

export interface UartOptions {
  readonly clock: Clock;
  /** Bytes take the time that the module's rate asks for; without it they are there at once. */
  readonly paced: boolean;
  /** The rate at the other end where it is known: what comes or goes at another one is noise. */
  readonly peerRate?: () => number;
}

/**
 * The module's end of its UART, on a channel that has no rate of its own (a pseudo-terminal, memory): `configure` changes
 * the rate of what is said and heard from then on. Unpaced, it has none either.
 */
export class ModuleUart implements ByteChannel {
  readonly name: string;
  readonly #wire: ByteChannel;
  readonly #options: UartOptions;
  readonly #waiting = new Map<() => void, ((error: DcuError) => void) | undefined>();
  #baudRate = FIRST_RATE;
  #sentMs = 0;
  #heardMs = 0;

  constructor(wire: ByteChannel, options: UartOptions) {
    this.name = wire.name;
    this.#wire = wire;
    this.#options = options;
  }

  get baudRate(): number {
    return this.#baudRate;
  }

  configure({ baudRate }: LineSettings): Promise<void> {
    this.#baudRate = baudRate;
    return Promise.resolve();
  }

  write(bytes: Uint8Array): Promise<void> {
    if (!this.#options.paced) return this.#wire.write(bytes);
    this.#sentMs = this.#overMs(this.#sentMs, bytes.length);
    const kept = bytes.slice();
    return new Promise((resolve, reject) => {
      this.#at(
        this.#sentMs,
        () => {
          this.#wire.write(this.#asHeard(kept)).then(resolve, reject);
        },
        reject,
      );
    });
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    if (!this.#options.paced) {
      this.#wire.onBytes(listener);
      return;
    }
    this.#wire.onBytes((bytes) => {
      const heard = this.#asHeard(bytes.slice());
      this.#heardMs = this.#overMs(this.#heardMs, bytes.length);
      this.#at(this.#heardMs, () => listener(heard));
    });
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.#wire.onClosed((reason) => {
      this.#stop(reason ?? new DcuError('link-closed', `${this.name} was closed`));
      listener(reason);
    });
  }

  close(): Promise<void> {
    this.#stop(new DcuError('link-closed', `${this.name} was closed`));
    return this.#wire.close();
  }

  #overMs(freeMs: number, length: number): number {
    const nowMs = this.#options.clock.monotonicMs();
    return Math.max(nowMs, freeMs) + (length * BITS_PER_BYTE * 1000) / this.#baudRate;
  }

  #asHeard(bytes: Uint8Array): Uint8Array {
    const other = this.#options.peerRate?.() ?? this.#baudRate;
    return other === this.#baudRate ? bytes : GARBLED;
  }

  #at(atMs: number, run: () => void, fail?: (error: DcuError) => void): void {
    const { clock } = this.#options;
    const cancel = clock.after(atMs - clock.monotonicMs(), () => {
      this.#waiting.delete(cancel);
      run();
    });
    this.#waiting.set(cancel, fail);
  }

  #stop(error: DcuError): void {
    for (const [cancel, fail] of this.#waiting) {
      cancel();
      fail?.(error);
    }
    this.#waiting.clear();
  }
}
