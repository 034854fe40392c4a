import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Meter } from '../base/model.ts';
import type { Random } from '../base/random.ts';
import { listenTcp, type TcpListener } from '../channels/tcp-listen.ts';
import { HesCounters } from '../headend/hes-counters.ts';
import { type HesIncident, HesServer } from '../headend/hes-server.ts';
import type { HeadendSources } from '../headend/ports.ts';
import type { ProfileBook } from '../meters/profiles/index.ts';
import type { Store } from '../store/types.ts';
import type { Collector } from '../tasks/collector.ts';
import type { Core } from './core.ts';
import { attributesOf, hesGate, readHesAccess } from './headend-access.ts';
import { askSession } from './headend-session.ts';

const TCP_SERVER = 9;
const MOST_CONNECTIONS = 32;
const IDLE_MS = 600_000;
const TOLD_AGAIN_MS = 60_000;
const MOST_TOLD = 1024;

export interface HeadendOptions {
  readonly store: Pick<Store, 'configuration' | 'collection' | 'readings' | 'logbook' | 'accounts'>;
  readonly collector: Pick<Collector, 'withSession'>;
  readonly profiles: ProfileBook;
  readonly identity: { readonly serialNumber: string; readonly firmwareVersion: string };
  /** Eight bytes; not the one that is used towards meters. */
  readonly systemTitle: Uint8Array;
  readonly zone: () => string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Into the concentrator's logbook. */
  readonly record: (type: HesIncident, detail: string) => void;
}

interface Listening {
  readonly host: string;
  readonly port: number;
}

interface Open {
  readonly where: Listening;
  readonly listener: TcpListener;
  readonly server: HesServer;
  readonly counters: HesCounters;
}

/** The channels on which head-ends dial in, as configured: each enabled one that has a port listens there. */
export class HeadendServers {
  readonly #options: HeadendOptions;
  readonly #open = new Map<string, Open>();
  readonly #told = new Map<string, number>();
  #meters: ReadonlyMap<number, Meter> = new Map();
  #changing: Promise<void> = Promise.resolve();

  constructor(options: HeadendOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#loadMeters();
    await this.reload();
  }

  /** To be called whenever a channel or one of its attributes has changed. A port that cannot be had is in the log. */
  reload(): Promise<void> {
    return this.#next(() => this.#reload());
  }

  /** To be called whenever a meter has changed. */
  metersChanged(): void {
    void this.#next(() => this.#loadMeters());
  }

  /** Resolves when all that has changed so far is taken in. */
  settled(): Promise<void> {
    return this.#changing;
  }

  /** Port of an open channel; undefined while it is closed. */
  port(channel: string): number | undefined {
    return this.#open.get(channel)?.listener.port;
  }

  /** Of an open channel; 0 while it is closed. */
  connections(channel: string): number {
    return this.#open.get(channel)?.server.connections ?? 0;
  }

  async close(): Promise<void> {
    await this.#changing;
    await Promise.all([...this.#open.keys()].map((name) => this.#shut(name)));
  }

  #next(work: () => Promise<void>): Promise<void> {
    const { log } = this.#options;
    this.#changing = this.#changing.then(work).catch((error: unknown) => {
      log.error('the servers for the head-end could not be set up', { ...toDcuError(error).toJSON() });
    });
    return this.#changing;
  }

  async #loadMeters(): Promise<void> {
    const meters = await this.#options.store.collection.meters();
    this.#meters = new Map(meters.filter(({ enabled }) => enabled).map((meter) => [meter.id, meter]));
  }

  async #reload(): Promise<void> {
    const wanted = await this.#wanted();
    for (const [name, { where }] of this.#open) {
      if (!Bun.deepEquals(wanted.get(name), where, true)) await this.#shut(name);
    }
    for (const [name, where] of wanted) {
      if (!this.#open.has(name)) this.#listen(name, where);
    }
  }

  async #wanted(): Promise<Map<string, Listening>> {
    const channels = await this.#options.store.configuration.channels();
    const wanted = new Map<string, Listening>();
    for (const { name } of channels.filter(({ commType, enabled }) => commType === TCP_SERVER && enabled)) {
      const attributes = await attributesOf(this.#options.store.configuration, name);
      const port = attributes.get('port') ?? '';
      if (port !== '') wanted.set(name, { host: attributes.get('host') ?? '0.0.0.0', port: Number(port) });
    }
    return wanted;
  }

  #listen(name: string, where: Listening): void {
    const { store, systemTitle, clock, random, log } = this.#options;
    const { counters: rows } = store.collection;
    const counters = new HesCounters({ counters: rows, keyId: `hes:${name}`, clock, log });
    const server = new HesServer({
      sources: this.#sources(),
      access: () => readHesAccess(store.configuration, name),
      counters,
      systemTitle,
      gate: hesGate(store, name, clock),
      clock,
      random,
      log,
      onIncident: (type, host, detail) => this.#incident(name, type, host, detail),
    });
    try {
      const listener = listenTcp(
        { ...where, maxConnections: MOST_CONNECTIONS, idleTimeoutMs: IDLE_MS },
        (channel) => server.accept(channel),
        clock,
      );
      this.#open.set(name, { where, listener, server, counters });
      log.info('listening for the head-end', { channel: name, host: where.host, port: listener.port });
    } catch (error) {
      log.error('a channel cannot listen', { channel: name, ...toDcuError(error).toJSON() });
    }
  }

  async #shut(name: string): Promise<void> {
    const open = this.#open.get(name);
    this.#open.delete(name);
    await open?.listener.close();
    await open?.server.close();
    await open?.counters.close();
  }

  #sources(): HeadendSources {
    const { store, profiles, identity, zone, clock } = this.#options;
    return {
      readings: store.readings,
      management: {
        ...identity,
        logbook: async (limit) => (await store.logbook.list({ limit, offset: 0 })).rows,
      },
      meters: () => this.#meters,
      profileOf: ({ profile }) => profiles.get(profile),
      ask: (meter, request, signal) =>
        this.#options.collector.withSession(meter.id, 'head-end', signal, (session) =>
          askSession(session, request),
        ),
      zone,
      now: () => clock.now(),
    };
  }

  /** Once a minute for each peer and cause. */
  #incident(channel: string, type: HesIncident, host: string, detail: string): void {
    const { clock, log, record } = this.#options;
    const cause = `${channel} ${type} ${host} ${detail}`;
    const nowMs = clock.monotonicMs();
    const last = this.#told.get(cause);
    if (last !== undefined && nowMs - last < TOLD_AGAIN_MS) return;
    this.#told.delete(cause);
    const [oldest] = this.#told.keys();
    if (this.#told.size >= MOST_TOLD && oldest !== undefined) this.#told.delete(oldest);
    this.#told.set(cause, nowMs);
    log.warn('head-end refused', { channel, host, reason: detail });
    record(type, `${channel}, ${host}: ${detail}`);
  }
}

/** Marks the title of the servers; serial numbers leave this bit free, and the receiver of pushes has another one. */
const SERVER_MARK = 0x40;

/** Opens the channels on which head-ends dial in; follows changes of meters and channels. */
export async function startHeadend(
  { clock, random, log }: Pick<HeadendOptions, 'clock' | 'random' | 'log'>,
  core: Core,
): Promise<HeadendServers> {
  const own = log.child('headend');
  const { store, collector, profiles, identity, zone, logbook, systemTitle } = core;
  const servers = new HeadendServers({
    store,
    collector,
    profiles,
    identity,
    systemTitle: systemTitle.map((byte, i) => (i === 3 ? byte | SERVER_MARK : byte)),
    zone,
    clock,
    random,
    log: own,
    record: (type, detail) => {
      logbook
        .record(type, detail)
        .catch((error: unknown) => own.error('the logbook could not be written', { error: String(error) }));
    },
  });
  await servers.start();
  core.onMetersChanged(() => servers.metersChanged());
  core.onChannelsChanged(() => servers.reload());
  return servers;
}
