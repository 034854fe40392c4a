import type { Static } from 'elysia';
import { t } from 'elysia';
import { DcuError } from '../../base/errors.ts';
import { G3_COMM_TYPE, type Meter } from '../../base/model.ts';
import type { ModuleState } from '../modules-port.ts';
import * as schema from '../network-schema.ts';
import { defineRoute, done, ok } from '../route.ts';
import { list } from '../schema.ts';

/** Three rounds of path discovery. */
const G3_SILENCE_MS = 12 * 3_600_000;

/** PLC modules, and the power line networks behind them and of G3. */
export const networkRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/modules',
    right: 'readings.read',
    summary: 'PLC modules: what they are, how they are, and what they do',
    response: list(schema.module),
    handler: ({ services }) => ({ rows: services.modules.list().map(moduleView) }),
  }),
  defineRoute({
    method: 'GET',
    path: '/api/networks/:channel',
    right: 'readings.read',
    summary: 'Nodes of the power line network of a channel, also those that are gone',
    params: schema.channelParams,
    response: schema.network,
    handler: async ({ services: { store }, params: { channel } }) => {
      const [nodes, meters, channels] = await Promise.all([
        store.networks.nodes(channel),
        store.archive.list({ channel }),
        store.configuration.channels(),
      ]);
      const owners = new Map(meters.rows.map((meter) => [addressOf(meter), meter]));
      const lookedAt = nodes.reduce<number | null>(
        (last, { seenAt }) => Math.max(last ?? seenAt, seenAt),
        null,
      );
      // A module shows its network at once; meters of a G3 network tell of themselves one after the other.
      const isG3 = channels.some(({ name, commType }) => name === channel && commType === G3_COMM_TYPE);
      const oldest = (lookedAt ?? 0) - (isG3 ? G3_SILENCE_MS : 0);
      const shown = new Set(nodes.map(({ address }) => address));
      return {
        lookedAt,
        nodes: nodes.map((node) => {
          const owner = owners.get(node.address);
          return {
            ...node,
            detail: withoutTables(node.detail),
            meterId: owner?.id ?? null,
            meterNo: owner?.meterNo ?? null,
            gone: node.seenAt < oldest,
          };
        }),
        absent: [...owners]
          .filter(
            ([address, { enabled, replaced }]) => enabled && replaced === undefined && !shown.has(address),
          )
          .map(([, { id, meterNo }]) => ({ id, meterNo })),
      };
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/networks/:channel/refresh',
    right: 'readings.execute',
    summary: 'Look at the network now',
    params: schema.channelParams,
    response: t.Object({ nodes: t.Integer() }),
    handler: async ({ services, params: { channel }, audit }) => {
      const nodes = await services.modules.refresh(channel);
      await audit('network.refresh', channel, `${nodes} nodes`);
      return { nodes };
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/networks/:channel/discover',
    right: 'meters.write',
    summary: 'Let devices that are in no archive register for some minutes',
    params: schema.channelParams,
    body: schema.discoverBody,
    response: done,
    handler: async ({ services, params: { channel }, body: { minutes }, audit }) => {
      await services.modules.discover(channel, minutes);
      await audit('network.discover', channel, `${minutes} minutes`);
      return ok;
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/api/networks/:channel/discover',
    right: 'meters.write',
    summary: 'No longer let devices register',
    params: schema.channelParams,
    response: done,
    handler: async ({ services, params: { channel }, audit }) => {
      services.modules.endDiscovery(channel);
      await audit('network.discover-end', channel);
      return ok;
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/networks/:channel/band',
    right: 'settings.write',
    summary: 'Change the frequency band; the network forms anew, which takes minutes',
    params: schema.channelParams,
    body: schema.bandBody,
    response: done,
    handler: async ({ services, params: { channel }, body: { band }, audit }) => {
      await services.modules.setBand(channel, band);
      // Kept, so that the next module in the slot gets it too.
      const { configuration } = services.store;
      const kept = (await configuration.channelAttributes(channel)).find(({ key }) => key === 'band');
      await configuration.saveChannelAttribute({
        ...(kept ?? { owner: channel, key: 'band', description: '' }),
        value: String(band),
      });
      await audit('network.band', channel, `band=${band}`);
      return ok;
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/modules/:channel/firmware',
    right: 'settings.write',
    summary: 'Hand a firmware image to the module; GET /api/modules tells how far it is',
    params: schema.channelParams,
    body: schema.firmwareBody,
    response: t.Object({ bytes: t.Integer() }),
    handler: async ({ services, params: { channel }, body: { image, target }, audit }) => {
      const bytes = imageOf(image);
      services.modules.upgrade(channel, bytes, target);
      const digest = new Bun.CryptoHasher('sha256').update(bytes).digest('hex');
      await audit('module.firmware', channel, `${bytes.length} bytes for ${target}, SHA-256 ${digest}`);
      return { bytes: bytes.length };
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/api/modules/:channel/firmware',
    right: 'settings.write',
    summary: 'Stop handing the image over',
    params: schema.channelParams,
    response: done,
    handler: async ({ services, params: { channel }, audit }) => {
      if (!services.modules.cancelUpgrade(channel)) {
        throw new DcuError('not-found', `No upgrade of ${channel} is under way.`);
      }
      await audit('module.firmware-cancel', channel);
      return ok;
    },
  }),
] as const;

/** As the networks name a meter: the address of its communication unit, or its number. */
function addressOf({ meterNo, address }: Pick<Meter, 'meterNo' | 'address'>): string {
  return address.host === undefined ? (address.node ?? meterNo).padStart(12, '0') : meterNo;
}

/** Rows by the hundred, of thousands of nodes, are nothing for a list. */
function withoutTables(detail: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(detail).filter(([, value]) => !Array.isArray(value)));
}

function imageOf(text: string): Uint8Array {
  try {
    const bytes = Uint8Array.fromBase64(text);
    if (bytes.length > 0 && bytes.length <= schema.LONGEST_IMAGE) return bytes;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new DcuError('invalid-field', `The image must be 1 to ${schema.LONGEST_IMAGE} bytes in Base64.`, {
    field: 'image',
  });
}

const troubleOf = (error: DcuError | null | undefined) =>
  error === null || error === undefined ? null : { code: error.code, message: error.message };

function moduleView(module: ModuleState): Static<typeof schema.module> {
  const { ready, upgrade, network } = module;
  const told = ready?.version ?? ready?.mode;
  return {
    channel: module.channel,
    state: module.state,
    trouble: troubleOf(module.trouble),
    version:
      told === undefined
        ? null
        : { vendor: told.vendor, chip: told.chip, date: told.date, version: told.version },
    edition: ready?.edition ?? null,
    baudRate: ready?.baudRate ?? null,
    maxFrame: ready?.mode?.maxFrame ?? null,
    maxNodes: ready?.mode?.maxNodes ?? null,
    archive: module.archive,
    traffic: { ...module.traffic },
    counters: { ...module.counters },
    line: { ...module.line },
    searching: module.searching,
    searchingUntil: module.searchingUntil,
    network: { lookedAt: network.lookedAt, looking: network.looking, trouble: troubleOf(network.error) },
    upgrade: upgrade === null ? null : upgradeView(upgrade),
  };
}

function upgradeView({ error, ...rest }: NonNullable<ModuleState['upgrade']>) {
  return { ...rest, trouble: troubleOf(error) };
}
