import { t } from 'elysia';
import { DcuError } from '../../base/errors.ts';
import { type Attribute, type Channel, COMM_TYPES } from '../../base/model.ts';
import { defineRoute, found, idParams } from '../route.ts';
import * as schema from '../schema.ts';

const ownerQuery = t.Object({ owner: t.Optional(t.String({ maxLength: 64 })) });

export const configurationRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/channels',
    right: 'settings.read',
    summary: 'Channels',
    response: schema.list(schema.channel),
    handler: async ({ services }) => ({
      rows: (await services.store.configuration.channels()).map(channelView),
    }),
  }),
  defineRoute({
    method: 'PUT',
    path: '/api/channels/:id',
    right: 'settings.write',
    summary: 'Change a channel',
    params: idParams,
    body: schema.channelBody,
    response: schema.channel,
    handler: async ({ services, params, body, audit }) => {
      const channels = await services.store.configuration.channels();
      const before = found(
        channels.find((channel) => channel.id === params.id),
        'channel',
        params.id,
      );
      const channel = await services.store.configuration.saveChannel({ ...before, ...body });
      await audit('channel.update', before.name, JSON.stringify(body));
      return channelView(channel);
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/channel-attributes',
    right: 'settings.read',
    summary: 'Attributes of channels',
    query: ownerQuery,
    response: schema.list(schema.attribute),
    handler: async ({ services, query }) => ({
      rows: (await services.store.configuration.channelAttributes(ownerOf(query))).map(attributeView),
    }),
  }),
  defineRoute({
    method: 'POST',
    path: '/api/channel-attributes',
    right: 'settings.write',
    summary: 'Add an attribute to a channel',
    body: schema.newAttribute,
    response: schema.attribute,
    handler: async ({ services, body, audit }) => {
      const channels = await services.store.configuration.channels();
      requireOwner(
        body.owner,
        channels.map((channel) => channel.name),
        'channel',
      );
      const attribute = await services.store.configuration.saveChannelAttribute(body);
      await audit(
        'channel-attribute.create',
        `${body.owner} ${body.key}`,
        valueForAudit(body.key, body.value),
      );
      return attributeView(attribute);
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/api/channel-attributes/:id',
    right: 'settings.write',
    summary: 'Change the value of a channel attribute',
    params: idParams,
    body: schema.attributeBody,
    response: schema.attribute,
    handler: async ({ services, params, body, audit }) => {
      const before = attributeOf(await services.store.configuration.channelAttributes(), params.id);
      const attribute = await services.store.configuration.saveChannelAttribute({
        ...before,
        value: body.value,
      });
      await audit(
        'channel-attribute.update',
        `${before.owner} ${before.key}`,
        valueForAudit(before.key, body.value),
      );
      return attributeView(attribute);
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/protocols',
    right: 'settings.read',
    summary: 'Protocols',
    response: schema.list(schema.protocol),
    handler: async ({ services }) => ({
      rows: (await services.store.configuration.protocols()).map((protocol) => ({ ...protocol })),
    }),
  }),
  defineRoute({
    method: 'GET',
    path: '/api/protocol-attributes',
    right: 'settings.read',
    summary: 'Attributes of protocols',
    query: ownerQuery,
    response: schema.list(schema.attribute),
    handler: async ({ services, query }) => ({
      rows: (await services.store.configuration.protocolAttributes(ownerOf(query))).map(attributeView),
    }),
  }),
  defineRoute({
    method: 'POST',
    path: '/api/protocol-attributes',
    right: 'settings.write',
    summary: 'Add an attribute to a protocol',
    body: schema.newAttribute,
    response: schema.attribute,
    handler: async ({ services, body, audit }) => {
      const protocols = await services.store.configuration.protocols();
      requireOwner(
        body.owner,
        protocols.map((protocol) => protocol.name),
        'protocol',
      );
      const attribute = await services.store.configuration.saveProtocolAttribute(body);
      await audit(
        'protocol-attribute.create',
        `${body.owner} ${body.key}`,
        valueForAudit(body.key, body.value),
      );
      return attributeView(attribute);
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/api/protocol-attributes/:id',
    right: 'settings.write',
    summary: 'Change the value of a protocol attribute',
    params: idParams,
    body: schema.attributeBody,
    response: schema.attribute,
    handler: async ({ services, params, body, audit }) => {
      const before = attributeOf(await services.store.configuration.protocolAttributes(), params.id);
      const attribute = await services.store.configuration.saveProtocolAttribute({
        ...before,
        value: body.value,
      });
      await audit(
        'protocol-attribute.update',
        `${before.owner} ${before.key}`,
        valueForAudit(before.key, body.value),
      );
      return attributeView(attribute);
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/settings',
    right: 'settings.read',
    summary: 'System settings; secrets are write-only',
    response: schema.list(schema.setting),
    handler: async ({ services }) => ({
      rows: (await services.store.configuration.settings()).map((setting) => ({
        ...setting,
        ...masked(setting),
      })),
    }),
  }),
  defineRoute({
    method: 'PUT',
    path: '/api/settings/:key',
    right: 'settings.write',
    summary: 'Change a system setting',
    params: t.Object({ key: t.String({ minLength: 1, maxLength: 64 }) }),
    body: schema.attributeBody,
    response: schema.setting,
    handler: async ({ services, params, body, audit }) => {
      const { configuration } = services.store;
      const before = found(
        (await configuration.settings()).find((setting) => setting.key === params.key),
        'setting',
        params.key,
      );
      await configuration.saveSetting(params.key, body.value);
      await audit('setting.update', params.key, valueForAudit(params.key, body.value));
      const setting = { ...before, value: body.value };
      return { ...setting, ...masked(setting) };
    },
  }),
] as const;

const ownerOf = (query: { readonly owner?: string }): string | undefined =>
  query.owner === '' ? undefined : query.owner;

function requireOwner(owner: string, names: readonly string[], kind: string): void {
  if (!names.includes(owner))
    throw new DcuError('invalid-field', `owner must be the name of a ${kind}.`, { field: 'owner' });
}

const masked = ({ key, value }: { readonly key: string; readonly value: string }) => {
  const secret = schema.isSecretKey(key);
  return { secret, stored: value !== '', value: secret ? '' : value };
};

const valueForAudit = (key: string, value: string): string =>
  schema.isSecretKey(key) ? 'replaced' : `value=${value}`;

function attributeOf(rows: readonly Attribute[], id: number): Attribute {
  return found(
    rows.find((row) => row.id === id),
    'attribute',
    id,
  );
}

function attributeView(row: Attribute): typeof schema.attribute.static {
  return { id: row.id, owner: row.owner, key: row.key, description: row.description, ...masked(row) };
}

function channelView(channel: Channel): typeof schema.channel.static {
  return { ...channel, commTypeName: COMM_TYPES[channel.commType] };
}
