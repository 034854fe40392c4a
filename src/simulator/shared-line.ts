import type { DcuError } from '../base/errors.ts';
import type { ByteChannel } from '../channels/channel.ts';

/**
 * The meters' end of an RS-485 line: two wires that all stations share. Each tap hears whatever the master or any
 * other tap says.
 */
export class SharedLine {
  readonly #wire: ByteChannel;
  readonly #taps = new Set<LineTap>();
  #ended = false;

  /** Whether the wire is gone. */
  get ended(): boolean {
    return this.#ended;
  }

  constructor(wire: ByteChannel) {
    this.#wire = wire;
    wire.onBytes((bytes) => {
      for (const tap of this.#taps) tap.hear(bytes);
    });
    wire.onClosed((reason) => {
      this.#ended = true;
      for (const tap of this.#taps) tap.end(reason);
      this.#taps.clear();
    });
  }

  /** One more station on the line. */
  tap(name: string): ByteChannel {
    const tap = new LineTap(
      name,
      (bytes) => {
        for (const other of this.#taps) if (other !== tap) other.hear(bytes);
        return this.#wire.write(bytes);
      },
      () => this.#taps.delete(tap),
    );
    this.#taps.add(tap);
    return tap;
  }

  close(): Promise<void> {
    return this.#wire.close();
  }
}

class LineTap implements ByteChannel {
  readonly name: string;
  readonly #say: (bytes: Uint8Array) => Promise<void>;
  readonly #leave: () => void;
  #listener: ((bytes: Uint8Array) => void) | undefined;
  #closed: ((reason?: DcuError) => void) | undefined;

  constructor(name: string, say: (bytes: Uint8Array) => Promise<void>, leave: () => void) {
    this.name = name;
    this.#say = say;
    this.#leave = leave;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#say(bytes);
  }

  /** A station that has not listened yet has missed what was said, as on a real line. */
  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#listener = listener;
  }

  /** Each station has a UART of its own; the wire carries any rate. */
  configure(): Promise<void> {
    return Promise.resolve();
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.#closed = listener;
  }

  close(): Promise<void> {
    this.#leave();
    this.end();
    return Promise.resolve();
  }

  hear(bytes: Uint8Array): void {
    this.#listener?.(bytes);
  }

  end(reason?: DcuError): void {
    const closed = this.#closed;
    this.#closed = undefined;
    this.#listener = undefined;
    closed?.(reason);
  }
}
