import type { Clock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { type MemoryChannel, memoryPair } from '../../src/channels/memory.ts';

/** A serial port in memory: one end stays, the other is opened and closed as a device file is. */
export interface MemoryPort {
  readonly path: string;
  /** The end that stays. What is written while nobody has the other one open is lost. */
  readonly channel: ByteChannel;
  /** Bit rate that was set last at the end that is opened. */
  readonly baudRate: number;
  /** Throws `channel-open-failed` while it is open already, or gone. */
  open(settings: { readonly baudRate: number }): ByteChannel;
}

/** Made for simulated worlds: nothing but the clock moves it. */
export function memoryPort(path: string, clock: Clock): MemoryPort {
  let current: { readonly near: MemoryChannel; readonly far: MemoryChannel } | undefined;
  let baudRate = 9600;
  let listener: (bytes: Uint8Array) => void = () => {};
  let onClosed: (reason?: DcuError) => void = () => {};
  let closed = false;
  const connect = (): ByteChannel => {
    const [near, far] = memoryPair({ clock, name: path });
    const pair = { near, far };
    current = pair;
    const leave = (): void => {
      if (current === pair) current = undefined;
    };
    far.onBytes((bytes) => listener(bytes));
    far.onClosed(leave);
    return {
      name: path,
      write: (bytes) => near.write(bytes),
      onBytes: (heard) => near.onBytes(heard),
      onClosed: (told) => near.onClosed(told),
      close: () => {
        leave();
        return near.close();
      },
      configure: async (settings) => {
        ({ baudRate } = settings);
      },
    };
  };
  return {
    path,
    get baudRate() {
      return baudRate;
    },
    channel: {
      name: path,
      write: async (bytes) => {
        if (closed) throw new DcuError('link-closed', `${path} is closed`);
        await current?.far.write(bytes);
      },
      onBytes: (heard) => {
        listener = heard;
      },
      onClosed: (told) => {
        onClosed = told;
      },
      close: async () => {
        if (closed) return;
        closed = true;
        current?.far.lose();
        current = undefined;
        onClosed();
      },
    },
    open(settings) {
      if (closed) throw new DcuError('channel-open-failed', `${path} is not there`);
      if (current !== undefined) throw new DcuError('channel-open-failed', `${path} is in use`);
      ({ baudRate } = settings);
      return connect();
    },
  };
}
