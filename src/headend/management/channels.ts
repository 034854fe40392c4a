import { DcuError } from '../../base/errors.ts';
import type { Channel } from '../../base/model.ts';
import { list } from './changes.ts';
import { flag, known, type ListColumn, listData, must, text, WrittenRow, whole } from './columns.ts';
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

const CHANNEL_COLUMNS: readonly ListColumn<Channel>[] = [
  text('name', ({ name }) => name),
  text('protocol', ({ protocol }) => protocol),
  text('task', ({ task }) => task),
  flag('enabled', ({ enabled }) => enabled),
  whole('readTimeoutS', ({ readTimeoutS }) => readTimeoutS),
  whole('writeTimeoutS', ({ writeTimeoutS }) => writeTimeoutS),
  text('description', ({ description }) => description),
  whole('commType', ({ commType }) => commType),
];
const ATTRIBUTE_COLUMNS: readonly ListColumn<AttributeRow>[] = [
  text('owner', ({ owner }) => owner),
  text('key', ({ key }) => key),
  text('value', ({ value }) => value),
  text('description', ({ description }) => description),
];
const PROTOCOL_COLUMNS: readonly ListColumn<ProtocolRow>[] = [
  text('name', ({ name }) => name),
  text('direction', ({ direction }) => direction),
  text('description', ({ description }) => description),
];

export const channelsGroup: ManagementGroup = {
  objects: (at) => {
    const { channels } = at.sources.management;
    return [
      list(
        at,
        CHANNELS,
        async () => listData(CHANNEL_COLUMNS, await channels.channels()),
        async (data) => saveChannel(channels, new WrittenRow(CHANNEL_COLUMNS, onlyRowOf(data))),
      ),
      list(
        at,
        CHANNEL_ATTRIBUTES,
        async () => listData(ATTRIBUTE_COLUMNS, await channels.channelAttributes()),
        async (data) => {
          const rows = rowsOf(data).map((row) => new WrittenRow(ATTRIBUTE_COLUMNS, row));
          return changeAttributes(at, rows);
        },
      ),
      list(at, PROTOCOLS, async () => listData(PROTOCOL_COLUMNS, await channels.protocols())),
      list(
        at,
        PROTOCOL_ATTRIBUTES,
        async () => listData(ATTRIBUTE_COLUMNS, await channels.protocolAttributes()),
        async (data) => saveProtocolAttribute(channels, new WrittenRow(ATTRIBUTE_COLUMNS, onlyRowOf(data))),
      ),
    ];
  },
};

async function saveChannel(port: ChannelsPort, row: WrittenRow): Promise<Change> {
  const name = must(row.text('name'), 'name');
  const before = known(
    (await port.channels()).find((channel) => channel.name === name),
    'channel',
    name,
  );
  if ((row.whole('commType') ?? before.commType) !== before.commType) {
    throw new DcuError('invalid-field', 'commType of a channel does not change', { field: 'commType' });
  }
  await port.saveChannel({
    ...before,
    protocol: row.text('protocol') ?? before.protocol,
    task: row.text('task') ?? before.task,
    enabled: row.flag('enabled') ?? before.enabled,
    readTimeoutS: row.whole('readTimeoutS') ?? before.readTimeoutS,
    writeTimeoutS: row.whole('writeTimeoutS') ?? before.writeTimeoutS,
    description: row.text('description') ?? before.description,
  });
  return { action: 'channel.update', subject: name, detail: String(row) };
}

/** One channel at a time: what belongs to it is changed as one. */
async function changeAttributes(
  { sources: { management } }: ManagementRequest,
  rows: readonly WrittenRow[],
): Promise<readonly Change[]> {
  const { channels } = management;
  const owner = must(rows[0]?.text('owner'), 'owner');
  known(
    (await channels.channels()).find(({ name }) => name === owner),
    'channel',
    owner,
  );
  const values: Record<string, string> = {};
  const changes = rows.map((row): Change => {
    if (row.text('owner') !== owner)
      throw new DcuError('invalid-field', 'owner must be the same in all rows', { field: 'owner' });
    const key = keyOf(row);
    const value = must(row.text('value'), 'value');
    if (Object.hasOwn(values, key))
      throw new DcuError('invalid-field', `${key} is written twice`, { field: key });
    values[key] = value;
    const detail = channels.isSecret(key) ? 'replaced' : `value=${value}`;
    return { action: 'channel-attribute.update', subject: `${owner} ${key}`, detail };
  });
  await channels.changeChannelAttributes(owner, values);
  return changes;
}

function keyOf(row: WrittenRow): string {
  const key = must(row.text('key'), 'key');
  if (KEY.test(key)) return key;
  throw new DcuError('invalid-field', 'key must be small letters, digits, dot, dash and underscore', {
    field: 'key',
  });
}

async function saveProtocolAttribute(port: ChannelsPort, row: WrittenRow): Promise<Change> {
  const owner = must(row.text('owner'), 'owner');
  const key = keyOf(row);
  const value = must(row.text('value'), 'value');
  const before = (await port.protocolAttributes()).find((one) => one.owner === owner && one.key === key);
  const description = row.text('description') ?? before?.description ?? '';
  await port.saveProtocolAttribute({ ...before, owner, key, value, description });
  const action = before === undefined ? 'protocol-attribute.create' : 'protocol-attribute.update';
  const detail = port.isSecret(key) ? 'replaced' : `value=${value}`;
  return { action, subject: `${owner} ${key}`, detail };
}
