import type { Clock } from '../base/clock.ts';
import { type DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { AuthMechanism } from '../base/model.ts';
import type { Random } from '../base/random.ts';
import type { ByteChannel } from '../channels/channel.ts';
import type { ServerEvent } from '../dlms/server.ts';
import { ConnectionSecurity } from './connection-security.ts';
import { clientAt, type HesAccess, type HesChange, type HesClient, PUBLIC_CLIENT } from './hes-access.ts';
import { HesConnection, hostOf } from './hes-connection.ts';
import type { HesCounters } from './hes-counters.ts';
import type { HeadendSources } from './ports.ts';
import type { GatewayChannel } from './transparent/gateway.ts';

/**
 * Whom to let in: failures count for each peer and the client that it wanted to be, so that nobody wipes out the guesses at
 * one by being another; they block the peer in the end.
 */
export interface HesGate {
  /** @throws DcuError `locked-out` */
  requireOpen(host: string): Promise<void>;
  /** Resolves to whether the peer is blocked by now. */
  failed(host: string, client: HesClient['name']): Promise<boolean>;
  passed(host: string, client: HesClient['name']): Promise<void>;
}

export type HesIncident = 'hes-refused' | 'hes-locked-out';

export interface HesServerOptions {
  /** Name of the channel that it serves. */
  readonly channel: string;
  readonly sources: HeadendSources;
  /** Asked for each connection, so that changed keys hold from the next one on. */
  readonly access: () => Promise<HesAccess>;
  /** Writes down what a client changes of its access, whole or not at all; resolves when it is on disk. */
  readonly save: (client: HesClient, change: HesChange, host: string) => Promise<void>;
  readonly counters: HesCounters;
  readonly systemTitle: Uint8Array;
  readonly gate: HesGate;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** For the logbook; told of everything, by peer. */
  readonly onIncident: (type: HesIncident, host: string, detail: string) => void;
  /** The transparent way to meters on a connection; there is none if not given. */
  readonly gateway?: (channel: ByteChannel) => Promise<GatewayChannel>;
  /** Connections of one peer at a time; 16 if not given. */
  readonly maxOfHost?: number;
}

/** For who has dialled a connection himself. */
export interface ConnectionUser {
  /** It is served from now on. */
  ready(connection: Pick<HesConnection, 'associations' | 'notify'>): void;
  told(event: ServerEvent): void;
}

/** A connection as it is shown. */
export interface ConnectionView {
  readonly peer: string;
  /** UTC ms. */
  readonly since: number;
  readonly associations: readonly AssociationView[];
}

/** An association that stands. */
export interface AssociationView {
  readonly client: number;
  /** Address of the logical device. */
  readonly sap: number;
  /** How the client has proved who it is; `none` for the public client. */
  readonly auth: AuthMechanism;
  /** It asks meters themselves instead of the store. */
  readonly live: boolean;
}

interface Accepted {
  readonly since: number;
  /** Whom it may let in. */
  access?: HesAccess;
  connection?: HesConnection;
}

const MAX_OF_HOST = 16;
const MAX_OF_ALL = 64;
const LOCKED = 'too many failed tries';

/** Serves head-ends that have connected: each connection by itself, so that one that stalls keeps no other waiting. */
export class HesServer {
  readonly #options: HesServerOptions;
  readonly #connections = new Map<ByteChannel, Accepted>();
  /** What is counted against a peer is counted in order, and before its next connection is let in. */
  readonly #counting = new Map<string, Promise<void>>();
  #closed = false;

  constructor(options: HesServerOptions) {
    this.#options = options;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** The oldest first. */
  views(): readonly ConnectionView[] {
    return [...this.#connections].map(([{ name }, { since, connection, access = [] }]) => ({
      peer: name,
      since,
      associations: (connection?.associations ?? []).map(({ clientAddress: client, serverAddress: sap }) => {
        const known = clientAt(access, client);
        return { client, sap, auth: known?.auth ?? 'none', live: known?.liveClient === client };
      }),
    }));
  }

  /**
   * Takes a connection over; one too many of its peer is closed at once. Where there are too many of all peers together,
   * the one gives way that has been there longest without an association.
   */
  accept(channel: ByteChannel, user?: ConnectionUser): void {
    const host = hostOf(channel);
    const { maxOfHost = MAX_OF_HOST } = this.#options;
    const ofHost = [...this.#connections.keys()].filter((one) => hostOf(one) === host).length;
    if (this.#closed || ofHost >= maxOfHost) {
      this.#shut(channel);
      if (!this.#closed) this.#options.onIncident('hes-refused', host, 'too many connections');
      return;
    }
    if (this.#connections.size >= MAX_OF_ALL) this.#makeRoom();
    this.#connections.set(channel, { since: this.#options.clock.now() });
    this.#welcome(channel, host, user).catch((thrown: unknown) => {
      const error = toDcuError(thrown);
      this.#connections.delete(channel);
      this.#shut(channel);
      this.#refused(host, error);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const open = [...this.#connections];
    this.#connections.clear();
    await Promise.all(open.map(([channel, { connection }]) => (connection ?? channel).close()));
    await Promise.all(this.#counting.values());
  }

  async #welcome(channel: ByteChannel, host: string, user: ConnectionUser | undefined): Promise<void> {
    const { gate, access, counters, save, systemTitle, gateway: gatewayOn } = this.#options;
    await this.#counting.get(host);
    await gate.requireOpen(host);
    const granted = await access();
    await counters.load(granted);
    const gateway = await gatewayOn?.(channel);
    // The server may have been closed in between.
    const accepted = this.#connections.get(channel);
    if (accepted === undefined) return;
    const security = new ConnectionSecurity({
      access: granted,
      counters,
      systemTitle,
      save: (client, change) => save(client, change, host),
      onChanged: (client) => this.#endOthers(channel, client),
    });
    const connection = new HesConnection(gateway ?? channel, {
      ...this.#options,
      security,
      onEnd: () => this.#connections.delete(channel),
      onAssociated: ({ name }) => {
        this.#count(host, () => gate.passed(host, name));
      },
      onFailed: (code, { name }) => this.#failed(host, name, code),
      onRefused: (cause) => this.#options.onIncident('hes-refused', host, cause),
      ...(user === undefined ? {} : { onEvent: (event) => user.told(event) }),
    });
    gateway?.asks(() => connection.associations.some((peer) => security.clientOf(peer)?.name === 'hes'));
    accepted.access = granted;
    accepted.connection = connection;
    user?.ready(connection);
  }

  #makeRoom(): void {
    // The public client has proved nothing: it keeps nobody out.
    const idle = [...this.#connections].find(([, { connection }]) =>
      (connection?.associations ?? []).every(({ clientAddress }) => clientAddress === PUBLIC_CLIENT),
    );
    if (idle === undefined) return;
    const [channel, { connection }] = idle;
    this.#connections.delete(channel);
    this.#shut(connection ?? channel);
    this.#options.onIncident('hes-refused', hostOf(channel), 'too many connections without an association');
  }

  /** What a client had opened under its old keys ends; also what may yet be let in by them. */
  #endOthers(standing: ByteChannel, { client, liveClient }: HesClient): void {
    for (const [channel, { connection }] of this.#connections) {
      const clients = (connection?.associations ?? []).map(({ clientAddress }) => clientAddress);
      const isApart = clients.length > 0 && !clients.some((one) => one === client || one === liveClient);
      if (channel === standing || isApart) continue;
      this.#connections.delete(channel);
      this.#shut(connection ?? channel);
    }
  }

  #failed(host: string, name: HesClient['name'], code: string): void {
    const { gate, onIncident } = this.#options;
    onIncident('hes-refused', host, code);
    this.#count(host, async () => {
      if (!(await gate.failed(host, name))) return;
      onIncident('hes-locked-out', host, LOCKED);
      for (const [channel, { connection }] of this.#connections) {
        if (hostOf(channel) === host) await connection?.close();
      }
    });
  }

  #count(host: string, work: () => Promise<void>): void {
    const { log } = this.#options;
    const counted = (this.#counting.get(host) ?? Promise.resolve()).then(work).catch((error: unknown) => {
      log.error('a try of the head-end could not be counted', { ...toDcuError(error).toJSON() });
    });
    this.#counting.set(host, counted);
    void counted.then(() => {
      if (this.#counting.get(host) === counted) this.#counting.delete(host);
    });
  }

  #refused(host: string, error: DcuError): void {
    const { log, onIncident } = this.#options;
    if (error.code === 'locked-out') onIncident('hes-locked-out', host, LOCKED);
    else log.error('a connection of the head-end could not be served', { host, ...error.toJSON() });
  }

  #shut(channel: { close(): Promise<void> }): void {
    channel.close().catch((error: unknown) => {
      this.#options.log.debug('a connection was not closed in order', { ...toDcuError(error).toJSON() });
    });
  }
}
