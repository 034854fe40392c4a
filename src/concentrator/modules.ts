import type { Clock } from '../base/clock.ts';
import { namesOfMeter } from '../base/device-address.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type Channel, type Framing, type Meter, MODULE_COMM_TYPE } from '../base/model.ts';
import type { ChannelOpener } from '../channels/channel.ts';
import { PlcModule, type PlcModuleEvent } from '../channels/plc-module.ts';
import type { LineAccess } from '../meters/line-channels.ts';
import type { ModuleConfig } from '../plc/module-types.ts';
import type { Configuration } from '../store/types.ts';
import { type ModuleSettings, moduleSettings, nodeOf } from './module-settings.ts';
import type { Transports } from './transports.ts';

/** On the UART, and for what waits there. */
const MARGIN_MS = 15_000;

export interface PlcModulesOptions {
  readonly configuration: Pick<Configuration, 'channels' | 'channelAttributes'>;
  /** The whole archive. */
  readonly meters: () => Promise<readonly Meter[]>;
  readonly transports: Pick<Transports, 'serial'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the concentrator: where no master address is set, it is made of this. */
  readonly serialNumber: string;
  /** Local time as modules ask for it. */
  readonly localTime: ModuleConfig['localTime'];
  /** Devices that may not communicate never get into a module's archive. */
  readonly isBlacklisted: (names: readonly string[]) => boolean;
  readonly onEvent: (channel: string, event: PlcModuleEvent) => void;
  /** The module of a channel is not looked after any more: the channel was switched off, or set up anew. */
  readonly onClosed: (channel: string) => void;
}

interface OpenModule {
  settings: ModuleSettings;
  readonly module: PlcModule;
  archive: readonly string[] | undefined;
}

/** The channels with a PLC module, as configured: each enabled one that has a device has its module looked after. */
export class PlcModules {
  readonly #options: PlcModulesOptions;
  readonly #open = new Map<string, OpenModule>();
  /** Nodes that are admitted for a while, by channel. */
  readonly #guests = new Map<string, ReadonlySet<string>>();
  #changing: Promise<void> = Promise.resolve();
  #meters: Promise<void> | undefined;

  constructor(options: PlcModulesOptions) {
    this.#options = options;
  }

  /** The module of a channel; undefined while the channel is off or has no device. */
  get(channel: string): PlcModule | undefined {
    return this.#open.get(channel)?.module;
  }

  *all(): IterableIterator<{ readonly channel: string; readonly module: PlcModule }> {
    for (const [channel, { module }] of this.#open) yield { channel, module };
  }

  /** To be called at start and whenever a channel or one of its attributes has changed. */
  reload(): Promise<void> {
    return this.#inTurn(async () => {
      const wanted = await this.#wanted();
      for (const [name, open] of this.#open) {
        const now = wanted.get(name);
        if (now === undefined || !isSamePort(now, open.settings)) await this.#shut(name);
        else if (now.band !== open.settings.band) {
          open.settings = now;
          this.#setBand(open.module, now.band);
        }
      }
      for (const [name, settings] of wanted) if (!this.#open.has(name)) this.#start(name, settings);
      await this.#giveArchives();
    });
  }

  /** To be called whenever meters or the blacklist have changed. */
  metersChanged(): Promise<void> {
    // Many changes in a row are one.
    this.#meters ??= this.#inTurn(() => {
      this.#meters = undefined;
      return this.#giveArchives();
    });
    return this.#meters;
  }

  /**
   * Nodes that are no meters of the archive become known to their module, which forwards nothing to others. Resolves to
   * what takes them away again.
   */
  async admit(channel: string, nodes: readonly string[]): Promise<() => Promise<void>> {
    const guests = new Set(nodes);
    const forget = (): void => {
      if (this.#guests.get(channel) === guests) this.#guests.delete(channel);
    };
    this.#guests.set(channel, guests);
    try {
      await this.metersChanged();
    } catch (error) {
      forget();
      throw error;
    }
    return async () => {
      forget();
      await this.metersChanged();
    };
  }

  /**
   * How a meter behind a module is reached: a line of its own, for the module reaches many at once.
   * @throws DcuError `channel-open-failed` (no device), `invalid-field`
   */
  access(meter: Meter, channel: Channel): LineAccess {
    const module = this.get(channel.name);
    if (module === undefined) {
      throw new DcuError('channel-open-failed', `channel ${channel.name} has no module: set its device`, {
        field: 'device',
      });
    }
    const address = nodeOf(meter);
    if (address === undefined) {
      throw new DcuError('invalid-field', `meter ${meter.meterNo} has no address of twelve digits`, {
        field: 'address.node',
      });
    }
    const opener = module.slot({ address, framing: meter.address.framing });
    const { protocol, task } = channel;
    const settings = this.#open.get(channel.name)?.settings;
    return {
      lineName: opener.name,
      opener,
      protocol,
      task,
      shared: false,
      prioritise: (priority) => module.prioritise(address, priority),
      limits: async (signal) => {
        await module.ready(signal);
        return {
          messageBytes: module.messageRoom,
          window: 1,
          // The module itself says that a meter is silent, and it is given up when the module does not.
          responseTimeoutMs: 2 * ((settings?.config.forwardTimeoutMs ?? 0) + MARGIN_MS),
        };
      },
    };
  }

  /** The way to one communication unit, for a word that asks for no answer; undefined where there is no module. */
  wayTo(channel: string, address: string, framing: Framing): ChannelOpener | undefined {
    return this.get(channel)?.slot({ address, framing });
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      await Promise.all([...this.#open.keys()].map((name) => this.#shut(name)));
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => undefined);
    return done;
  }

  async #wanted(): Promise<Map<string, ModuleSettings>> {
    const { configuration, serialNumber } = this.#options;
    const [channels, attributes] = await Promise.all([
      configuration.channels(),
      configuration.channelAttributes(),
    ]);
    const wanted = new Map<string, ModuleSettings>();
    for (const channel of channels) {
      if (channel.commType !== MODULE_COMM_TYPE || !channel.enabled) continue;
      const own = attributes.filter(({ owner }) => owner === channel.name);
      const settings = moduleSettings(
        channel,
        new Map(own.map(({ key, value }) => [key, value])),
        serialNumber,
      );
      if (settings.port.path !== '') wanted.set(channel.name, settings);
    }
    return wanted;
  }

  #start(name: string, settings: ModuleSettings): void {
    const { clock, log, transports, localTime, onEvent } = this.#options;
    const module = new PlcModule({
      name,
      opener: transports.serial(settings.port),
      config: { ...settings.config, ...(localTime === undefined ? {} : { localTime }) },
      clock,
      log,
    });
    this.#open.set(name, { settings, module, archive: undefined });
    module.events.on('event', (event) => {
      if (event.type === 'ready') this.#setBand(module, this.#open.get(name)?.settings.band);
      onEvent(name, event);
    });
  }

  /** It is kept by the module; one that has it already is left alone. */
  #setBand(module: PlcModule, band: number | undefined): void {
    if (band === undefined) return;
    module.setBand(band).catch((error: unknown) => {
      this.#options.log.warn('the band of the module could not be set', {
        module: module.name,
        ...toDcuError(error).toJSON(),
      });
    });
  }

  async #giveArchives(): Promise<void> {
    if (this.#open.size === 0) return;
    const { isBlacklisted, meters } = this.#options;
    const nodes = new Map<string, string[]>();
    for (const meter of await meters()) {
      const address = nodeOf(meter);
      if (!meter.enabled || meter.replaced !== undefined || address === undefined) continue;
      if (isBlacklisted([address, ...namesOfMeter(meter)])) continue;
      const list = nodes.get(meter.channel);
      if (list === undefined) nodes.set(meter.channel, [address]);
      else list.push(address);
    }
    for (const [name, open] of this.#open) {
      const meters = nodes.get(name) ?? [];
      const guests = [...(this.#guests.get(name) ?? [])].filter((node) => !isBlacklisted([node]));
      const archive = [...new Set([...meters, ...guests])];
      if (open.archive !== undefined && Bun.deepEquals(open.archive, archive)) continue;
      open.archive = archive;
      open.module.setArchive(archive);
    }
  }

  async #shut(name: string): Promise<void> {
    const open = this.#open.get(name);
    this.#open.delete(name);
    await open?.module.close();
    this.#options.onClosed(name);
  }
}

/** The band can be changed while everything goes on. */
function isSamePort(one: ModuleSettings, other: ModuleSettings): boolean {
  return Bun.deepEquals([one.port, one.config], [other.port, other.config], true);
}
