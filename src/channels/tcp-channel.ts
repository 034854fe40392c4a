import type { Socket } from 'bun';
import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import type { ByteChannel } from './channel.ts';
import { Inbound } from './inbound.ts';

export interface TcpTuning {
  /** A peer that takes no bytes for so long is given up. */
  readonly writeTimeoutMs?: number;
  /** Bytes that may wait to be sent; one more ends the connection. */
  readonly maxUnsentBytes?: number;
  /** A connection on which nothing came for so long is closed; 0 = never. */
  readonly idleTimeoutMs?: number;
  /** Silence after which the operating system probes whether the peer is still there; 0 = never. */
  readonly keepAliveMs?: number;
}

const DEFAULT_WRITE_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_UNSENT = 8 * 1024 * 1024;
const DEFAULT_KEEP_ALIVE_MS = 30_000;

interface Waiting {
  readonly bytes: Uint8Array;
  sent: number;
  readonly resolve: () => void;
  readonly reject: (error: DcuError) => void;
}

/** One TCP connection, whoever opened it. Its socket handlers are `tcpHandlers`. */
export class TcpChannel implements ByteChannel {
  readonly name: string;
  readonly #clock: Clock;
  readonly #tuning: Required<Omit<TcpTuning, 'keepAliveMs'>>;
  readonly #socket: Socket<TcpChannelHolder>;
  readonly #inbound = new Inbound();
  #queue: Waiting[] = [];
  #unsent = 0;
  #cancelStall: (() => void) | undefined;
  #cancelIdle: (() => void) | undefined;
  #lastHeardMs: number;
  #onEnd: () => void = () => {};

  constructor(name: string, socket: Socket<TcpChannelHolder>, clock: Clock, tuning: TcpTuning) {
    this.name = name;
    this.#socket = socket;
    this.#clock = clock;
    this.#tuning = {
      writeTimeoutMs: tuning.writeTimeoutMs ?? DEFAULT_WRITE_TIMEOUT_MS,
      maxUnsentBytes: tuning.maxUnsentBytes ?? DEFAULT_MAX_UNSENT,
      idleTimeoutMs: tuning.idleTimeoutMs ?? 0,
    };
    this.#lastHeardMs = clock.monotonicMs();
    socket.setNoDelay(true);
    const keepAliveMs = tuning.keepAliveMs ?? DEFAULT_KEEP_ALIVE_MS;
    if (keepAliveMs > 0) socket.setKeepAlive(true, keepAliveMs);
    this.#watchIdle();
  }

  /** Called once when the connection is over, for whoever counts connections. */
  whenOver(listener: () => void): void {
    this.#onEnd = listener;
    if (this.#inbound.ended) listener();
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#inbound.ended) return Promise.reject(new DcuError('link-closed', `${this.name} is closed`));
    if (this.#unsent + bytes.length > this.#tuning.maxUnsentBytes) {
      const error = new DcuError('overflow', `${this.name} does not take what is sent to it`);
      this.end(error);
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ bytes, sent: 0, resolve, reject });
      this.#unsent += bytes.length;
      if (this.#queue.length === 1) this.flush();
    });
  }

  /** Hands the socket what it takes; it calls again when it takes more. */
  flush(): void {
    let progress = false;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const rest = next.sent === 0 ? next.bytes : next.bytes.subarray(next.sent);
      const taken = rest.length === 0 ? 0 : this.#socket.write(rest);
      if (taken < 0) {
        this.end(new DcuError('channel-lost', `${this.name} takes no more bytes`));
        return;
      }
      next.sent += taken;
      this.#unsent -= taken;
      progress ||= taken > 0;
      if (next.sent < next.bytes.length) break;
      this.#queue.shift();
      next.resolve();
    }
    this.#watchStall(progress);
  }

  #watchStall(progress: boolean): void {
    if (this.#queue.length > 0 && !progress && this.#cancelStall !== undefined) return;
    this.#cancelStall?.();
    this.#cancelStall = undefined;
    if (this.#queue.length === 0 || this.#inbound.ended) return;
    const { writeTimeoutMs } = this.#tuning;
    this.#cancelStall = this.#clock.after(writeTimeoutMs, () => {
      this.end(new DcuError('channel-lost', `${this.name} has taken no bytes for ${writeTimeoutMs} ms`));
    });
  }

  #watchIdle(): void {
    const { idleTimeoutMs } = this.#tuning;
    if (idleTimeoutMs === 0) return;
    const silentMs = this.#clock.monotonicMs() - this.#lastHeardMs;
    this.#cancelIdle = this.#clock.after(Math.max(1, idleTimeoutMs - silentMs), () => {
      if (this.#clock.monotonicMs() - this.#lastHeardMs < idleTimeoutMs) this.#watchIdle();
      else this.end(new DcuError('link-timeout', `${this.name} was silent for ${idleTimeoutMs} ms`));
    });
  }

  arrived(bytes: Uint8Array): void {
    this.#lastHeardMs = this.#clock.monotonicMs();
    if (!this.#inbound.push(bytes)) {
      this.end(new DcuError('overflow', `nobody takes the bytes that come from ${this.name}`));
    }
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#inbound.onBytes(listener);
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.#inbound.onClosed(listener);
  }

  /** Sends what is queued, then closes. */
  async close(): Promise<void> {
    if (this.#inbound.ended) return;
    const last = this.#queue.length > 0 ? this.write(new Uint8Array(0)) : undefined;
    // A stalled peer ends the connection by itself, with the reason told to the listener.
    await last?.catch(() => undefined);
    this.end();
  }

  end(reason?: DcuError): void {
    if (this.#inbound.ended) return;
    this.#cancelStall?.();
    this.#cancelIdle?.();
    // First, for the socket calls its handlers from within `end` and `terminate`.
    this.#inbound.end(reason);
    const error = reason ?? new DcuError('link-closed', `${this.name} was closed`);
    for (const waiting of this.#queue.splice(0)) waiting.reject(error);
    if (reason === undefined) this.#socket.end();
    else this.#socket.terminate();
    this.#onEnd();
  }
}

export interface TcpChannelHolder {
  channel?: TcpChannel;
}

/** Handlers of both kinds of socket, but for `open`. */
export const tcpHandlers = {
  data(socket: Socket<TcpChannelHolder>, data: Uint8Array): void {
    socket.data.channel?.arrived(new Uint8Array(data));
  },
  drain(socket: Socket<TcpChannelHolder>): void {
    socket.data.channel?.flush();
  },
  end(socket: Socket<TcpChannelHolder>): void {
    socket.data.channel?.end(
      new DcuError('link-closed', `${socket.data.channel.name} closed the connection`),
    );
  },
  close(socket: Socket<TcpChannelHolder>): void {
    socket.data.channel?.end(
      new DcuError('link-closed', `${socket.data.channel.name} closed the connection`),
    );
  },
  error(socket: Socket<TcpChannelHolder>, error: Error): void {
    socket.data.channel?.end(
      new DcuError('channel-lost', `${socket.data.channel.name}: ${error.message}`, { cause: error }),
    );
  },
} as const;
