import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { HostRanges } from '../base/host-ranges.ts';
import type { Log } from '../base/log.ts';
import type { Meter } from '../base/model.ts';
import type { ByteChannel } from '../channels/channel.ts';
import { listenTcp, type TcpListener } from '../channels/tcp-listen.ts';
import type { HesGate } from '../headend/hes-server.ts';
import type { MeterPipes } from '../headend/transparent/meter-pipes.ts';
import { PortConnection } from '../headend/transparent/port-connection.ts';

/** Connections to the port of one meter, and to all of them. */
const MOST_OF_METER = 4;
const MOST_CONNECTIONS = 128;
/** Nobody takes all of them. */
const MOST_OF_HOST = 64;
/** What waits for a peer that does not read; an answer of a meter has 64 KiB at most. */
const MOST_UNSENT = 512 * 1024;
/** A peer that says nothing for so long is let go. */
const IDLE_MS = 300_000;
/** A port that somebody else had is tried again after so long. */
const AGAIN_MS = 60_000;
/** Files that are left to everything else when there are not enough of them. */
const FILES_TO_SPARE = 128;

export interface MeterPortSettings {
  readonly host: string;
  readonly first: number;
  readonly last: number;
  /** Who may connect; anybody if empty. */
  readonly from: HostRanges;
}

export interface MeterPortsOptions {
  readonly pipes: MeterPipes;
  /** The meter as it is now. @throws DcuError `not-found`, `conflict`, `blacklisted` */
  readonly meterOf: (id: number) => Meter;
  readonly gate: Pick<HesGate, 'requireOpen'>;
  /** Why a peer was turned away; the same words for the same cause. */
  readonly onRefused: (host: string, cause: string) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** One meter's port, as it is shown. */
export interface MeterPortView {
  readonly meterId: number;
  readonly meterNo: string;
  readonly port: number;
  readonly connections: number;
  /** Why nobody can connect; null while it is open. */
  readonly error: string | null;
}

interface Port {
  readonly meterNo: string;
  readonly port: number;
  readonly listener: TcpListener | undefined;
  readonly error: string | null;
}

const NO_FILES = { listener: undefined, error: 'the process may not open so many files' } as const;

interface Wanted {
  readonly port: number;
  readonly meterNo: string;
}

/**
 * The port of a meter: made of its id, so that it stays the same whatever becomes of the archive. Undefined where the
 * range does not reach that far.
 */
export function portOf(
  meterId: number,
  { first, last }: Pick<MeterPortSettings, 'first' | 'last'>,
): number | undefined {
  const port = first + meterId - 1;
  return port <= last ? port : undefined;
}

/** A TCP port for each meter in use, behind which it answers as if it were connected itself. */
export class MeterPorts {
  readonly #options: MeterPortsOptions;
  readonly #ports = new Map<number, Port>();
  readonly #connections = new Set<PortConnection>();
  /** Peers of all connections, and of those that are yet to be let in. */
  readonly #hosts = new Map<ByteChannel, string>();
  #settings: MeterPortSettings | undefined;
  #meters: readonly Meter[] = [];
  #cancelAgain: (() => void) | undefined;
  /** The trouble that is in the log already. */
  #told = '';

  constructor(options: MeterPortsOptions) {
    this.#options = options;
  }

  /** By meter id. */
  views(): MeterPortView[] {
    return [...this.#ports]
      .sort(([a], [b]) => a - b)
      .map(([meterId, { meterNo, port, listener, error }]) => ({
        meterId,
        meterNo,
        port,
        connections: listener?.connections ?? 0,
        error,
      }));
  }

  /**
   * To be called at start, and whenever the settings or a meter have changed. Ports that stay the same keep their connections, but
   * those of peers that may connect no longer; one that cannot be had is in the log and in `views`, and is tried again later.
   * @param settings undefined: there are no ports
   */
  async update(settings: MeterPortSettings | undefined, meters: readonly Meter[]): Promise<void> {
    const elsewhere = this.#settings?.host !== settings?.host;
    this.#settings = settings;
    this.#meters = meters;
    const wanted = this.#wanted();
    const gone = [...this.#ports].filter(([id, { port }]) => elsewhere || wanted.get(id)?.port !== port);
    await Promise.all(gone.map(([id]) => this.#shut(id)));
    const unwelcome = [...this.#connections].filter(({ host }) => !this.#isWelcome(host));
    await Promise.all(unwelcome.map((connection) => connection.close()));
    this.#openAll(wanted);
  }

  async close(): Promise<void> {
    this.#settings = undefined;
    this.#cancelAgain?.();
    await Promise.all([...this.#ports.keys()].map((id) => this.#shut(id)));
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  #wanted(): Map<number, Wanted> {
    const wanted = new Map<number, Wanted>();
    const settings = this.#settings;
    if (settings === undefined) return wanted;
    for (const { id, meterNo, enabled } of this.#meters) {
      const port = enabled ? portOf(id, settings) : undefined;
      if (port !== undefined) wanted.set(id, { port, meterNo });
    }
    return wanted;
  }

  #openAll(wanted: ReadonlyMap<number, Wanted>): void {
    this.#cancelAgain?.();
    this.#cancelAgain = undefined;
    const opened: number[] = [];
    let isFull = false;
    for (const [id, { port, meterNo }] of wanted) {
      if (this.#ports.get(id)?.listener !== undefined) continue;
      const result = isFull ? NO_FILES : this.#listen(id, port);
      this.#ports.set(id, { meterNo, port, ...result });
      if (result.listener !== undefined) opened.push(id);
      else isFull ||= !this.#mayListen();
    }
    if (isFull) this.#makeRoom(opened);
    this.#tell();
    if ([...this.#ports.values()].every(({ error }) => error === null)) return;
    this.#cancelAgain = this.#options.clock.after(AGAIN_MS, () => this.#openAll(this.#wanted()));
  }

  #listen(id: number, port: number): Pick<Port, 'listener' | 'error'> {
    const { host } = this.#settings ?? {};
    if (host === undefined) return { listener: undefined, error: null };
    try {
      const bounds = { maxConnections: MOST_OF_METER, idleTimeoutMs: IDLE_MS, maxUnsentBytes: MOST_UNSENT };
      const welcome = (channel: ByteChannel): void => void this.#welcome(id, channel);
      const listener = listenTcp({ host, port, ...bounds }, welcome, this.#options.clock);
      return { listener, error: null };
    } catch (error) {
      return { listener: undefined, error: toDcuError(error).message };
    }
  }

  /** A port that cannot be had is somebody else's, unless none can be had. */
  #mayListen(): boolean {
    const { host = '0.0.0.0' } = this.#settings ?? {};
    try {
      void listenTcp({ host, port: 0 }, () => undefined, this.#options.clock).close();
      return true;
    } catch {
      return false;
    }
  }

  /** The process may open no more files: it needs some for everything else. */
  #makeRoom(opened: readonly number[]): void {
    for (const id of opened.slice(-FILES_TO_SPARE)) {
      const port = this.#ports.get(id);
      if (port === undefined) continue;
      void port.listener?.close();
      this.#ports.set(id, { ...port, ...NO_FILES });
    }
  }

  /** Once for the same trouble: thousands of ports may have it. */
  #tell(): void {
    const failed = [...this.#ports.values()].filter(({ error }) => error !== null);
    const [first] = failed;
    const trouble = first === undefined ? '' : `${failed.length} ${first.port} ${first.error}`;
    if (trouble === this.#told) return;
    this.#told = trouble;
    const { log } = this.#options;
    const open = this.#ports.size - failed.length;
    if (first === undefined) log.info('all ports of meters are open', { open });
    else {
      const { port, error } = first;
      log.error('ports of meters cannot be had', { open, failed: failed.length, port, reason: error });
    }
  }

  async #welcome(id: number, channel: ByteChannel): Promise<void> {
    const { gate, pipes, meterOf, clock, log, onRefused } = this.#options;
    const host = hostOf(channel);
    try {
      if (!this.#isWelcome(host)) {
        throw new DcuError('forbidden', 'not an address that may use the ports of meters');
      }
      const ofHost = [...this.#hosts.values()].filter((one) => one === host).length;
      if (this.#hosts.size >= MOST_CONNECTIONS || ofHost >= MOST_OF_HOST)
        throw new DcuError('overflow', 'too many connections');
      this.#hosts.set(channel, host);
      await gate.requireOpen(host);
      // The port may have been closed in between, and the peer shut out.
      if (this.#ports.get(id)?.listener === undefined || !this.#isWelcome(host))
        throw new DcuError('cancelled', 'the port is closed');
      const connection = new PortConnection(channel, host, {
        pipes,
        meter: () => meterOf(id),
        clock,
        log,
        onEnd: () => {
          this.#connections.delete(connection);
          this.#hosts.delete(channel);
        },
      });
      this.#connections.add(connection);
    } catch (thrown) {
      this.#hosts.delete(channel);
      onRefused(host, toDcuError(thrown).message);
      await channel.close();
    }
  }

  #isWelcome(host: string): boolean {
    const { from } = this.#settings ?? {};
    return from !== undefined && (from.isEmpty || from.has(host));
  }

  async #shut(id: number): Promise<void> {
    const port = this.#ports.get(id);
    this.#ports.delete(id);
    await port?.listener?.close();
  }
}

const hostOf = ({ name }: ByteChannel): string => name.replace(/:\d+$/, '');
