import { DcuError } from '../../base/errors.ts';
import type { Channel } from '../../base/model.ts';
import { list } from './changes.ts';
import { columnsOf, FLAG, known, listData, must, rowData, TEXT, WHOLE } from './columns.ts';
import type { ManagementGroup, ManagementRequest } from './group.ts';
import type { AttributeRow, Change, ChannelsPort, ProtocolRow } from './ports.ts';
import { onlyRowOf, rowsOf } from './written.ts';

/** OpenDCU's own, in the range that is left to manufacturers (B = 128 to 199). */
const CHANNELS = '0.128.96.3.0.255';
const CHANNEL_ATTRIBUTES = '0.128.96.4.0.255';
const PROTOCOLS = '0.128.96.5.0.255';
const PROTOCOL_ATTRIBUTES = '0.128.96.6.0.255';

/** As the API takes it. */
const KEY = /^[a-z0-9][a-z0-9._-]{0,63}$/;

type ShownChannel = Omit<Channel, 'commType'> & { readonly commType: number };

const CHANNEL_COLUMNS = columnsOf<ShownChannel>({
  name: TEXT,
  protocol: TEXT,
  task: TEXT,
  enabled: FLAG,
  readTimeoutS: WHOLE,
  writeTimeoutS: WHOLE,
  description: TEXT,
  commType: WHOLE,
});
const ATTRIBUTE_COLUMNS = columnsOf<AttributeRow>({
  owner: TEXT,
  key: TEXT,
  value: TEXT,
  description: TEXT,
});
const PROTOCOL_COLUMNS = columnsOf<ProtocolRow>({ name: TEXT, direction: TEXT, description: TEXT });

export const channelsGroup: ManagementGroup = {
  objects: (at) => {
    const { channels } = at.sources.management;
    return [
      list(
        at,
        CHANNELS,
        async () => listData(CHANNEL_COLUMNS, await channels.channels()),
        async (data) => saveChannel(channels, rowData(CHANNEL_COLUMNS, onlyRowOf(data))),
      ),
      list(
        at,
        CHANNEL_ATTRIBUTES,
        async () => listData(ATTRIBUTE_COLUMNS, await channels.channelAttributes()),
        async (data) => {
          const rows = rowsOf(data).map((row) => rowData(ATTRIBUTE_COLUMNS, row));
          return changeAttributes(at, rows);
        },
      ),
      list(at, PROTOCOLS, async () => listData(PROTOCOL_COLUMNS, await channels.protocols())),
      list(
        at,
        PROTOCOL_ATTRIBUTES,
        async () => listData(ATTRIBUTE_COLUMNS, await channels.protocolAttributes()),
        async (data) => saveProtocolAttribute(channels, rowData(ATTRIBUTE_COLUMNS, onlyRowOf(data))),
      ),
    ];
  },
};

async function saveChannel(port: ChannelsPort, written: Partial<ShownChannel>): Promise<Change> {
  const name = must(written.name, 'name');
  const before = known(
    (await port.channels()).find((channel) => channel.name === name),
    'channel',
    name,
  );
  const { commType = before.commType, ...change } = written;
  if (commType !== before.commType) {
    throw new DcuError('invalid-field', 'commType of a channel does not change', { field: 'commType' });
  }
  await port.saveChannel({ ...before, ...change });
  return { action: 'channel.update', subject: name, detail: JSON.stringify(change) };
}

/** One channel at a time: what belongs to it is changed as one. */
async function changeAttributes(
  { sources: { management } }: ManagementRequest,
  rows: readonly Partial<AttributeRow>[],
): Promise<readonly Change[]> {
  const { channels } = management;
  const owner = must(rows[0]?.owner, 'owner');
  known(
    (await channels.channels()).find(({ name }) => name === owner),
    'channel',
    owner,
  );
  const values: Record<string, string> = {};
  const changes = rows.map((row): Change => {
    if (row.owner !== owner)
      throw new DcuError('invalid-field', 'owner must be the same in all rows', { field: 'owner' });
    const key = keyOf(row);
    const value = must(row.value ?? undefined, 'value');
    if (Object.hasOwn(values, key))
      throw new DcuError('invalid-field', `${key} is written twice`, { field: key });
    values[key] = value;
    const detail = channels.isSecret(key) ? 'replaced' : `value=${value}`;
    return { action: 'channel-attribute.update', subject: `${owner} ${key}`, detail };
  });
  await channels.changeChannelAttributes(owner, values);
  return changes;
}

function keyOf(row: Partial<AttributeRow>): string {
  const key = must(row.key, 'key');
  if (KEY.test(key)) return key;
  throw new DcuError('invalid-field', 'key must be small letters, digits, dot, dash and underscore', {
    field: 'key',
  });
}

async function saveProtocolAttribute(port: ChannelsPort, written: Partial<AttributeRow>): Promise<Change> {
  const owner = must(written.owner, 'owner');
  const key = keyOf(written);
  const value = must(written.value ?? undefined, 'value');
  const before = (await port.protocolAttributes()).find((row) => row.owner === owner && row.key === key);
  const { description = before?.description ?? '' } = written;
  await port.saveProtocolAttribute({ ...before, owner, key, value, description });
  const action = before === undefined ? 'protocol-attribute.create' : 'protocol-attribute.update';
  const detail = port.isSecret(key) ? 'replaced' : `value=${value}`;
  return { action, subject: `${owner} ${key}`, detail };
}
