import type { Clock } from '../base/clock.ts';
import type { CollectionStore } from '../base/collection.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { CollectionKind } from '../base/model.ts';
import type { Random } from '../base/random.ts';
import { UndoList } from '../base/undo.ts';
import { Blacklist } from '../device/blacklist.ts';
import { BlacklistGuard } from '../device/blacklist-guard.ts';
import { type DeviceIdentity, exchangeFirmwareVersion, readIdentity } from '../device/identity.ts';
import { DeviceLogbook } from '../device/logbook.ts';
import { warmUp } from '../kernels/index.ts';
import type { Discovery } from '../meters/discovery/discovery.ts';
import { ProfileBook } from '../meters/profiles/index.ts';
import { openVault } from '../security/vault.ts';
import { type Defer, lockDataDirectory, openStore } from '../store/index.ts';
import type { Configuration, SecretSealer, Store } from '../store/types.ts';
import { type Collector, createCollector } from '../tasks/collector.ts';
import { validateCron } from '../tasks/cron.ts';
import { createDiscovery } from './discovery.ts';
import { withG3Strangers } from './g3-strangers.ts';
import { LineDirectory } from './lines.ts';
import { watchMeters } from './meter-watch.ts';
import type { ReportedData } from './module-events.ts';
import { tellReturns } from './module-returns.ts';
import type { PlcModules } from './modules.ts';
import { NetworkKeys } from './network-keys.ts';
import { type Plc, startPlc } from './plc.ts';
import { loadProfiles } from './profile-files.ts';
import { watchSecurity } from './security-watch.ts';
import { endRefusedWork, requireStanding } from './standing.ts';
import type { Transports } from './transports.ts';
import { watchedArchive, watchedBlacklist, watchedConfiguration } from './watched-store.ts';

export interface CoreOptions {
  /** Everything that the concentrator knows; made when it is missing. */
  readonly directory: string;
  /** Of the program, e.g. `0.1.0`. */
  readonly version: string;
  /** UTC ms at which the operating system came up. */
  readonly bootedAt: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly transports: Transports;
  /** See `StoreOptions`; a simulated world keeps everything on one thread. */
  readonly thread: 'own' | 'same';
  /** See `StoreOptions`. */
  readonly defer?: Defer;
  /** What stands between collecting and the store: a simulated world has its disk fill up there, and worse. */
  readonly collection?: (store: CollectionStore) => CollectionStore;
  /** What seals secrets; the vault of the directory if not given. */
  readonly sealer?: SecretSealer;
  /** Told of every batch of rows or events once it is on disk. */
  readonly onAcknowledged?: (batch: AcknowledgedBatch) => void;
}

export interface AcknowledgedBatch {
  readonly meterId: number;
  readonly kind: CollectionKind;
  /** UTC ms of each row or event. */
  readonly times: readonly number[];
}

/** The reading side of the concentrator: everything between meters and store, without API, servers and schedule. */
export interface Core {
  /** Tells the parts that keep some of it at hand when meters, channels or settings are changed through it. */
  readonly store: Store;
  readonly collector: Collector;
  /** The PLC modules of the channels that have one. */
  readonly modules: PlcModules;
  readonly plc: Pick<Plc, 'port'>;
  readonly logbook: DeviceLogbook;
  readonly identity: DeviceIdentity;
  /** Whom nobody may talk to; told of every change that is made through `store`. */
  readonly blacklist: BlacklistGuard;
  readonly systemTitle: Uint8Array;
  /** Pre-shared keys of G3-PLC networks. */
  readonly networkKeys: NetworkKeys;
  /** What meters may have for a profile: built in, and `profiles/*.json` of the directory. */
  readonly profiles: ProfileBook;
  /** Looks for devices that nobody has entered. */
  readonly discovery: Discovery;
  /** IANA name of the time zone that days are counted in. */
  zone(): string;
  /** The same store to collect into, telling `onAcknowledged`. */
  readonly collection: CollectionStore;
  /** To be told after each change of meters or their keys. */
  onMetersChanged(listener: () => void): void;
  /** To be told what meters behind PLC modules send by themselves. */
  onReportedData(listener: (data: ReportedData) => void): void;
  /** To be told after each change of a setting. */
  onSettingsChanged(listener: () => Promise<void>): void;
  /**
   * Changes channels. Who watches them is told a moment later, so that whoever has asked for it over one of them has his
   * answer before that is opened anew.
   */
  changeChannels<Result>(change: (configuration: Configuration) => Promise<Result>): Promise<Result>;
  /** To be told after each change of channels and their attributes. */
  onChannelsChanged(listener: () => Promise<void>): void;
  stop(): Promise<void>;
}

/** Whoever is to have an answer first has it by then. */
const ANSWERED_MS = 1000;
/** As many as keep slow cores busy, and as many meters as one PLC module reads at once. */
const MOST_BUSY_LINES = 64 + 128;

/** @throws DcuError `data-directory-locked`, what the store throws */
export async function startCore(options: CoreOptions): Promise<Core> {
  const undo = new UndoList();
  try {
    return await build(options, undo);
  } catch (error) {
    await undo.run();
    throw error;
  }
}

async function build(options: CoreOptions, undo: UndoList): Promise<Core> {
  const { directory, clock, random, log, thread } = options;
  const lock = lockDataDirectory(directory);
  undo.add(() => lock.release());
  warmUp();
  const sealer = options.sealer ?? openVault(directory, random);
  const store = await openStore({
    directory,
    clock,
    random,
    log,
    sealer,
    validateCron,
    lock,
    thread,
    ...(options.defer === undefined ? {} : { defer: options.defer }),
  });
  undo.add(() => store.close());

  const logbook = await recordStart(options, store);
  undo.add(() => logbook.recordStop());

  const identity = await readIdentity(store.configuration, options.version);
  const systemTitle = systemTitleOf(identity.serialNumber);
  let zone = identity.timeZone;

  const blacklist = new BlacklistGuard({ blacklist: new Blacklist(), logbook, clock, log });
  blacklist.replace(await store.blacklist.list());

  const onData: ((data: ReportedData) => void)[] = [];
  const onUsable: ((channel: string, usable: boolean) => void)[] = [];
  const plc = await startPlc({
    store,
    transports: options.transports,
    clock,
    log: log.child('plc'),
    logbook,
    blacklist,
    serialNumber: identity.serialNumber,
    zone: () => zone,
    onUsable: (...change) => {
      for (const tell of onUsable) tell(...change);
    },
    onData: (data) => {
      for (const tell of onData) tell(data);
    },
  });
  undo.add(() => plc.close());
  const { modules } = plc;
  const lines = new LineDirectory(store.configuration, options.transports, modules);
  await lines.reload();
  const collection = withG3Strangers(
    acknowledged(options.collection?.(store.collection) ?? store.collection, options.onAcknowledged),
    { found: store.found, blacklist, logbook, log: log.child('g3') },
  );
  const profiles = new ProfileBook();
  loadProfiles(directory, profiles, log.child('profiles'));
  const collector = createCollector({
    store: collection,
    clock,
    random,
    log: log.child('tasks'),
    openLine: (meter) => {
      requireStanding(meter, blacklist);
      return lines.open(meter);
    },
    zone: () => zone,
    systemTitle,
    profiles,
    maxBusyLines: MOST_BUSY_LINES,
  });
  undo.add(() => collector.stop());
  onUsable.push(tellReturns(collector, () => store.collection.meters(), clock, log));
  const discovery = createDiscovery({
    store,
    collector,
    modules,
    transports: options.transports,
    profiles,
    blacklist,
    logbook,
    clock,
    random,
    log: log.child('discovery'),
  });
  undo.add(() => discovery.stop());
  undo.add(watchSecurity(collector, logbook, log));
  undo.add(watchMeters({ bus: collector.bus, logbook, clock, log }));

  const networkKeys = new NetworkKeys({
    keys: store.networkKeys,
    channels: () => store.configuration.channels(),
    meters: () => store.collection.meters(),
    secrets: (meterId) => store.collection.secrets(meterId),
    states: async () =>
      new Map((await store.collection.contacts()).map(({ meterId, state }) => [meterId, state])),
    level: async (meterId) => (await store.g3.path(meterId))?.detail.way.hops,
    objectOf: (meter) => profiles.get(meter.profile).g3Psk,
    work: (...work) => collector.withSession(...work),
    clock,
    log: log.child('keys'),
    logbook,
  });
  await networkKeys.start();
  undo.add(() => networkKeys.stop());

  const onMeters: (() => void)[] = [];
  const onChannels: (() => Promise<void>)[] = [];
  const onSettings: (() => Promise<void>)[] = [];
  const endRefused = (): Promise<void> =>
    endRefusedWork(collector, () => store.collection.meters(), blacklist);
  let cancelTelling = (): void => {};
  undo.add(() => cancelTelling());
  const channelsChanged = async (): Promise<void> => {
    await modules.reload();
    await lines.reload();
    await collector.linesChanged();
    for (const tell of onChannels) await tell();
  };
  const watchedStore: Store = {
    ...store,
    archive: watchedArchive(store.archive, {
      changed: () => {
        plc.metersChanged();
        for (const tell of onMeters) tell();
      },
      replaced: endRefused,
      readOtherwise: (meterIds) => collector.cancelMeters(meterIds),
      removed: (meterIds) => collector.forget(meterIds),
    }),
    blacklist: watchedBlacklist(store.blacklist, blacklist, async () => {
      await endRefused();
      plc.metersChanged();
    }),
    configuration: watchedConfiguration(store.configuration, {
      channels: channelsChanged,
      settings: async () => {
        zone = (await store.configuration.setting('device.timezone')) ?? 'UTC';
        for (const tell of onSettings) await tell();
      },
    }),
  };
  return {
    store: watchedStore,
    collector,
    modules,
    plc,
    logbook,
    identity,
    networkKeys,
    blacklist,
    systemTitle,
    profiles,
    discovery,
    zone: () => zone,
    collection,
    onMetersChanged: (listener) => {
      onMeters.push(listener);
    },
    onReportedData: (listener) => {
      onData.push(listener);
    },
    onSettingsChanged: (listener) => {
      onSettings.push(listener);
    },
    changeChannels: async (change) => {
      const result = await change(store.configuration);
      cancelTelling();
      cancelTelling = clock.after(ANSWERED_MS, () => {
        channelsChanged().catch((error: unknown) =>
          log.error('a change of channels was not followed', { ...toDcuError(error).toJSON() }),
        );
      });
      return result;
    },
    onChannelsChanged: (listener) => {
      onChannels.push(listener);
    },
    stop: () => undo.run(),
  };
}

async function recordStart(options: CoreOptions, store: Store): Promise<DeviceLogbook> {
  const logbook = new DeviceLogbook({ rows: store.logbook, clock: options.clock });
  const { firmwareVersion } = await readIdentity(store.configuration, options.version);
  const previous = await exchangeFirmwareVersion(store.configuration, firmwareVersion);
  await logbook.recordStart({
    firmwareVersion,
    ...(previous === undefined ? {} : { previousFirmwareVersion: previous }),
    lastShutdownClean: store.lastShutdownClean,
    bootedAt: options.bootedAt,
    ...(store.lastWriteAt === undefined ? {} : { lastAliveAt: store.lastWriteAt }),
  });
  return logbook;
}

function acknowledged(collection: CollectionStore, tell: CoreOptions['onAcknowledged']): CollectionStore {
  if (tell === undefined) return collection;
  return {
    ...collection,
    appendProfile: async (meterId, kind, rows, covered) => {
      const result = await collection.appendProfile(meterId, kind, rows, covered);
      tell({ meterId, kind, times: [...rows.times] });
      return result;
    },
    appendEvents: async (meterId, kind, events, covered) => {
      const result = await collection.appendEvents(meterId, kind, events, covered);
      tell({ meterId, kind, times: events.map(({ time }) => time) });
      return result;
    },
  };
}

/** Three letters and the last ten digits of the serial number as 40 bits (Green Book, system title of eight bytes). */
function systemTitleOf(serialNumber: string): Uint8Array {
  const title = new Uint8Array(8);
  const digits = serialNumber.replaceAll(/\D/g, '').slice(-10);
  new DataView(title.buffer).setBigUint64(0, BigInt(digits === '' ? '0' : digits));
  title.set(new TextEncoder().encode('ODC'));
  return title;
}
