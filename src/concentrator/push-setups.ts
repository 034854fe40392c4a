import { DcuError } from '../base/errors.ts';
import type { PushSetupsPort } from '../headend/push/setup-port.ts';
import type { Store } from '../store/types.ts';
import type { Uplinks } from './uplink.ts';
import { UplinkSettings } from './uplink-kinds.ts';

export interface PushSetupsOptions {
  readonly store: Pick<Store, 'configuration' | 'outbox'>;
  readonly uplinks: Pick<Uplinks, 'views' | 'wake'>;
  /** Name of the channel that pushes. */
  readonly channel: string;
}

/** The push setups of the concentrator as attributes of the channel that pushes, and as its rules. */
export function pushSetupsPort({ store, uplinks, channel }: PushSetupsOptions): PushSetupsPort {
  const { configuration, outbox } = store;
  return {
    channel,
    read: async () => {
      const attributes = await configuration.channelAttributes(channel);
      const settings = new UplinkSettings(
        Object.fromEntries(attributes.map(({ key, value }) => [key, value])),
      );
      const lastSent = uplinks.views().find(({ destination }) => destination === channel)?.link?.lastSent;
      return {
        host: settings.text('host'),
        port: settings.number('port', 4059),
        client: settings.number('client', 1),
        confirmed: settings.isYes('confirmed', 'yes'),
        window: settings.text('window'),
        retries: settings.number('retries', 4),
        retryDelayS: settings.number('retry.delay', 1),
        longestRetryDelayS: settings.number('retry.delay.max', 300),
        rules: (await outbox.rules()).filter(({ destination }) => destination === channel),
        ...(lastSent === undefined ? {} : { lastSent }),
      };
    },
    change: (values) => configuration.changeChannelAttributes(channel, values),
    saveRule: (rule) => outbox.saveRule({ ...rule, destination: channel }),
    push: () => {
      if (!uplinks.wake(channel)) throw new DcuError('conflict', `${channel} is switched off`);
    },
  };
}
