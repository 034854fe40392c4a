import type { DcuError } from '../base/errors.ts';
import type { LineSettings } from '../base/machine.ts';

/** An open byte stream: a TCP socket, a serial port, or two queues in memory. */
export interface ByteChannel {
  readonly name: string;
  /** Queues the bytes; resolves when they have left this process (drained). Bytes given in order leave in order. */
  write(bytes: Uint8Array): Promise<void>;
  /** One listener; bytes that came before it was set are kept for it (bounded). */
  onBytes(listener: (bytes: Uint8Array) => void): void;
  /** Called once, with the reason unless it was our own `close`. */
  onClosed(listener: (reason?: DcuError) => void): void;
  /**
   * Where somebody on the way knows that what was written last stays without an answer: told then, once for each time.
   * Absent where only time tells.
   */
  onSilent?(listener: () => void): void;
  /** The line's settings as they are now; absent where there is no such line. */
  readonly settings?: LineSettings | undefined;
  /**
   * Changes the line's settings; called when everything written before has left. Absent where there is no such line.
   * Throws `channel-lost` or `channel-open-failed` when the port refuses.
   */
  configure?(settings: LineSettings): Promise<void>;
  close(): Promise<void>;
}

/** What opens a channel, again and again: after a loss it is simply called once more. */
export interface ChannelOpener {
  readonly name: string;
  open(signal?: AbortSignal): Promise<ByteChannel>;
}

export interface SerialSettings {
  readonly path: string;
  readonly baudRate: number;
  readonly dataBits: 5 | 6 | 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}
