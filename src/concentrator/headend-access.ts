import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import { HES_AUTHS, type HesAccess, type HesAuth } from '../headend/hes-access.ts';
import type { HesGate } from '../headend/hes-server.ts';
import { Lockout } from '../security/lockout.ts';
import type { Configuration, Store } from '../store/types.ts';

type Settings = Pick<Configuration, 'channelAttributes' | 'channelSecret'>;

const isAuth = (text: string | undefined): text is HesAuth => HES_AUTHS.some((auth) => auth === text);
const authOf = (text: string | undefined): HesAuth => (isAuth(text) ? text : 'hls-gmac');

/** Attributes of a channel by key. */
export async function attributesOf(
  configuration: Pick<Configuration, 'channelAttributes'>,
  channel: string,
): Promise<ReadonlyMap<string, string>> {
  const attributes = await configuration.channelAttributes(channel);
  return new Map(attributes.map(({ key, value }) => [key, value]));
}

/** As whom the head-end comes in on a channel; secrets that are not set are left out. */
export async function readHesAccess(configuration: Settings, channel: string): Promise<HesAccess> {
  const attributes = await attributesOf(configuration, channel);
  const secret = (key: string): Promise<string | undefined> => configuration.channelSecret(channel, key);
  const password = await secret('hes.password');
  const encryptionKey = await secret('hes.encryption.key');
  const authenticationKey = await secret('hes.authentication.key');
  return {
    client: Number(attributes.get('hes.client') ?? '1'),
    auth: authOf(attributes.get('hes.auth')),
    rights: attributes.get('hes.rights') === 'full' ? 'full' : 'read',
    ...(password === undefined ? {} : { password: new TextEncoder().encode(password) }),
    ...(encryptionKey === undefined ? {} : { encryptionKey: Uint8Array.fromHex(encryptionKey) }),
    ...(authenticationKey === undefined ? {} : { authenticationKey: Uint8Array.fromHex(authenticationKey) }),
  };
}

/** Each peer of each channel is blocked for itself: who guesses keeps nobody else out. */
export function hesGate(
  { accounts, configuration }: Pick<Store, 'accounts' | 'configuration'>,
  channel: string,
  clock: Clock,
): HesGate {
  const lockout = new Lockout(accounts, clock);
  const subjects = (host: string): string[] => [`${channel}:${host}`];
  return {
    requireOpen: (host) => lockout.requireOpen(subjects(host)),
    passed: (host) => lockout.clear(subjects(host)),
    failed: async (host) => {
      const most = Number((await configuration.setting('login.attempts')) ?? 5);
      await lockout.fail(subjects(host), most);
      try {
        await lockout.requireOpen(subjects(host));
        return false;
      } catch (error) {
        if (toDcuError(error).code === 'locked-out') return true;
        throw error;
      }
    },
  };
}
