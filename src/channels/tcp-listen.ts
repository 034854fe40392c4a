import { type Clock, systemClock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import type { ByteChannel } from './channel.ts';
import { TcpChannel, type TcpChannelHolder, type TcpTuning, tcpHandlers } from './tcp-channel.ts';

export interface TcpListenOptions extends TcpTuning {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Connections at a time; further ones are closed at once. */
  readonly maxConnections?: number;
}

export interface TcpListener {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** Connections turned away because of `maxConnections`. */
  readonly refused: number;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

const DEFAULT_MAX_CONNECTIONS = 1024;

/** Listens; each connection becomes a channel. Throws `channel-open-failed` when the port cannot be had. */
export function listenTcp(
  options: TcpListenOptions,
  onConnection: (channel: ByteChannel) => void,
  clock: Clock = systemClock,
): TcpListener {
  const maxConnections = options.maxConnections ?? DEFAULT_MAX_CONNECTIONS;
  const channels = new Set<TcpChannel>();
  let refused = 0;
  const accept = (socket: Bun.Socket<TcpChannelHolder>): void => {
    if (channels.size >= maxConnections) {
      refused++;
      socket.terminate();
      return;
    }
    const channel = new TcpChannel(`${socket.remoteAddress}:${socket.remotePort}`, socket, clock, options);
    socket.data = { channel };
    channels.add(channel);
    channel.whenOver(() => channels.delete(channel));
    onConnection(channel);
  };
  const { host, port } = options;
  const server = listen(host, port, accept);
  return {
    host,
    port: server.port,
    get connections() {
      return channels.size;
    },
    get refused() {
      return refused;
    },
    async close() {
      server.stop();
      await Promise.all([...channels].map((channel) => channel.close()));
    },
  };
}

function listen(
  hostname: string,
  port: number,
  open: (socket: Bun.Socket<TcpChannelHolder>) => void,
): Bun.TCPSocketListener<TcpChannelHolder> {
  try {
    return Bun.listen<TcpChannelHolder>({ hostname, port, data: {}, socket: { ...tcpHandlers, open } });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DcuError('channel-open-failed', `cannot listen on ${hostname}:${port}: ${reason}`, {
      cause: error,
    });
  }
}
