import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { BrokerTls } from '../channels/broker-stream.ts';
import { type ConnectBroker, connectBroker } from '../headend/mqtt/broker.ts';
import { type CommandWork, MQTT_COMMANDS } from '../headend/mqtt/commands.ts';
import { MqttUplink, type MqttUplinkOptions } from '../headend/mqtt/uplink.ts';
import type { UplinkState } from '../headend/uplink.ts';
import type { Store } from '../store/types.ts';
import type { Collector } from '../tasks/collector.ts';
import { isInWindow, parseWindow } from '../tasks/window.ts';

export interface UplinksOptions {
  readonly directory: string;
  readonly store: Pick<Store, 'outbox' | 'configuration' | 'collection' | 'audit'>;
  readonly collector: Pick<Collector, 'readNow' | 'relay' | 'withSession' | 'bus'>;
  readonly serialNumber: string;
  readonly version: string;
  readonly zone: () => string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly connect?: ConnectBroker;
}

const MQTT = 15;
/** How often the outbox is held against its bounds. */
const PRUNE_EVERY_MS = 60_000;
const DAY_MS = 86_400_000;

interface Running {
  readonly settings: unknown;
  readonly uplink: MqttUplink;
}

/** A way to a head-end as the API shows it. */
export interface UplinkView {
  readonly destination: string;
  readonly enabled: boolean;
  /** Undefined while it is off, or its settings are not sound. */
  readonly link: UplinkState | undefined;
  /** Why it is not running although it is enabled. */
  readonly problem: string | undefined;
}

/** The channels that bring what there is to brokers: opened, changed and closed as the configuration says. */
export class Uplinks {
  readonly #options: UplinksOptions;
  readonly #running = new Map<string, Running>();
  readonly #problems = new Map<string, string>();
  #enabled = new Map<string, boolean>();
  #changing: Promise<void> = Promise.resolve();
  #cancelPrune: () => void = () => {};
  #unlisten: () => void = () => {};
  #closed = false;

  constructor(options: UplinksOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.reload();
    this.#unlisten = this.#options.collector.bus.on('meter-data', () => {
      for (const { uplink } of this.#running.values()) uplink.wake();
    });
    this.#prune();
  }

  /** To be called whenever a channel, an attribute or the password has changed. One that cannot run is in the log. */
  reload(): Promise<void> {
    this.#changing = this.#changing.then(() => this.#reload()).catch((error: unknown) => this.#tell(error));
    return this.#changing;
  }

  metersChanged(): void {
    for (const { uplink } of this.#running.values()) uplink.metersChanged();
  }

  views(): readonly UplinkView[] {
    return [...this.#enabled].map(([destination, enabled]) => ({
      destination,
      enabled,
      link: this.#running.get(destination)?.uplink.state(),
      problem: this.#problems.get(destination),
    }));
  }

  /** Gives up all that a destination is owed; one that is switched off is owed nothing from then on. */
  async clear(destination: string): Promise<number> {
    const { outbox } = this.#options.store;
    return this.#enabled.get(destination) === true ? outbox.clear(destination) : outbox.close(destination);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unlisten();
    this.#cancelPrune();
    await this.#changing;
    await Promise.all([...this.#running.values()].map(({ uplink }) => uplink.stop()));
    this.#running.clear();
  }

  async #reload(): Promise<void> {
    if (this.#closed) return;
    const { configuration, outbox } = this.#options.store;
    const all = await configuration.channels();
    const channels = all.filter(({ commType }) => commType === MQTT);
    this.#enabled = new Map(channels.map(({ name, enabled }) => [name, enabled]));
    this.#problems.clear();
    for (const { name, enabled } of channels) {
      const settings = enabled ? await this.#settings(name) : undefined;
      const running = this.#running.get(name);
      if (running !== undefined && !Bun.deepEquals(running.settings, settings, true)) {
        this.#running.delete(name);
        await running.uplink.stop();
      }
      if (settings === undefined || this.#running.has(name)) continue;
      await outbox.open(name);
      try {
        const uplink = this.#uplink(name, settings);
        this.#running.set(name, { settings, uplink });
        uplink.start();
      } catch (error) {
        const { code, message } = toDcuError(error);
        this.#problems.set(name, message);
        this.#options.log.error('an uplink cannot run', { channel: name, code, message });
      }
    }
  }

  async #settings(channel: string): Promise<Readonly<Record<string, string>>> {
    const { configuration } = this.#options.store;
    const attributes = await configuration.channelAttributes(channel);
    return {
      ...Object.fromEntries(attributes.map(({ key, value }) => [key, value])),
      password: (await configuration.setting('mqtt.password')) ?? '',
    };
  }

  #uplink(name: string, settings: Readonly<Record<string, string>>): MqttUplink {
    const { store, clock, random, log, directory, connect = connectBroker } = this.#options;
    const options = uplinkOptions(settings, { ...this.#options, tlsDirectory: join(directory, 'tls') });
    return new MqttUplink(options, {
      outbox: store.outbox,
      destination: name,
      meters: () => store.collection.meters(),
      work: this.#work(name),
      connect,
      clock,
      random,
      log: log.child(name),
    });
  }

  #work(channel: string): CommandWork {
    const { collector, store, clock } = this.#options;
    return {
      read: async (meterId, signal) => {
        const { time, meterTime, relay, registers } = await collector.readNow(meterId, signal);
        return {
          time: new Date(time).toISOString(),
          meterTime: meterTime === null ? null : new Date(meterTime).toISOString(),
          relay,
          registers: registers.map(({ meterId: _, time: at, ...reading }) => ({
            ...reading,
            time: new Date(at).toISOString(),
          })),
        };
      },
      relay: async (meterId, to, signal) => ({ relay: (await collector.relay(meterId, to, signal)).relay }),
      clock: (meterId, signal) =>
        collector.withSession(meterId, 'set clock', signal, async (session) => {
          const before = await session.readClock();
          await session.setClock(before.roundTripMs);
          return { driftMs: Math.round(before.driftMs) };
        }),
      audit: (command, meter, detail) =>
        store.audit.record({
          time: clock.now(),
          actor: channel,
          action: `mqtt.${command}`,
          subject: `meter ${meter.meterNo}`,
          detail,
        }),
    };
  }

  #prune(): void {
    const { store, clock } = this.#options;
    const bound = async (key: string, otherwise: number): Promise<number> =>
      Number((await store.configuration.setting(key)) ?? otherwise);
    const run = async (): Promise<void> => {
      const maxAgeMs = (await bound('outbox.max.days', 30)) * DAY_MS;
      await store.outbox.prune({ maxAgeMs, maxBytes: (await bound('outbox.max.mb', 64)) * 1e6 });
    };
    this.#cancelPrune = clock.after(PRUNE_EVERY_MS, () => {
      run()
        .catch((error: unknown) => this.#tell(error))
        .finally(() => {
          if (!this.#closed) this.#prune();
        });
    });
  }

  #tell(error: unknown): void {
    this.#options.log.error('the outbox could not be kept', { ...toDcuError(error).toJSON() });
  }
}

/** @throws DcuError `invalid-field` for what is missing or cannot be read */
function uplinkOptions(
  settings: Readonly<Record<string, string>>,
  {
    serialNumber,
    version,
    zone,
    tlsDirectory,
  }: Pick<UplinksOptions, 'serialNumber' | 'version' | 'zone'> & { readonly tlsDirectory: string },
): MqttUplinkOptions {
  const text = (key: string): string => settings[key] ?? '';
  const number = (key: string, otherwise: number): number => Number(settings[key] ?? otherwise);
  const url = URL.parse(text('url'));
  if (url === null || url.hostname === '') {
    throw new DcuError('invalid-field', 'no broker is set', { field: 'url' });
  }
  const secure = url.protocol === 'mqtts:';
  const window = text('window') === '' ? undefined : parseWindow(text('window'));
  return {
    broker: {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? (secure ? 8883 : 1883) : Number(url.port),
      connectTimeoutMs: 10_000,
      clientId: text('client.id') === '' ? `opendcu-${serialNumber}` : text('client.id'),
      keepaliveS: number('keepalive', 60),
      version: text('version') === '4' ? 4 : 5,
      ...(secure ? { tls: tlsOf(text, tlsDirectory) } : {}),
      ...(text('username') === '' ? {} : { username: text('username') }),
      ...(text('password') === '' ? {} : { password: text('password') }),
    },
    prefix: text('topic.prefix') === '' ? 'opendcu' : text('topic.prefix'),
    serialNumber,
    version,
    discovery: text('discovery') !== 'no',
    commands: new Set(MQTT_COMMANDS.filter((name) => text(`command.${name}`) === 'yes')),
    inFlight: number('in.flight', 16),
    ackTimeoutMs: number('ack.timeout', 30) * 1000,
    inWindow: (nowMs) => window === undefined || isInWindow(window, nowMs, zone()),
  };
}

function tlsOf(text: (key: string) => string, directory: string): BrokerTls {
  const file = (key: string): string | undefined => {
    const name = text(key);
    if (name === '') return undefined;
    try {
      return readFileSync(join(directory, name), 'utf8');
    } catch (cause) {
      throw new DcuError('invalid-field', `${key}: ${name} cannot be read`, { field: key, cause });
    }
  };
  const [ca, certificate, key] = [file('tls.ca'), file('tls.certificate'), file('tls.key')];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(text('tls.fingerprint') === '' ? {} : { fingerprint: text('tls.fingerprint') }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
  };
}
