import { symlinkSync, unlinkSync } from 'node:fs';
import { type Clock, systemClock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { ByteChannel } from './channel.ts';
import { FdReader, ReadCancelled } from './fd-reader.ts';
import { FdWriter } from './fd-writer.ts';
import { Inbound } from './inbound.ts';
import { type LinePace, pacedChannel } from './paced.ts';
import { baudRateOf, closeTty, configureTty, openMaster, openTty } from './tty.ts';

export interface PtyOptions {
  /** Makes the line as slow as a real one of this speed. */
  readonly pace?: LinePace;
  /** Path of a symbolic link to the slave, so that its name stays the same after a re-plug. */
  readonly link?: string;
}

export interface Pty {
  /** What a serial client opens. */
  readonly path: string;
  /** The other side of the line. Closing it is pulling the plug. */
  readonly channel: ByteChannel;
  /** Bit rate that the client has set. */
  readonly baudRate: number;
}

/** After so long without a reader, bytes are lost as they are on a line that nobody listens to. */
const UNHEARD_MS = 500;

/**
 * A pseudo-terminal in raw mode: a serial line whose other end is in this process. Clients may open and close the
 * slave as often as they like. Throws `channel-open-failed`.
 */
export function openPty(options: PtyOptions = {}, clock: Clock = systemClock): Pty {
  const { master, slave, path } = openPair();
  const channel = new PtyChannel(path, master, slave, options.link, clock);
  const { pace, link } = options;
  return {
    path: link ?? path,
    channel: pace === undefined ? channel : pacedChannel(channel, pace, clock),
    get baudRate() {
      return baudRateOf(slave);
    },
  };
}

function openPair(): { readonly master: number; readonly slave: number; readonly path: string } {
  try {
    const { fd: master, path } = openMaster();
    try {
      const slave = openTty(path);
      configureTty(slave, { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 });
      return { master, slave, path };
    } catch (error) {
      closeTty(master);
      throw error;
    }
  } catch (error) {
    if (error instanceof DcuError) throw error;
    throw new DcuError('channel-open-failed', `no pseudo-terminal: ${toDcuError(error).message}`, {
      cause: error,
    });
  }
}

class PtyChannel implements ByteChannel {
  readonly name: string;
  readonly #master: number;
  /** Held open, so that the master outlives the clients of the slave. */
  readonly #slave: number;
  readonly #link: string | undefined;
  readonly #inbound = new Inbound();
  readonly #reader: FdReader;
  readonly #writer: FdWriter;
  #writing: Promise<void> = Promise.resolve();

  constructor(name: string, master: number, slave: number, link: string | undefined, clock: Clock) {
    this.name = name;
    this.#master = master;
    this.#slave = slave;
    this.#link = link;
    this.#reader = new FdReader(master);
    this.#writer = new FdWriter(master, clock);
    if (link !== undefined) symlinkSync(name, link);
    this.#read().catch((error: unknown) => this.#lose(toDcuError(error)));
  }

  async #read(): Promise<void> {
    try {
      for (let bytes = await this.#reader.read(); bytes !== undefined; bytes = await this.#reader.read()) {
        // Nobody listens: the bytes are lost, as on a line.
        this.#inbound.push(bytes);
      }
      this.#lose(new DcuError('channel-lost', `${this.name} hung up`));
    } catch (error) {
      if (!(error instanceof ReadCancelled)) throw error;
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#inbound.ended) return Promise.reject(new DcuError('link-closed', `${this.name} is closed`));
    const copy = bytes.slice();
    const written = this.#writing.then(() => this.#put(copy));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async #put(bytes: Uint8Array): Promise<void> {
    try {
      await this.#writer.write(bytes, UNHEARD_MS);
    } catch (error) {
      if (!(error instanceof DcuError && error.code === 'channel-lost')) throw error;
    }
  }

  /** A pseudo-terminal carries bytes at any rate. */
  configure(): Promise<void> {
    return this.#inbound.ended
      ? Promise.reject(new DcuError('link-closed', `${this.name} is closed`))
      : Promise.resolve();
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#inbound.onBytes(listener);
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.#inbound.onClosed(listener);
  }

  async close(): Promise<void> {
    if (this.#inbound.ended) return;
    this.#inbound.end();
    await this.#shut();
  }

  #lose(reason: DcuError): void {
    if (this.#inbound.ended) return;
    this.#inbound.end(reason);
    this.#shut().catch(() => {
      // It is gone already, which is what the listener was told.
    });
  }

  async #shut(): Promise<void> {
    this.#writer.close();
    try {
      await this.#reader.close();
    } finally {
      closeTty(this.#slave);
      closeTty(this.#master);
      if (this.#link !== undefined) unlinkSync(this.#link);
    }
  }
}
