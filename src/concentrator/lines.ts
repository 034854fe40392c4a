import { DcuError } from '../base/errors.ts';
import type { Channel, Meter } from '../base/model.ts';
import type { ChannelOpener, SerialSettings } from '../channels/channel.ts';
import type { LineAccess } from '../meters/line-channels.ts';
import type { Configuration } from '../store/types.ts';
import type { PlcModules } from './modules.ts';
import type { PortSettings, Transports } from './transports.ts';

const RS485: ReadonlySet<number> = new Set([4, 7, 8]);
const IP_METERS: ReadonlySet<number> = new Set([12, 14]);
const READING_MODULE = 2;
const G3_NETWORK = 14;

/** A serial channel; without opener while no device is set. */
interface SerialLine {
  readonly settings: PortSettings;
  readonly opener: ChannelOpener | undefined;
}

/**
 * The channels as configured, at hand without waiting: how each meter is reached. A serial channel is one line that
 * its meters share; a TCP meter and one behind a module are lines of their own.
 */
export class LineDirectory {
  readonly #configuration: Pick<Configuration, 'channels' | 'channelAttributes'>;
  readonly #transports: Transports;
  readonly #modules: Pick<PlcModules, 'access'> | undefined;
  #channels = new Map<string, Channel>();
  #serial = new Map<string, SerialLine>();

  /** `modules`: the way to meters behind a PLC module; no channel leads there without. */
  constructor(
    configuration: Pick<Configuration, 'channels' | 'channelAttributes'>,
    transports: Transports,
    modules?: Pick<PlcModules, 'access'>,
  ) {
    this.#configuration = configuration;
    this.#transports = transports;
    this.#modules = modules;
  }

  /** To be called at start and whenever a channel or one of its attributes has changed. */
  async reload(): Promise<void> {
    const [channels, attributes] = await Promise.all([
      this.#configuration.channels(),
      this.#configuration.channelAttributes(),
    ]);
    this.#channels = new Map(channels.map((channel) => [channel.name, channel]));
    this.#serial = new Map(
      channels
        .filter(({ commType }) => RS485.has(commType))
        .map((channel) => {
          const own = attributes.filter(({ owner }) => owner === channel.name);
          const settings = serialSettings(channel, new Map(own.map(({ key, value }) => [key, value])));
          return [channel.name, this.#serialLine(settings, this.#serial.get(channel.name))];
        }),
    );
  }

  /** @throws DcuError `not-found`, `channel-open-failed` (off, or not set up), `invalid-field` */
  open(meter: Meter): LineAccess {
    const channel = this.#channels.get(meter.channel);
    if (channel === undefined) {
      throw new DcuError('not-found', `there is no channel named "${meter.channel}"`, { field: 'channel' });
    }
    if (!channel.enabled) {
      throw new DcuError('channel-open-failed', `channel ${channel.name} is disabled`, { field: 'channel' });
    }
    const { protocol, task } = channel;
    if (RS485.has(channel.commType)) {
      const opener = this.#serial.get(channel.name)?.opener;
      if (opener === undefined) {
        throw new DcuError(
          'channel-open-failed',
          `channel ${channel.name} has no serial port: set its device`,
          {
            field: 'device',
          },
        );
      }
      return { lineName: channel.name, opener, protocol, task, shared: true };
    }
    if (channel.commType === READING_MODULE && this.#modules !== undefined) {
      return this.#modules.access(meter, channel);
    }
    if (IP_METERS.has(channel.commType)) {
      const opener = this.#ipLine(meter, channel);
      const g3 = channel.commType === G3_NETWORK;
      return { lineName: opener.name, opener, protocol, task, shared: false, g3 };
    }
    throw new DcuError('channel-open-failed', `channel ${channel.name} does not lead to meters`, {
      field: 'channel',
    });
  }

  /** The opener of before where its settings are still the same: what it has opened stays good. */
  #serialLine(settings: PortSettings, before: SerialLine | undefined): SerialLine {
    if (before !== undefined && Bun.deepEquals(before.settings, settings, true)) return before;
    return { settings, opener: settings.path === '' ? undefined : this.#transports.serial(settings) };
  }

  #ipLine({ meterNo, address: { host, port, transport } }: Meter, channel: Channel): ChannelOpener {
    if (host === undefined || port === undefined) {
      throw new DcuError('invalid-field', `meter ${meterNo} has no host and port`, {
        field: host === undefined ? 'address.host' : 'address.port',
      });
    }
    if (transport === 'udp') return this.#transports.udp({ host, port });
    return this.#transports.tcp({ host, port, connectTimeoutMs: channel.writeTimeoutS * 1000 });
  }
}

function serialSettings(channel: Channel, attributes: ReadonlyMap<string, string>): PortSettings {
  return {
    path: attributes.get('device') ?? '',
    baudRate: Number(attributes.get('baud') ?? '9600'),
    dataBits: attributes.get('data.bits') === '7' ? 7 : 8,
    parity: parityOf(attributes.get('parity')),
    stopBits: attributes.get('stop.bits') === '2' ? 2 : 1,
    openTimeoutMs: channel.readTimeoutS * 1000,
  };
}

function parityOf(text: string | undefined): SerialSettings['parity'] {
  return text === 'even' || text === 'odd' ? text : 'none';
}
