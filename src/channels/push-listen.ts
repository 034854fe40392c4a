import { type Clock, systemClock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { PushedApdu, PushFraming } from '../dlms/link/push-receiver.ts';
import { PushAssembly } from '../dlms/push-assembly.ts';
import type { ByteChannel } from './channel.ts';
import { HostRates } from './host-rates.ts';
import type { TraceEntry } from './pump.ts';
import { PushStream } from './push-stream.ts';
import { listenTcp } from './tcp-listen.ts';
import { listenUdp } from './udp.ts';

export const PUSH_TRANSPORTS = ['tcp', 'udp', 'both'] as const;
export type PushTransports = (typeof PUSH_TRANSPORTS)[number];

export interface PushListenOptions {
  readonly host: string;
  /** 0 = any free port, the same for TCP and UDP. */
  readonly port: number;
  readonly transport: PushTransports;
  /** `auto` if not given: each peer's own, by its first bytes. */
  readonly framing?: PushFraming | 'auto';
  /** TCP connections at a time, and UDP peers: 256 each if not given. */
  readonly maxPeers?: number;
  /** Of these, of one host: 64 if not given. */
  readonly maxPeersOfHost?: number;
  /** APDUs that a host may send in a second over a while, 50 if not given; four times as many at once. */
  readonly perSecond?: number;
  /** Longest APDU, also when it comes in blocks; 65,535 if not given. */
  readonly maxApdu?: number;
  /** A connection that is silent for so long is closed; 5 min if not given. */
  readonly idleTimeoutMs?: number;
  readonly trace?: (from: string, entry: TraceEntry) => void;
}

/** A whole APDU that somebody has sent unasked, still protected if it is. */
export interface PushArrival extends Omit<PushedApdu, 'type'> {
  /** `plc`: reported by a PLC module. */
  readonly transport: 'tcp' | 'udp' | 'plc';
  /** `address:port` of the sender; channel and node behind a module. */
  readonly from: string;
  /** Its address alone. */
  readonly host: string;
  /** UTC ms. */
  readonly receivedAtMs: number;
  /** Behind a PLC module: the communication unit that has sent it, as the module says. Twelve digits. */
  readonly node?: { readonly channel: string; readonly address: string };
  /** It came in general blocks. */
  readonly inBlocks: boolean;
  /** Sends an APDU back on the same way; what does not arrive is the sender's to ask for again. */
  readonly reply: (apdu: Uint8Array) => void;
}

/** What came and was no notification. */
export interface PushFault {
  readonly transport: 'tcp' | 'udp' | 'plc';
  readonly from: string;
  readonly host: string;
  readonly error: DcuError;
}

/** Only ever grows. */
export interface PushListenCounters {
  arrivals: number;
  /** Runs of bytes that are no frames, or frames that are no APDU. */
  faults: number;
  /** APDUs of hosts that sent too many. */
  rateLimited: number;
  /** Connections and UDP peers turned away. */
  refused: number;
}

export interface PushListener {
  readonly host: string;
  readonly port: number;
  readonly counters: Readonly<PushListenCounters>;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

export interface PushHandlers {
  readonly onArrival: (arrival: PushArrival) => void;
  readonly onFault: (fault: PushFault) => void;
}

const GAP_MS = 2000;
const UDP_IDLE_MS = 60_000;
const MAX_PEERS = 256;
const MAX_PEERS_OF_HOST = 64;
const MAX_APDU = 0xffff;
const PORT_TRIES = 8;

/**
 * Listens for pushed data on TCP, UDP or both, in whatever framing each peer has. Throws `channel-open-failed` when a
 * port cannot be had. Everything is bounded: connections, peers, what each holds, and how often each host is heard.
 */
export async function listenPushes(
  options: PushListenOptions,
  handlers: PushHandlers,
  clock: Clock = systemClock,
): Promise<PushListener> {
  for (let tries = 1; ; tries++) {
    try {
      return await new Door(options, handlers, clock).open();
    } catch (error) {
      // A port that was free for TCP may be taken for UDP.
      if (options.port !== 0 || options.transport !== 'both' || tries === PORT_TRIES) throw error;
    }
  }
}

interface Listening {
  readonly port: number;
  readonly refused: number;
  close(): Promise<void>;
}

interface Peer {
  readonly transport: 'tcp' | 'udp';
  readonly from: string;
  readonly host: string;
}

class Door {
  readonly #options: PushListenOptions;
  readonly #handlers: PushHandlers;
  readonly #clock: Clock;
  readonly #rates: HostRates;
  readonly #ofHost = new Map<string, number>();
  readonly #open: Listening[] = [];
  readonly #counted = { arrivals: 0, faults: 0, rateLimited: 0, refused: 0 };

  constructor(options: PushListenOptions, handlers: PushHandlers, clock: Clock) {
    this.#options = options;
    this.#handlers = handlers;
    this.#clock = clock;
    const { perSecond = 50 } = options;
    this.#rates = new HostRates({ perSecond, burst: 4 * perSecond }, clock);
  }

  async open(): Promise<PushListener> {
    const { transport, host, port } = this.#options;
    try {
      if (transport !== 'udp') this.#open.push(this.#listenTcp(port));
      if (transport !== 'tcp') this.#open.push(await this.#listenUdp(this.#open[0]?.port ?? port));
    } catch (error) {
      await this.#close();
      throw error;
    }
    const counters = (): PushListenCounters => ({
      ...this.#counted,
      refused: this.#open.reduce((sum, { refused }) => sum + refused, this.#counted.refused),
    });
    return {
      host,
      port: this.#open[0]?.port ?? port,
      get counters() {
        return counters();
      },
      close: () => this.#close(),
    };
  }

  async #close(): Promise<void> {
    await Promise.all(this.#open.map((one) => one.close()));
  }

  #listenTcp(port: number): Listening {
    const { host, maxPeers = MAX_PEERS, idleTimeoutMs = 300_000 } = this.#options;
    return listenTcp(
      { host, port, maxConnections: maxPeers, idleTimeoutMs },
      (channel) => this.#welcome('tcp', channel),
      this.#clock,
    );
  }

  #listenUdp(port: number): Promise<Listening> {
    const { host, maxPeers = MAX_PEERS } = this.#options;
    return listenUdp(
      { host, port, maxPeers, datagrams: 'any', idleTimeoutMs: UDP_IDLE_MS },
      (channel) => this.#welcome('udp', channel),
      this.#clock,
    );
  }

  #welcome(transport: 'tcp' | 'udp', channel: ByteChannel): void {
    const from = channel.name.replace(/^udp:/, '');
    const peer = { transport, from, host: from.replace(/:\d+$/, '') };
    const there = this.#ofHost.get(peer.host) ?? 0;
    if (there >= (this.#options.maxPeersOfHost ?? MAX_PEERS_OF_HOST)) {
      this.#counted.refused++;
      channel.close().catch((error: unknown) => this.#fault(peer, error));
      return;
    }
    this.#ofHost.set(peer.host, there + 1);
    this.#attend(peer, channel);
  }

  #attend(peer: Peer, channel: ByteChannel): void {
    const { framing = 'auto', maxApdu = MAX_APDU, trace } = this.#options;
    const assembly = new PushAssembly({ maxApdu });
    const stream: PushStream = new PushStream(
      channel,
      this.#clock,
      {
        framing,
        maxApdu,
        gapMs: GAP_MS,
        datagrams: peer.transport === 'udp',
        ...(trace === undefined ? {} : { trace: (entry) => trace(peer.from, entry) }),
      },
      {
        onPushed: (pushed) => this.#pushed(peer, stream, assembly, pushed),
        onFault: (error) => this.#fault(peer, error),
        onClosed: () => this.#gone(peer.host),
      },
    );
  }

  #pushed(peer: Peer, stream: PushStream, assembly: PushAssembly, pushed: PushedApdu): void {
    if (!this.#rates.admits(peer.host)) {
      this.#counted.rateLimited++;
      this.#fault(peer, new DcuError('overflow', `${peer.host} sends more than it may`));
      return;
    }
    const { type: _, ...arrived } = pushed;
    const reply = (apdu: Uint8Array): void => stream.reply(pushed, apdu);
    try {
      const { apdu, replies } = assembly.take(senderOf(pushed), pushed.apdu);
      for (const bytes of replies) reply(bytes);
      if (apdu === undefined) return;
      this.#counted.arrivals++;
      const inBlocks = apdu !== pushed.apdu;
      const receivedAtMs = this.#clock.now();
      this.#handlers.onArrival({ ...arrived, ...peer, apdu, receivedAtMs, inBlocks, reply });
    } catch (error) {
      this.#fault(peer, error);
    }
  }

  #fault(peer: Peer, thrown: unknown): void {
    this.#counted.faults++;
    this.#handlers.onFault({ ...peer, error: toDcuError(thrown) });
  }

  #gone(host: string): void {
    const left = (this.#ofHost.get(host) ?? 1) - 1;
    if (left > 0) this.#ofHost.set(host, left);
    else this.#ofHost.delete(host);
  }
}

/** Meters behind one stream cut their APDUs into blocks each by itself. */
function senderOf({ peer }: PushedApdu): string {
  const { gateway, serverAddress, physicalAddress } = peer;
  return `${serverAddress}/${physicalAddress}/${gateway?.networkId}/${gateway?.address.toHex()}`;
}
