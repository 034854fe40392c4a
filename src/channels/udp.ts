import { isIPv6 } from 'node:net';
import { type Clock, systemClock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import type { ByteChannel, ChannelOpener } from './channel.ts';
import { isDatagram, UdpChannel, type UdpTuning } from './udp-channel.ts';

export interface UdpClientOptions extends UdpTuning {
  readonly host: string;
  readonly port: number;
}

export interface UdpListenOptions extends UdpTuning {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Peers at a time, each a channel; datagrams of further ones are dropped. */
  readonly maxPeers?: number;
}

export interface UdpListener {
  readonly host: string;
  readonly port: number;
  readonly peers: number;
  /** Datagrams dropped because of `maxPeers`. */
  readonly refused: number;
  /** Datagrams that were not what `datagrams` says. */
  readonly malformed: number;
  /** Stops listening and closes every channel. */
  close(): Promise<void>;
}

const DEFAULT_MAX_PEERS = 1024;
const DEFAULT_IDLE_MS = 60_000;

/**
 * Datagrams from and to one peer (wrapper over UDP, IEC 62056-47); nothing is sent before the first write. A peer whose
 * host says that the port is closed ends the channel with `channel-lost`. Throws `channel-open-failed` for a host that
 * cannot be resolved, `cancelled` when the signal is aborted.
 */
export async function openUdp(
  options: UdpClientOptions,
  clock: Clock = systemClock,
  signal?: AbortSignal,
): Promise<ByteChannel> {
  const { host, port } = options;
  const name = `udp:${host}:${port}`;
  const cancelled = (): DcuError => new DcuError('cancelled', `opening ${name} was cancelled`);
  if (signal?.aborted) throw cancelled();
  const kind = options.datagrams ?? 'wrapper';
  let channel: UdpChannel | undefined;
  const socket = await opened(name, () =>
    Bun.udpSocket({
      // Without an address of its own kind, the socket speaks IPv4 only.
      ...(isIPv6(host) ? { hostname: '::' } : {}),
      connect: { hostname: host, port },
      socket: {
        data(_socket, data: Uint8Array) {
          if (isDatagram(kind, data)) channel?.arrived(new Uint8Array(data));
        },
        drain() {
          channel?.flush();
        },
        error() {
          channel?.end(new DcuError('channel-lost', `${name} is not there: its host refuses the port`));
        },
      },
    }),
  );
  channel = new UdpChannel(
    name,
    (bytes) => socket.send(bytes),
    clock,
    options,
    () => socket.close(),
  );
  if (signal?.aborted) {
    await channel.close();
    throw cancelled();
  }
  return channel;
}

/** Opens the same peer again and again. */
export function udpOpener(options: UdpClientOptions, clock: Clock = systemClock): ChannelOpener {
  return {
    name: `udp:${options.host}:${options.port}`,
    open: (signal) => openUdp(options, clock, signal),
  };
}

/**
 * Takes datagrams on a port; each peer (address and port) becomes a channel that ends after `idleTimeoutMs` of silence
 * (60 s if not given). Throws `channel-open-failed` when the port cannot be had.
 */
export async function listenUdp(
  options: UdpListenOptions,
  onPeer: (channel: ByteChannel) => void,
  clock: Clock = systemClock,
): Promise<UdpListener> {
  const { host, maxPeers = DEFAULT_MAX_PEERS, datagrams = 'wrapper' } = options;
  const tuning = { idleTimeoutMs: DEFAULT_IDLE_MS, ...options };
  const peers = new Map<string, UdpChannel>();
  let refused = 0;
  let malformed = 0;
  const socket = await opened(`udp:${host}:${options.port}`, () =>
    Bun.udpSocket({
      hostname: host,
      port: options.port,
      socket: {
        data(from, data: Uint8Array, port, address) {
          if (!isDatagram(datagrams, data)) {
            malformed++;
            return;
          }
          const name = `udp:${address}:${port}`;
          let channel = peers.get(name);
          if (channel === undefined) {
            if (peers.size >= maxPeers) {
              refused++;
              return;
            }
            const send = (bytes: Uint8Array): boolean => from.send(bytes, port, address);
            channel = new UdpChannel(name, send, clock, tuning, () => peers.delete(name));
            peers.set(name, channel);
            onPeer(channel);
          }
          channel.arrived(new Uint8Array(data));
        },
        drain() {
          for (const channel of peers.values()) channel.flush();
        },
        // A peer that has gone away says nothing about the others; its channel ends by being idle.
        error() {},
      },
    }),
  );
  return {
    host,
    port: socket.port,
    get peers() {
      return peers.size;
    },
    get refused() {
      return refused;
    },
    get malformed() {
      return malformed;
    },
    async close() {
      await Promise.all([...peers.values()].map((channel) => channel.close()));
      socket.close();
    },
  };
}

/** The runtime throws some failures at once and rejects with others. */
async function opened<Socket>(name: string, open: () => Promise<Socket>): Promise<Socket> {
  try {
    return await open();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DcuError('channel-open-failed', `${name}: ${reason}`, { cause: error });
  }
}
