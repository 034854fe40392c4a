import { DcuError } from '../../src/base/errors.ts';
import type { ByteChannel, ChannelOpener } from '../../src/channels/channel.ts';
import { Inbound } from '../../src/channels/inbound.ts';

/** A serial line in memory that can be unplugged: the device's end lives on, the other one is opened anew. */
export class PlugLine {
  /** What the device has. */
  readonly device: ByteChannel;
  readonly opener: ChannelOpener;
  /** How often the other end was opened. */
  openings = 0;
  plugged = true;
  readonly #inbound = new Inbound();
  #end: Inbound | undefined;

  constructor(name = 'plug') {
    this.device = {
      name: `${name}:device`,
      write: async (bytes) => {
        const end = this.#end;
        const copy = bytes.slice();
        queueMicrotask(() => end?.push(copy));
      },
      onBytes: (listener) => this.#inbound.onBytes(listener),
      onClosed: (listener) => this.#inbound.onClosed(listener),
      configure: () => Promise.resolve(),
      close: async () => this.#inbound.end(),
    };
    this.opener = { name, open: async () => this.#open(name) };
  }

  unplug(): void {
    this.plugged = false;
    const end = this.#end;
    this.#end = undefined;
    end?.end(new DcuError('channel-lost', 'the plug was pulled'));
  }

  plug(): void {
    this.plugged = true;
  }

  #open(name: string): ByteChannel {
    if (!this.plugged) throw new DcuError('channel-open-failed', `there is no ${name}`);
    this.openings++;
    const end = new Inbound();
    this.#end = end;
    return {
      name,
      write: (bytes) => {
        if (end.ended) return Promise.reject(new DcuError('link-closed', `${name} is closed`));
        const copy = bytes.slice();
        queueMicrotask(() => this.#inbound.push(copy));
        return Promise.resolve();
      },
      onBytes: (listener) => end.onBytes(listener),
      onClosed: (listener) => end.onClosed(listener),
      close: async () => {
        if (this.#end === end) this.#end = undefined;
        end.end();
      },
    };
  }
}
