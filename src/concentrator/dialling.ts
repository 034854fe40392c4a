import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { ByteChannel } from '../channels/channel.ts';
import { openTcp } from '../channels/tcp.ts';
import type { ClientConfig } from '../dlms/client.ts';
import type { DialTellerOptions } from '../headend/dial/dial-teller.ts';
import { type DialRole, useDialled } from '../headend/dial/dialled-use.ts';
import { type DialAddress, Dialler, type DialState } from '../headend/dial/dialler.ts';
import { ClockSchedule } from '../headend/dial/hes-clock.ts';
import type { HesClient } from '../headend/hes-access.ts';
import type { ConnectionView } from '../headend/hes-server.ts';
import type { OpenPushWay } from '../headend/push/way.ts';
import type { Configuration } from '../store/types.ts';
import type { Core } from './core.ts';
import { type DialParties, dialledPushProtection, hesClientConfig } from './dial-security.ts';
import { type DialSettings, dialSettings } from './dial-settings.ts';
import { readHesAccess } from './headend-access.ts';
import type { HesServing, ServedChannel } from './hes-serving.ts';
import { UplinkSettings } from './uplink-kinds.ts';

/** CommType of channels that dial the head-end. */
const DIALLING = 5;
/** A head-end that takes no bytes for so long has gone. */
const WRITE_TIMEOUT_MS = 20_000;
const READ_LATER = /^(?:hes\.(?!server$).*|push|in\.flight|window)$/;

export interface DiallingOptions {
  readonly configuration: Pick<
    Configuration,
    'channels' | 'channelAttributes' | 'channelSecret' | 'protocolAttributes'
  >;
  readonly serving: HesServing;
  readonly serialNumber: string;
  readonly zone: () => string;
  /** Takes over what time it is at the head-end: UTC ms at the moment of the call, and who says so. */
  readonly setClock: (ms: number, who: string) => Promise<unknown>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly record: DialTellerOptions['record'];
  /** What dials; TCP if not given. */
  readonly open?: (address: DialAddress, timeoutMs: number, signal: AbortSignal) => Promise<ByteChannel>;
}

interface Running {
  readonly settings: unknown;
  readonly dialler: Dialler;
  readonly served: ServedChannel;
  readonly role: DialSettings['role'];
}

/** A channel that dials, as it is shown. */
export interface DiallingView {
  readonly channel: string;
  readonly kind: 'client';
  readonly enabled: boolean;
  /** Undefined while it is to dial nobody. */
  readonly dial: (DialState & { readonly mode: 'server' | 'client' }) | undefined;
  /** Why it does not, although it is to. */
  readonly problem: string | undefined;
  readonly connections: readonly ConnectionView[];
}

/** The channels that dial a head-end: begun, changed and ended as the configuration says, each by itself. */
export class Diallings {
  readonly #options: DiallingOptions;
  readonly #running = new Map<string, Running>();
  readonly #enabled = new Map<string, boolean>();
  readonly #problems = new Map<string, string>();
  /** Those who wait for a connection of a channel that has no dialler now. */
  readonly #begun = new Set<() => void>();
  #changing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: DiallingOptions) {
    this.#options = options;
  }

  /** To be called at start, and whenever a channel or one of its attributes has changed. */
  reload(): Promise<void> {
    const { log } = this.#options;
    this.#changing = this.#changing
      .then(() => this.#reload())
      .catch((error: unknown) => {
        log.error('the channels that dial could not be set up', { ...toDcuError(error).toJSON() });
      });
    return this.#changing;
  }

  views(): readonly DiallingView[] {
    return [...this.#enabled].map(([channel, enabled]) => {
      const running = this.#running.get(channel);
      return {
        channel,
        kind: 'client',
        enabled,
        dial: running && { ...running.dialler.state, mode: running.role },
        problem: this.#problems.get(channel),
        connections: running?.served.server.views() ?? [],
      };
    });
  }

  /** What pushes on the connection of a channel, as soon as there is one; undefined for channels that do not dial. */
  way(channel: string): OpenPushWay | undefined {
    if (!this.#enabled.has(channel)) return undefined;
    return async (signal) => {
      const { push, tap } = await (await this.#dialler(channel, signal)).connected(signal);
      const { promise: closed, resolve } = Promise.withResolvers<DcuError>();
      const forget = tap.whenOver(resolve);
      return {
        send: (notification) => push.send(notification),
        closed,
        // The connection goes on without pushes.
        close: async () => {
          forget();
          resolve(new DcuError('cancelled', 'nothing is pushed on the connection any more'));
        },
      };
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#changing;
    await Promise.all([...this.#running.keys()].map((name) => this.#end(name)));
  }

  /** @throws DcuError the signal's reason when it is aborted */
  async #dialler(channel: string, signal: AbortSignal): Promise<Dialler> {
    for (;;) {
      const running = this.#running.get(channel);
      if (running !== undefined) return running.dialler;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const giveUp = (): void => reject(toDcuError(signal.reason));
      if (signal.aborted) giveUp();
      signal.addEventListener('abort', giveUp, { once: true });
      this.#begun.add(resolve);
      try {
        await promise;
      } finally {
        this.#begun.delete(resolve);
        signal.removeEventListener('abort', giveUp);
      }
    }
  }

  async #reload(): Promise<void> {
    if (this.#closed) return;
    const { configuration, log } = this.#options;
    const channels = (await configuration.channels()).filter(({ commType }) => commType === DIALLING);
    for (const { name, protocol, enabled } of channels) {
      this.#enabled.set(name, enabled);
      const values = {
        channel: valuesOf(await configuration.channelAttributes(name)),
        protocol: valuesOf(await configuration.protocolAttributes(protocol)),
      };
      const running = this.#running.get(name);
      if (running !== undefined && enabled && Bun.deepEquals(running.settings, values, true)) continue;
      await this.#end(name);
      this.#problems.delete(name);
      if (!enabled) continue;
      try {
        this.#begin(name, values);
      } catch (thrown) {
        const error = toDcuError(thrown);
        this.#problems.set(name, error.message);
        log.error('a channel cannot dial', { channel: name, ...error.toJSON() });
      }
    }
    for (const tell of this.#begun) tell();
  }

  #begin(name: string, values: { readonly channel: Values; readonly protocol: Values }): void {
    const { serving } = this.#options;
    const settings = dialSettings(
      new UplinkSettings(values.channel),
      new UplinkSettings(values.protocol),
      this.#options,
    );
    if (settings === undefined) return;
    const served = serving.open(name);
    const dialler = this.#dial(name, settings, served);
    this.#running.set(name, { settings: values, dialler, served, role: settings.role });
    dialler.start();
  }

  #dial(name: string, settings: DialSettings, served: ServedChannel): Dialler {
    const { configuration, serving, clock, random, log, record, open = dialTcp(clock) } = this.#options;
    const { addresses, timing, isWanted, connectTimeoutMs } = settings;
    const schedule = new ClockSchedule();
    let hes: HesClient | undefined;
    return new Dialler({
      channel: name,
      addresses,
      timing,
      isWanted,
      clock,
      random,
      log: log.child(name),
      record,
      open: async (address, signal) => {
        // Changed keys hold from the next connection on.
        [hes] = await readHesAccess(configuration, name);
        return open(address, connectTimeoutMs, signal);
      },
      use: (tap, useful) => {
        if (hes === undefined) throw new DcuError('internal', 'the head-end of the channel is not known');
        const { systemTitle } = serving;
        const parties = { hes, systemTitle, counters: served.counters, random };
        return useDialled(tap, useful, {
          role: this.#role(name, settings, parties, served, schedule),
          push: {
            client: settings.role === 'server' ? hes.client : settings.hesServer,
            protection: dialledPushProtection(settings, parties),
            maxPdu: settings.maxPdu,
            confirmWithinMs: settings.answerWithinMs,
          },
          heart: settings.heart,
          clock,
        });
      },
    });
  }

  #role(
    name: string,
    settings: DialSettings,
    parties: DialParties,
    { server, counters }: ServedChannel,
    schedule: ClockSchedule,
  ): DialRole {
    if (settings.role === 'server') return { role: 'server', server };
    const { setClock, log } = this.#options;
    const config = async (): Promise<ClientConfig> => {
      await counters.ready();
      return hesClientConfig(settings, parties);
    };
    return { role: 'client', hesClock: { config, schedule, setClock, log: log.child(name) } };
  }

  async #end(name: string): Promise<void> {
    const running = this.#running.get(name);
    this.#running.delete(name);
    running?.dialler.stop();
    await running?.served.close();
  }
}

type Values = Readonly<Record<string, string>>;

/** Without what holds from the next connection on, and what only those who push read: a change of it ends no connection. */
const valuesOf = (attributes: readonly { readonly key: string; readonly value: string }[]): Values =>
  Object.fromEntries(
    attributes.filter(({ key }) => !READ_LATER.test(key)).map(({ key, value }) => [key, value]),
  );

const dialTcp =
  (clock: Clock): NonNullable<DiallingOptions['open']> =>
  ({ host, port }, connectTimeoutMs, signal) =>
    openTcp({ host, port, connectTimeoutMs, writeTimeoutMs: WRITE_TIMEOUT_MS }, clock, signal);

/** Dials the head-ends that the configuration names; follows its changes. */
export async function startDialling(
  options: Pick<DiallingOptions, 'serving' | 'setClock' | 'clock' | 'random' | 'log'>,
  { store, identity, zone, logbook, onChannelsChanged }: Core,
): Promise<Diallings> {
  const log = options.log.child('dial');
  const diallings = new Diallings({
    ...options,
    log,
    configuration: store.configuration,
    serialNumber: identity.serialNumber,
    zone,
    record: (type, detail) => {
      logbook
        .record(type, detail)
        .catch((error: unknown) => log.error('the logbook could not be written', { error: String(error) }));
    },
  });
  await diallings.reload();
  onChannelsChanged(() => diallings.reload());
  return diallings;
}
