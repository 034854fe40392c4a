import { systemCode } from './tty.ts';

/** Raised by a read that was under way when its reader was closed; serialport's name for it. */
export class ReadCancelled extends Error {
  readonly canceled = true;
}

/**
 * Reads a descriptor opened without blocking. The stream under it works on a duplicate of its own, so the
 * descriptor stays the caller's to close, after `close` has resolved.
 */
export class FdReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #closed = false;

  constructor(fd: number) {
    this.#reader = Bun.file(fd).stream().getReader();
  }

  /** At least one byte; undefined when the other side hung up. Throws `ReadCancelled` after `close`. */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#rest.length > 0) {
      const bytes = this.#rest;
      this.#rest = new Uint8Array(0);
      return bytes;
    }
    for (;;) {
      const { value, done } = await this.#next();
      if (this.#closed) throw new ReadCancelled('the port was closed');
      if (done || value === undefined) return undefined;
      if (value.length > 0) return value;
    }
  }

  async #next(): Promise<{ value?: Uint8Array | undefined; done: boolean }> {
    try {
      return await this.#reader.read();
    } catch (error) {
      if (this.#closed) throw new ReadCancelled('the port was closed');
      // A terminal whose other side is gone answers reads with EIO: the same as an end.
      if (systemCode(error) === 'EIO') return { done: true, value: undefined };
      throw error;
    }
  }

  /** Gives back what a caller could not take; it comes first next time. */
  unread(bytes: Uint8Array): void {
    this.#rest = bytes;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#reader.cancel();
  }
}
