import type { Clock } from '../base/clock.ts';
import {
  HES_AUTHS,
  HES_CLIENTS,
  type HesAccess,
  type HesAuth,
  type HesChange,
  type HesClient,
  policyText,
  policyValue,
} from '../headend/hes-access.ts';
import type { HesGate } from '../headend/hes-server.ts';
import { Lockout } from '../security/lockout.ts';
import type { Configuration, Store } from '../store/types.ts';
import { lockoutRules } from './lockouts.ts';

/** A channel whose reader has no client address has none. */
const FIRST = HES_CLIENTS.slice(0, 1);

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

/**
 * Who may come in on a channel, the head-end itself first; secrets that are not set are left out.
 * @throws DcuError what the store throws
 */
export async function readHesAccess(configuration: Settings, channel: string): Promise<HesAccess> {
  const attributes = await attributesOf(configuration, channel);
  const names = (attributes.get('hes.reader.client') ?? '') === '' ? FIRST : HES_CLIENTS;
  return Promise.all(names.map((name) => readClient(configuration, channel, name, attributes)));
}

async function readClient(
  configuration: Settings,
  channel: string,
  name: HesClient['name'],
  attributes: ReadonlyMap<string, string>,
): Promise<HesClient> {
  const secret = (key: string): Promise<string | undefined> =>
    configuration.channelSecret(channel, `${name}.${key}`);
  const key = async (of: string): Promise<Uint8Array | undefined> => {
    const text = await secret(of);
    return text === undefined ? undefined : Uint8Array.fromHex(text);
  };
  const password = await secret('password');
  const encryptionKey = await key('encryption.key');
  const authenticationKey = await key('authentication.key');
  const masterKey = await key('master.key');
  const live = attributes.get(`${name}.live.client`) ?? '';
  return {
    name,
    client: Number(attributes.get(`${name}.client`) ?? '1'),
    ...(live === '' ? {} : { liveClient: Number(live) }),
    auth: authOf(attributes.get(`${name}.auth`)),
    rights: name === 'hes' && attributes.get('hes.rights') === 'full' ? 'full' : 'read',
    policy: policyValue(attributes.get(`${name}.policy`) ?? 'auth-enc'),
    ...(password === undefined ? {} : { password: passwordBytes(password) }),
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(authenticationKey === undefined ? {} : { authenticationKey }),
    ...(masterKey === undefined ? {} : { masterKey }),
  };
}

/** Writes down what a head-end has changed of its access, all of it or nothing. Resolves to the keys of the attributes. */
export async function saveHesChange(
  configuration: Pick<Configuration, 'changeChannelAttributes'>,
  channel: string,
  { name }: HesClient,
  change: HesChange,
): Promise<readonly string[]> {
  const { policy, password, encryptionKey, authenticationKey, masterKey } = change;
  const values: Record<string, string> = {
    ...(policy === undefined ? {} : { [`${name}.policy`]: policyText(policy) }),
    ...(password === undefined ? {} : { [`${name}.password`]: passwordText(password) }),
    ...(encryptionKey === undefined ? {} : { [`${name}.encryption.key`]: encryptionKey.toHex() }),
    ...(authenticationKey === undefined ? {} : { [`${name}.authentication.key`]: authenticationKey.toHex() }),
    ...(masterKey === undefined ? {} : { [`${name}.master.key`]: masterKey.toHex() }),
  };
  await configuration.changeChannelAttributes(channel, values);
  return Object.keys(values);
}

const HEX = 'hex:';

/** A password as it is typed; `hex:` and digits for one that is no text. */
const passwordBytes = (text: string): Uint8Array =>
  /^hex:(?:[\da-f]{2})+$/i.test(text)
    ? Uint8Array.fromHex(text.slice(HEX.length))
    : new TextEncoder().encode(text);

function passwordText(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  const isText = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !text.startsWith(HEX);
  return isText ? text : `${HEX}${bytes.toHex()}`;
}

/** Each peer of each channel is blocked for itself: who guesses keeps nobody else out. */
export function hesGate(
  { accounts, configuration }: Pick<Store, 'accounts' | 'configuration'>,
  channel: string,
  clock: Clock,
): HesGate {
  const lockout = new Lockout({
    rows: accounts,
    clock,
    port: channel,
    rules: () => lockoutRules(configuration),
  });
  const subject = (host: string, name: HesClient['name']): string => `${name}:${channel}/${host}`;
  return {
    requireOpen: (host) => lockout.requireOpen(HES_CLIENTS.map((name) => subject(host, name))),
    passed: (host, name) => lockout.clear([subject(host, name)]),
    failed: (host, name) => lockout.fail([subject(host, name)]),
  };
}
