import { arch, cpus, hostname, release, type } from 'node:os';
import { isSecretKey } from '../api/schema-parts.ts';
import type { Clock } from '../base/clock.ts';
import type { SharedImageTransfer } from '../headend/management/firmware.ts';
import type { LogbookPort } from '../headend/management/ports.ts';
import { Refusals } from '../headend/management/refusals.ts';
import type { Management } from '../headend/ports.ts';
import type { PushSetupsPort } from '../headend/push/setup-port.ts';
import type { ClockParts } from './clock.ts';
import type { Core } from './core.ts';
import { hesArchive } from './hes-archive.ts';
import { nameServers, ownInterfaces } from './own-network.ts';

export interface ManagementOptions {
  readonly clock: Clock;
  readonly clockParts: ClockParts;
  readonly imageTransfer: SharedImageTransfer;
  readonly pushSetups: PushSetupsPort;
  /** Where a channel listens; undefined while it is closed. */
  readonly port: (channel: string) => number | undefined;
  readonly mostConnections: number;
  readonly idleTimeoutMs: number;
}

const MANUFACTURER = 'OpenDCU';
const PRODUCT = 'Data concentrator';
/** Channels on which somebody dials in, in the order of the objects that stand for them. */
const LISTENERS = ['tcp_server', 'tcp_server_gui', 'tcp_server_im'];
const EVENT_FILTER = 'hes.events';
/** More subjects of one change are told by their number. */
const MOST_SUBJECTS = 10;

type ManagementCore = Pick<Core, 'store' | 'plc' | 'logbook' | 'identity' | 'systemTitle' | 'changeChannels'>;

/** What the concentrator is to head-ends: the very settings, archive and logbook that the GUI shows and changes. */
export function managementOf(core: ManagementCore, options: ManagementOptions): Management {
  const { store, plc, logbook, identity, systemTitle, changeChannels } = core;
  const { clock, clockParts, imageTransfer, pushSetups, port, mostConnections, idleTimeoutMs } = options;
  const { configuration } = store;
  return {
    serialNumber: identity.serialNumber,
    firmwareVersion: identity.firmwareVersion,
    imageTransfer,
    pushSetups,
    identity: {
      manufacturer: MANUFACTURER,
      product: PRODUCT,
      systemTitle,
      hostName: hostname(),
      machine: `${arch()} ${cpus()[0]?.model ?? ''}`.trim(),
      operatingSystem: `${type()} ${release()}`,
      get hardwareAddress() {
        const [first] = ownInterfaces();
        return [...(first?.hardwareAddress ?? [])]
          .map((byte) => byte.toString(16).padStart(2, '0'))
          .join(':');
      },
      runtime: `Bun ${Bun.version}`,
      modules: () =>
        plc.port.list().flatMap(({ channel, ready }) => {
          if (ready?.version === undefined) return [];
          const { vendor, chip, version, date } = ready.version;
          return [{ channel, firmware: `${vendor} ${chip} ${version} ${date}` }];
        }),
    },
    clock: {
      get state() {
        return clockParts.sync.state;
      },
      set: (utcMs, who) => clockParts.sync.setBy('hes', utcMs, who),
      get preset() {
        return clockParts.sync.preset;
      },
      set preset(preset) {
        clockParts.sync.preset = preset;
      },
    },
    ntp: {
      settings: async () => ({
        host: (await configuration.setting('ntp.server')) ?? '',
        port: Number(await configuration.setting('ntp.port')),
      }),
      synchronise: () => clockParts.ntp.synchronise(),
    },
    logbook: logbookPort(core),
    settings: {
      rows: async () =>
        (await configuration.settings()).map(({ key, value, description }) => ({
          key,
          value: shown(key, value),
          description,
        })),
      change: (values) => configuration.changeSettings(values),
    },
    channels: {
      channels: () => configuration.channels(),
      saveChannel: (channel) => changeChannels((quiet) => quiet.saveChannel(channel)),
      channelAttributes: async () =>
        (await configuration.channelAttributes()).map(({ owner, key, value, description }) => ({
          owner,
          key,
          value: shown(key, value),
          description,
        })),
      changeChannelAttributes: (channel, values) =>
        changeChannels((quiet) => quiet.changeChannelAttributes(channel, values)),
      protocols: () => configuration.protocols(),
      protocolAttributes: () => configuration.protocolAttributes(),
      saveProtocolAttribute: (attribute) => changeChannels((quiet) => quiet.saveProtocolAttribute(attribute)),
      isSecret: isSecretKey,
    },
    tasks: configuration,
    blacklist: store.blacklist,
    meterList: hesArchive(store, clock),
    network: {
      interfaces: ownInterfaces,
      nameServers,
      listeners: LISTENERS,
      mostConnections,
      idleTimeoutS: idleTimeoutMs / 1000,
      port,
      setPort: (channel, value) =>
        changeChannels((quiet) => quiet.changeChannelAttributes(channel, { port: String(value) })),
    },
    modem: { state: () => undefined },
    recorder: {
      changed: async (changes, actor) => {
        const time = clock.now();
        for (const change of changes) await store.audit.record({ time, actor, ...change });
        const subjects = changes.map(({ subject }) => subject);
        const told = subjects.slice(0, MOST_SUBJECTS);
        const others = subjects.length - told.length;
        await logbook.recordParameters([...told, ...(others > 0 ? [`${others} more`] : [])], actor);
      },
    },
    refusals: new Refusals(),
  };
}

/** Secrets are not shown, nor whether there is one. */
const shown = (key: string, value: string): string | null => (isSecretKey(key) ? null : value);

function logbookPort({ store, logbook }: ManagementCore): LogbookPort {
  const filter = async (): Promise<readonly string[]> =>
    ((await store.configuration.setting(EVENT_FILTER)) ?? '').split(',').filter((one) => one !== '');
  return {
    entries: async (limit, types) => (await store.logbook.list({ limit, offset: 0, types })).rows,
    counts: () => store.logbook.counts(),
    types: () => logbook.types,
    filter,
    setFilter: async (types) => {
      logbook.requireTypes(types);
      await store.configuration.saveSetting(EVENT_FILTER, [...new Set(types)].join(','));
    },
    clearRefused: (actor) => logbook.record('logbook-clear-refused', actor),
  };
}
