import { toDcuError } from '../base/errors.ts';
import type { Channel } from '../base/model.ts';
import type { Uplink, UplinkState } from '../headend/uplink.ts';
import { MQTT_UPLINK } from './mqtt-uplink.ts';
import { keepOutboxBounds } from './outbox-bounds.ts';
import { PUSH_ON_DIALLED, PUSH_UPLINK } from './push-uplink.ts';
import { type UplinkKind, UplinkSettings, type UplinksOptions } from './uplink-kinds.ts';

/** Channels that are destinations of the outbox, by CommType: a further kind is one line here. */
const KINDS: Readonly<Partial<Record<Channel['commType'], UplinkKind>>> = {
  5: PUSH_ON_DIALLED,
  15: MQTT_UPLINK,
  16: PUSH_UPLINK,
};

interface Running {
  readonly settings: unknown;
  readonly uplink: Uplink;
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

/** The channels that bring what there is to head-ends: opened, changed and closed as the configuration says. */
export class Uplinks {
  readonly #options: UplinksOptions;
  readonly #running = new Map<string, Running>();
  readonly #problems = new Map<string, string>();
  #enabled = new Map<string, boolean>();
  #changing: Promise<void> = Promise.resolve();
  #stopPruning: () => void = () => {};
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
    this.#stopPruning = keepOutboxBounds(this.#options);
  }

  /** To be called whenever a channel, an attribute or the password has changed. One that cannot run is in the log. */
  reload(): Promise<void> {
    this.#changing = this.#changing.then(() => this.#reload()).catch((error: unknown) => this.#tell(error));
    return this.#changing;
  }

  /** Resolves when all that has changed so far is taken in. */
  settled(): Promise<void> {
    return this.#changing;
  }

  /** Looks now whether there is something to send. False for a channel that is not running. */
  wake(destination: string): boolean {
    const running = this.#running.get(destination);
    running?.uplink.wake();
    return running !== undefined;
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
    this.#stopPruning();
    await this.#changing;
    await Promise.all([...this.#running.values()].map(({ uplink }) => uplink.stop()));
    this.#running.clear();
  }

  async #reload(): Promise<void> {
    if (this.#closed) return;
    const channels = await this.#options.store.configuration.channels();
    const enabled = new Map<string, boolean>();
    this.#problems.clear();
    for (const { name, commType, enabled: isOn } of channels) {
      const kind = KINDS[commType];
      if (kind === undefined) continue;
      const settings = isOn ? await this.#settings(name, kind) : undefined;
      enabled.set(name, settings !== undefined);
      await this.#reloadOne(name, kind, settings);
    }
    this.#enabled = enabled;
  }

  /** @param settings undefined where the channel is no destination */
  async #reloadOne(
    name: string,
    kind: UplinkKind,
    settings: Readonly<Record<string, string>> | undefined,
  ): Promise<void> {
    const { store, log, ways } = this.#options;
    const running = this.#running.get(name);
    if (running !== undefined && !Bun.deepEquals(running.settings, settings, true)) {
      this.#running.delete(name);
      await running.uplink.stop();
    }
    if (settings === undefined || this.#running.has(name)) return;
    await store.outbox.open(name);
    try {
      const uplink = kind.make({
        channel: name,
        settings: new UplinkSettings(settings),
        options: this.#options,
        log: log.child(name),
        way: ways?.(name),
      });
      this.#running.set(name, { settings, uplink });
      uplink.start();
    } catch (error) {
      const { code, message } = toDcuError(error);
      this.#problems.set(name, message);
      log.error('an uplink cannot run', { channel: name, code, message });
    }
  }

  /** Undefined where the channel is not told to be a destination. */
  async #settings(channel: string, kind: UplinkKind): Promise<Readonly<Record<string, string>> | undefined> {
    const rows = await this.#options.store.configuration.channelAttributes(channel);
    const attributes = Object.fromEntries(rows.map(({ key, value }) => [key, value]));
    if (kind.isWanted?.(attributes) === false) return undefined;
    return { ...attributes, ...(await kind.secrets(channel, this.#options)) };
  }

  #tell(error: unknown): void {
    this.#options.log.error('the outbox could not be kept', { ...toDcuError(error).toJSON() });
  }
}
