import { DcuError } from '../base/errors.ts';
import {
  type Channel,
  G3_COMM_TYPE,
  IP_COMM_TYPES,
  type Meter,
  MODULE_COMM_TYPE,
  RS485_COMM_TYPES,
} from '../base/model.ts';
import type { ChannelOpener, SerialSettings } from '../channels/channel.ts';
import type { LineAccess } from '../meters/line-channels.ts';
import type { Configuration } from '../store/types.ts';
import type { PlcModules } from './modules.ts';
import type { PortSettings, Transports } from './transports.ts';

/** A serial channel; without opener while no device is set. */
interface SerialLine {
  readonly settings: PortSettings;
  readonly opener: ChannelOpener | undefined;
  readonly clockBroadcast: boolean;
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
        .filter(({ commType }) => RS485_COMM_TYPES.has(commType))
        .map((channel) => {
          const own = attributes.filter(({ owner }) => owner === channel.name);
          const byKey = new Map(own.map(({ key, value }) => [key, value]));
          const { opener, settings } = this.#serialLine(
            serialSettings(channel, byKey),
            this.#serial.get(channel.name),
          );
          const clockBroadcast = byKey.get('clock.broadcast') === '1';
          return [channel.name, { settings, opener, clockBroadcast }];
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
    if (RS485_COMM_TYPES.has(channel.commType)) {
      const { opener, clockBroadcast = false } = this.#serial.get(channel.name) ?? {};
      if (opener === undefined) {
        throw new DcuError(
          'channel-open-failed',
          `channel ${channel.name} has no serial port: set its device`,
          {
            field: 'device',
          },
        );
      }
      return { lineName: channel.name, opener, protocol, task, shared: true, clockBroadcast };
    }
    if (channel.commType === MODULE_COMM_TYPE && this.#modules !== undefined) {
      return this.#modules.access(meter, channel);
    }
    if (IP_COMM_TYPES.has(channel.commType)) {
      const opener = this.#ipLine(meter, channel);
      const g3 = channel.commType === G3_COMM_TYPE;
      return { lineName: opener.name, opener, protocol, task, shared: false, g3 };
    }
    throw new DcuError('channel-open-failed', `channel ${channel.name} does not lead to meters`, {
      field: 'channel',
    });
  }

  /** The opener of before where its settings are still the same: what it has opened stays good. */
  #serialLine(
    settings: PortSettings,
    before: SerialLine | undefined,
  ): Pick<SerialLine, 'settings' | 'opener'> {
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
