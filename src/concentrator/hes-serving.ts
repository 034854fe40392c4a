import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Meter } from '../base/model.ts';
import type { Random } from '../base/random.ts';
import { HesCounters } from '../headend/hes-counters.ts';
import { type HesIncident, HesServer } from '../headend/hes-server.ts';
import type { LockoutPort } from '../headend/management/ports.ts';
import type { HeadendSources, Management, MeterReadings } from '../headend/ports.ts';
import { ServingShare, sharedReadings } from '../headend/serving-share.ts';
import type { ProfileBook } from '../meters/profiles/index.ts';
import type { Store } from '../store/types.ts';
import type { Collector } from '../tasks/collector.ts';
import { hesGate, readHesAccess, saveHesChange } from './headend-access.ts';
import { HesIncidents } from './headend-incidents.ts';
import { askSession } from './headend-session.ts';
import { Transparent } from './transparent.ts';

export interface HesServingOptions {
  readonly store: Pick<Store, 'configuration' | 'collection' | 'readings' | 'balances' | 'accounts'>;
  readonly collector: Pick<Collector, 'withSession' | 'visit' | 'bus'>;
  readonly profiles: ProfileBook;
  readonly management: Management;
  readonly lockouts: LockoutPort;
  /** Eight bytes; not the one that is used towards meters. */
  readonly systemTitle: Uint8Array;
  readonly zone: () => string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Into the concentrator's logbook. */
  readonly record: (type: HesIncident, detail: string) => void;
  /** Which parameters somebody has changed, and who; told once it is on disk. */
  readonly recordChange: (keys: readonly string[], actor: string) => void;
}

/** One channel's server; connections are handed to it, whoever dialled them. */
export interface ServedChannel {
  readonly server: HesServer;
  /** Of the keys of all channels, in both directions. */
  readonly counters: HesCounters;
  close(): Promise<void>;
}

/** What all channels towards head-ends serve: the concentrator and its meters, each under its own access. */
export class HesServing {
  readonly #options: HesServingOptions;
  readonly #incidents: HesIncidents;
  /** Bounded together for all channels while meters are read. */
  readonly #readings: MeterReadings;
  readonly #counters: HesCounters;
  /** The ways on which head-ends talk to meters themselves. */
  readonly transparent: Transparent;
  #meters: ReadonlyMap<number, Meter> = new Map();

  constructor(options: HesServingOptions) {
    this.#options = options;
    this.#incidents = new HesIncidents(options);
    this.#readings = readingsOf(options);
    this.transparent = new Transparent({ ...options, incidents: this.#incidents });
    const { store, clock, log } = options;
    this.#counters = new HesCounters({ counters: store.collection.counters, clock, log });
  }

  /** That the concentrator has towards head-ends, eight bytes. */
  get systemTitle(): Uint8Array {
    return this.#options.systemTitle;
  }

  /** To be called at start, and whenever a meter has changed. */
  async loadMeters(): Promise<void> {
    const meters = await this.#options.store.collection.meters();
    this.#meters = new Map(meters.filter(({ enabled }) => enabled).map((meter) => [meter.id, meter]));
  }

  /** @param shown which meters the channel shows; all if not given */
  open(channel: string, shown: (meter: Meter) => boolean = () => true): ServedChannel {
    const { store, systemTitle, clock, random, log, recordChange } = this.#options;
    const counters = this.#counters;
    const server = new HesServer({
      channel,
      sources: this.#sources(shown),
      access: () => readHesAccess(store.configuration, channel),
      save: async (client, change, host) => {
        const keys = await saveHesChange(store.configuration, channel, client, change);
        if (keys.length === 0) return;
        recordChange(
          keys.map((key) => `${channel} ${key}`),
          `the head-end on ${channel}, ${host}, client ${client.client}`,
        );
      },
      counters,
      systemTitle,
      gate: hesGate(store, channel, clock),
      clock,
      random,
      log,
      onIncident: (type, host, detail) => this.#incidents.tell(channel, type, host, detail),
      gateway: (connection) => this.transparent.gatewayOn(channel, connection, shown),
    });
    return {
      server,
      counters,
      close: async () => {
        await server.close();
        await counters.flush();
      },
    };
  }

  #sources(shown: (meter: Meter) => boolean): HeadendSources {
    const { store, profiles, management, lockouts, zone, clock, collector } = this.#options;
    return {
      readings: this.#readings,
      balances: store.balances,
      management,
      lockouts,
      meters: () => new Map([...this.#meters].filter(([, meter]) => shown(meter))),
      meter: (id) => {
        const meter = this.#meters.get(id);
        return meter !== undefined && shown(meter) ? meter : undefined;
      },
      profileOf: ({ profile }) => profiles.get(profile),
      ask: (meter, request, signal) =>
        collector.withSession(meter.id, 'head-end', signal, (session) => askSession(session, request)),
      zone,
      now: () => clock.now(),
    };
  }
}

/** So few meters at a time are on lines so slow that they leave the processor to others. */
const FEW_AT_ONCE = 4;

function readingsOf({ store, collector, clock }: HesServingOptions): MeterReadings {
  const running = new Set<string>();
  collector.bus.on('job-started', ({ jobId }) => running.add(jobId));
  collector.bus.on('job-finished', ({ jobId }) => running.delete(jobId));
  return sharedReadings(
    store.readings,
    new ServingShare({ clock, isReading: () => running.size > FEW_AT_ONCE }),
  );
}
