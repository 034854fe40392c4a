import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Channel, Meter } from '../base/model.ts';
import type { Random } from '../base/random.ts';
import { listenTcp, type TcpListener } from '../channels/tcp-listen.ts';
import type { ConnectionView } from '../headend/hes-server.ts';
import type { LockoutPort } from '../headend/management/ports.ts';
import type { PushSetupsPort } from '../headend/push/setup-port.ts';
import type { Configuration } from '../store/types.ts';
import type { ClockParts } from './clock.ts';
import type { Core } from './core.ts';
import { openFirmware } from './firmware.ts';
import { attributesOf } from './headend-access.ts';
import { HesServing, type ServedChannel } from './hes-serving.ts';
import { managementOf } from './management.ts';
import type { MeterPortView } from './meter-ports.ts';

/** CommTypes of the channels on which somebody dials in: head-ends, the local software, who reads balance meters. */
const LISTENING: ReadonlySet<number> = new Set([9, 10, 11]);
const BALANCE_METERS = 11;
const isBalanceMeter = ({ balance }: Meter): boolean => balance === true;
const KINDS: Readonly<Partial<Record<Channel['commType'], ListeningView['kind']>>> = {
  9: 'server',
  10: 'local',
  11: 'balance',
};
const MOST_CONNECTIONS = 128;
const IDLE_MS = 600_000;

export interface HeadendOptions {
  readonly configuration: Pick<Configuration, 'channels' | 'channelAttributes' | 'setting'>;
  readonly serving: HesServing;
  readonly clock: Clock;
  readonly log: Log;
}

interface Listening {
  readonly host: string;
  readonly port: number;
  readonly commType: number;
}

interface Open {
  readonly where: Listening;
  readonly listener: TcpListener;
  readonly served: ServedChannel;
}

/** A channel on which somebody dials in, as it is shown. */
export interface ListeningView {
  readonly channel: string;
  readonly kind: 'server' | 'local' | 'balance';
  readonly enabled: boolean;
  /** Undefined while it does not listen. */
  readonly listening: { readonly host: string; readonly port: number } | undefined;
  /** Why it does not, although it is to. */
  readonly problem: string | undefined;
  readonly connections: readonly ConnectionView[];
  /** Ports of single meters; none where it has no range for them. */
  readonly meterPorts: readonly MeterPortView[];
}

/** The channels on which head-ends dial in, as configured: each enabled one that has a port listens there. */
export class HeadendServers {
  readonly #options: HeadendOptions;
  readonly #open = new Map<string, Open>();
  readonly #problems = new Map<string, string>();
  #channels: readonly Channel[] = [];
  #changing: Promise<void> = Promise.resolve();

  constructor(options: HeadendOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#options.serving.loadMeters();
    await this.reload();
  }

  /** To be called whenever a channel or one of its attributes has changed. A port that cannot be had is in the log. */
  reload(): Promise<void> {
    return this.#next(() => this.#reload());
  }

  /** To be called whenever a meter has changed. */
  metersChanged(): void {
    void this.#next(async () => {
      await this.#options.serving.loadMeters();
      await this.#options.serving.transparent.reload();
    });
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
    return this.#open.get(channel)?.served.server.connections ?? 0;
  }

  /** What the channels serve, for those who dial by themselves. */
  get serving(): HesServing {
    return this.#options.serving;
  }

  views(): readonly ListeningView[] {
    return this.#channels.map(({ name: channel, commType, enabled }) => {
      const open = this.#open.get(channel);
      return {
        channel,
        kind: KINDS[commType] ?? 'server',
        enabled,
        listening: open && { host: open.where.host, port: open.listener.port },
        problem: this.#problems.get(channel),
        connections: open?.served.server.views() ?? [],
        meterPorts: this.meterPorts(channel),
      };
    });
  }

  async close(): Promise<void> {
    await this.#changing;
    await Promise.all([...this.#open.keys()].map((name) => this.#shut(name)));
    await this.#options.serving.transparent.close();
  }

  /** Ports of single meters on a channel, by meter id; none where it has no range for them. */
  meterPorts(channel: string): readonly MeterPortView[] {
    return this.#options.serving.transparent.views(channel);
  }

  #next(work: () => Promise<void>): Promise<void> {
    const { log } = this.#options;
    this.#changing = this.#changing.then(work).catch((error: unknown) => {
      log.error('the servers for the head-end could not be set up', { ...toDcuError(error).toJSON() });
    });
    return this.#changing;
  }

  async #reload(): Promise<void> {
    const wanted = await this.#wanted();
    this.#problems.clear();
    for (const [name, { where }] of this.#open) {
      if (!Bun.deepEquals(wanted.get(name), where, true)) await this.#shut(name);
    }
    for (const [name, where] of wanted) {
      if (!this.#open.has(name)) this.#listen(name, where);
    }
    await this.#options.serving.transparent.reload();
  }

  async #wanted(): Promise<Map<string, Listening>> {
    const { configuration } = this.#options;
    const channels = (await configuration.channels()).filter(({ commType }) => LISTENING.has(commType));
    this.#channels = channels;
    const wanted = new Map<string, Listening>();
    for (const { name, commType } of channels.filter(({ enabled }) => enabled)) {
      const attributes = await attributesOf(configuration, name);
      const port = attributes.get('port') ?? '';
      if (port === '') continue;
      wanted.set(name, { host: attributes.get('host') ?? '0.0.0.0', port: Number(port), commType });
    }
    return wanted;
  }

  #listen(name: string, where: Listening): void {
    const { serving, clock, log } = this.#options;
    const { host, port, commType } = where;
    const served = serving.open(name, commType === BALANCE_METERS ? isBalanceMeter : undefined);
    try {
      const listener = listenTcp(
        { host, port, maxConnections: MOST_CONNECTIONS, idleTimeoutMs: IDLE_MS },
        (channel) => served.server.accept(channel),
        clock,
      );
      this.#open.set(name, { where, listener, served });
      log.info('listening for the head-end', { channel: name, host, port: listener.port });
    } catch (thrown) {
      const error = toDcuError(thrown);
      this.#problems.set(name, error.message);
      log.error('a channel cannot listen', { channel: name, ...error.toJSON() });
    }
  }

  async #shut(name: string): Promise<void> {
    const open = this.#open.get(name);
    this.#open.delete(name);
    await open?.listener.close();
    await open?.served.close();
  }
}

/** Marks the title of the servers; serial numbers leave this bit free, and the receiver of pushes has another one. */
const SERVER_MARK = 0x40;

/** What head-ends see and change of other parts. */
export interface HeadendParts {
  readonly clockParts: ClockParts;
  readonly lockouts: LockoutPort;
  readonly pushSetups: PushSetupsPort;
}

/** Opens the channels on which head-ends dial in; follows changes of meters and channels. */
export async function startHeadend(
  {
    directory,
    clock,
    random,
    log,
  }: { readonly directory: string; readonly clock: Clock; readonly random: Random; readonly log: Log },
  core: Core,
  { clockParts, lockouts, pushSetups }: HeadendParts,
): Promise<HeadendServers> {
  const own = log.child('headend');
  const { store, collector, profiles, zone, logbook, systemTitle } = core;
  let ports: (channel: string) => number | undefined = () => undefined;
  const serving = new HesServing({
    store,
    collector,
    profiles,
    management: managementOf(core, {
      clock,
      clockParts,
      pushSetups,
      imageTransfer: openFirmware({ directory, clock, log: own }, logbook).imageTransfer,
      port: (channel) => ports(channel),
      mostConnections: MOST_CONNECTIONS,
      idleTimeoutMs: IDLE_MS,
    }),
    lockouts,
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
    recordChange: (keys, actor) => {
      const time = clock.now();
      const written = keys.map((key) =>
        store.audit.record({
          time,
          actor,
          action: 'channel-attribute.update',
          subject: key,
          detail: 'replaced',
        }),
      );
      Promise.all([logbook.recordParameters(keys, actor), ...written]).catch((error: unknown) =>
        own.error('a change by the head-end could not be recorded', { error: String(error) }),
      );
    },
  });
  const servers = new HeadendServers({ configuration: store.configuration, serving, clock, log: own });
  ports = (channel) => servers.port(channel);
  await servers.start();
  core.onMetersChanged(() => servers.metersChanged());
  core.onChannelsChanged(() => servers.reload());
  return servers;
}
