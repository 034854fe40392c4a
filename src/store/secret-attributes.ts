import { DcuError } from '../base/errors.ts';
import { checkAttribute } from './attribute-fields.ts';
import type { Executor } from './executor.ts';
import { MOVED_SETTINGS, SECRET_ATTRIBUTES } from './hes-defaults.ts';
import type { Configuration, SecretSealer } from './types.ts';

/** What is shown of a secret that is set. */
export const HIDDEN = '***';

type Secrets = Pick<
  Configuration,
  'channelAttributes' | 'saveChannelAttribute' | 'channelSecret' | 'changeChannelAttributes'
>;

/** Attributes of channels, of which some are secrets: sealed for their channel, whatever it is called by now. */
export function createSecretAttributes(executor: Executor, sealer: SecretSealer): Secrets {
  const raw = (channel?: string) => executor.read('listChannelAttributes', channel);

  const placeOf = async (channel: string, key: string): Promise<string> => {
    const known = (await executor.read('listChannels')).find(({ name }) => name === channel);
    if (known !== undefined) return `channel/${known.id}/${key}`;
    throw new DcuError('invalid-field', 'owner is not the name of a channel', { field: 'owner' });
  };

  const sealed = async (channel: string, key: string, value: string): Promise<string> => {
    if (!SECRET_ATTRIBUTES.has(key) || value === '') return value;
    checkAttribute(key, value);
    return sealer.seal(new TextEncoder().encode(value), await placeOf(channel, key));
  };

  const shown = <Row extends { readonly key: string; readonly value: string }>(row: Row): Row =>
    SECRET_ATTRIBUTES.has(row.key) && row.value !== '' ? { ...row, value: HIDDEN } : row;

  return {
    channelAttributes: async (channel) => (await raw(channel)).map(shown),
    saveChannelAttribute: async (attribute) => {
      const { owner, key, value, id } = attribute;
      const isKept = SECRET_ATTRIBUTES.has(key) && value === HIDDEN;
      const before = isKept ? (await raw(owner)).find((row) => row.id === id) : undefined;
      const kept = before?.key === key ? before.value : undefined;
      const next = kept ?? (await sealed(owner, key, value));
      return shown(await executor.write('saveChannelAttribute', { ...attribute, value: next }));
    },
    channelSecret: async (channel, key) => {
      const value = (await raw(channel)).find((row) => row.key === key)?.value ?? '';
      if (value === '') return undefined;
      return new TextDecoder().decode(await sealer.open(value, await placeOf(channel, key)));
    },
    changeChannelAttributes: async (channel, values) => {
      const rows: [key: string, value: string][] = [];
      for (const [key, value] of Object.entries(values)) rows.push([key, await sealed(channel, key, value)]);
      await executor.write('changeChannelAttributes', channel, Object.fromEntries(rows));
    },
  };
}

const HEAD_END_DIALS_IN = 9;

/**
 * Secrets of the head-end that a store of an older program has as settings become attributes of the channel on which it
 * dials in, sealed for there; settings and attributes change in one step. Does nothing once that is done.
 * @throws DcuError what the sealer throws for a secret that does not open
 */
export async function moveHesSecrets(executor: Executor, sealer: SecretSealer): Promise<void> {
  const channel = (await executor.read('listChannels')).find(
    ({ commType }) => commType === HEAD_END_DIALS_IN,
  );
  if (channel === undefined) return;
  const values: [key: string, value: string][] = [];
  for (const key of MOVED_SETTINGS) {
    const value = await executor.read('readSetting', key);
    if (value === undefined) continue;
    const secret = value === '' ? undefined : await sealer.open(value, `setting/${key}`);
    values.push([key, secret === undefined ? '' : await sealer.seal(secret, `channel/${channel.id}/${key}`)]);
  }
  if (values.length > 0) await executor.write('moveSettings', channel.name, Object.fromEntries(values));
}
