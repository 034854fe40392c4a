import { hostname, networkInterfaces } from 'node:os';
import { createApi } from './api/app.ts';
import { accountAuth, profileCatalogue, zonedCron } from './api/ports.ts';
import { serveHttps } from './api/serve.ts';
import type { ApiServices } from './api/services.ts';
import { uiAssets } from './api/ui-assets.gen.ts';
import type { Clock } from './base/clock.ts';
import type { CollectionStore } from './base/collection.ts';
import type { Log } from './base/log.ts';
import type { CollectionKind } from './base/model.ts';
import type { Random } from './base/random.ts';
import { UndoList } from './base/undo.ts';
import { LineDirectory } from './concentrator/lines.ts';
import { PushChannels } from './concentrator/push-channels.ts';
import { watchSecurity } from './concentrator/security-watch.ts';
import { exchangeFirmwareVersion, readIdentity } from './device/identity.ts';
import { DeviceLogbook } from './device/logbook.ts';
import { warmUp } from './kernels/index.ts';
import { PushIntake } from './meters/push/intake.ts';
import { AccountService } from './security/accounts.ts';
import { serverCertificate } from './security/certificate.ts';
import { openVault } from './security/vault.ts';
import { lockDataDirectory, openStore } from './store/index.ts';
import type { Configuration, MeterArchive, Store } from './store/types.ts';
import { type Collector, createCollector } from './tasks/collector.ts';
import { validateCron } from './tasks/cron.ts';

export interface ConcentratorOptions {
  /** Everything that the concentrator knows; made when it is missing. */
  readonly directory: string;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Of the program, e.g. `0.1.0`. */
  readonly version: string;
  /** UTC ms at which the operating system came up. */
  readonly bootedAt: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** False: nothing fires by itself, only what is asked for is read. */
  readonly schedule: boolean;
  /** Told of every batch of rows or events once it is on disk. */
  readonly onAcknowledged?: (batch: AcknowledgedBatch) => void;
}

export interface AcknowledgedBatch {
  readonly meterId: number;
  readonly kind: CollectionKind;
  /** UTC ms of each row or event. */
  readonly times: readonly number[];
}

export interface Concentrator {
  /** `https://host:port` */
  readonly url: string;
  /** SHA-256 of the certificate, as browsers show it. */
  readonly fingerprint: string;
  /** The administrator with a new password; given at each start until somebody has chosen one. */
  readonly firstAccount: { readonly name: string; readonly password: string } | undefined;
  readonly store: Store;
  readonly collector: Collector;
  /** The channels that listen for pushed data, and what became of it. */
  readonly pushed: { readonly channels: PushChannels; readonly intake: PushIntake };
  /** Ends the API, then reading in an orderly way, then the store; one that fails does not keep the others open. */
  stop(): Promise<void>;
}

const RETENTION_EVERY_MS = 6 * 3_600_000;

/**
 * Builds every part, hands each what it needs, and starts them.
 * @throws DcuError `data-directory-locked` (with the pid of the other), `channel-open-failed` (port taken), what the store throws
 */
export async function startConcentrator(options: ConcentratorOptions): Promise<Concentrator> {
  const { directory, clock, random, log } = options;
  const undo = new UndoList();
  try {
    const lock = lockDataDirectory(directory);
    undo.add(() => lock.release());
    warmUp();
    const vault = openVault(directory, random);
    const store = await openStore({
      directory,
      clock,
      random,
      log,
      sealer: vault,
      validateCron,
      lock,
      thread: 'own',
    });
    undo.add(() => store.close());

    const logbook = await recordStart(options, store);
    undo.add(() => logbook.recordStop());

    const accounts = new AccountService({
      rows: store.accounts,
      clock,
      random,
      maxFailures: async () => Number((await store.configuration.setting('login.attempts')) ?? 5),
    });
    const firstAccount = await accounts.offerFirst();
    const identity = await readIdentity(store.configuration, options.version);
    let zone = identity.timeZone;

    const lines = new LineDirectory(store.configuration, clock);
    await lines.reload();
    const collector = createCollector({
      store: acknowledged(store.collection, options.onAcknowledged),
      clock,
      random,
      log: log.child('tasks'),
      openLine: (meter) => lines.open(meter),
      zone: () => zone,
      systemTitle: systemTitleOf(identity.serialNumber),
    });
    undo.add(() => collector.stop());
    undo.add(watchSecurity(collector, logbook, log));

    const pushed = await startPushed(options, store, logbook, systemTitleOf(identity.serialNumber));
    undo.add(() => pushed.intake.settled());
    undo.add(() => pushed.channels.close());

    const watchedStore: Store = {
      ...store,
      archive: watchedArchive(store.archive, () => pushed.intake.metersChanged()),
      configuration: watched(store.configuration, {
        channels: async () => {
          await lines.reload();
          await collector.linesChanged();
          await pushed.channels.reload();
        },
        settings: async () => {
          zone = (await store.configuration.setting('device.timezone')) ?? 'UTC';
        },
      }),
    };
    const services: ApiServices = {
      store: watchedStore,
      auth: accountAuth(accounts),
      collector,
      device: {
        serialNumber: identity.serialNumber,
        version: identity.firmwareVersion,
        zone: () => zone,
      },
      cron: zonedCron(() => zone),
      catalogue: profileCatalogue,
      clock,
      log,
    };
    const certificate = await serverCertificate({
      directory,
      clock,
      random,
      names: ownNames(options.host),
      commonName: `OpenDCU ${identity.serialNumber}`,
    });
    const server = serveHttps({
      app: createApi(services, { ui: uiAssets }),
      host: options.host,
      port: options.port,
      tls: { key: certificate.privateKey, certificate: certificate.certificate },
    });
    undo.add(() => server.stop());

    undo.add(keepRetention(store, clock, log));
    if (options.schedule) await collector.start();
    return {
      url: server.url,
      fingerprint: certificate.fingerprint,
      firstAccount,
      store: watchedStore,
      collector,
      pushed,
      stop: () => undo.run(),
    };
  } catch (error) {
    await undo.run();
    throw error;
  }
}

async function recordStart(options: ConcentratorOptions, store: Store): Promise<DeviceLogbook> {
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

/** Marks the title of the receiver of pushes; serial numbers leave these bits free. */
const RECEIVER_MARK = 0x80;

async function startPushed(
  { clock, random, log, onAcknowledged }: ConcentratorOptions,
  store: Store,
  logbook: DeviceLogbook,
  ownTitle: Uint8Array,
): Promise<{ readonly channels: PushChannels; readonly intake: PushIntake }> {
  const own = log.child('push');
  const channels = new PushChannels({
    configuration: store.configuration,
    clock,
    log: own,
    record: (type, detail) => {
      logbook
        .record(type, detail)
        .catch((error: unknown) => own.error('the logbook could not be written', { error: String(error) }));
    },
  });
  const intake = new PushIntake({
    store: acknowledged(store.collection, onAcknowledged),
    registers: (meterId) => store.readings.registers(meterId),
    random,
    systemTitle: ownTitle.map((byte, i) => (i === 3 ? byte | RECEIVER_MARK : byte)),
    onRefused: (refused) => channels.refused(refused),
  });
  await channels.start(intake);
  return { channels, intake };
}

/** The archive, telling when meters or their keys have changed. */
function watchedArchive(archive: MeterArchive, changed: () => void): MeterArchive {
  const told = async <Result>(change: Promise<Result>): Promise<Result> => {
    const result = await change;
    changed();
    return result;
  };
  return {
    ...archive,
    create: (...meter) => told(archive.create(...meter)),
    update: (...change) => told(archive.update(...change)),
    remove: (id) => told(archive.remove(id)),
  };
}

/** The configuration, telling the parts that keep some of it at hand when that has changed. */
function watched(
  configuration: Configuration,
  changed: { readonly channels: () => Promise<void>; readonly settings: () => Promise<void> },
): Configuration {
  return {
    ...configuration,
    saveChannel: async (channel) => {
      const saved = await configuration.saveChannel(channel);
      await changed.channels();
      return saved;
    },
    saveChannelAttribute: async (attribute) => {
      const saved = await configuration.saveChannelAttribute(attribute);
      await changed.channels();
      return saved;
    },
    saveSetting: async (key, value) => {
      await configuration.saveSetting(key, value);
      await changed.settings();
    },
  };
}

function acknowledged(
  collection: CollectionStore,
  tell: ConcentratorOptions['onAcknowledged'],
): CollectionStore {
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

/** Drops old data at start and four times a day. */
function keepRetention(store: Store, clock: Clock, log: Log): () => void {
  let cancel: () => void = () => {};
  const run = (): void => {
    store
      .applyRetention(clock.now())
      .then(({ rowsDropped }) => {
        if (rowsDropped > 0) log.info('old data dropped', { rows: rowsDropped });
      })
      .catch((error: unknown) => log.error('old data could not be dropped', { error: String(error) }));
    cancel = clock.after(RETENTION_EVERY_MS, run);
  };
  cancel = clock.after(60_000, run);
  return () => cancel();
}

/** Three letters and the last ten digits of the serial number as 40 bits (Green Book, system title of eight bytes). */
function systemTitleOf(serialNumber: string): Uint8Array {
  const title = new Uint8Array(8);
  const digits = serialNumber.replaceAll(/\D/g, '').slice(-10);
  new DataView(title.buffer).setBigUint64(0, BigInt(digits === '' ? '0' : digits));
  title.set(new TextEncoder().encode('ODC'));
  return title;
}

/** What the certificate is valid for: this machine's names and addresses. */
function ownNames(host: string): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap(
    (list) => list?.map(({ address }) => address) ?? [],
  );
  const own = host === '0.0.0.0' || host === '::' ? [] : [host];
  return [
    ...new Set([
      'localhost',
      '127.0.0.1',
      '::1',
      hostname(),
      ...own,
      ...addresses.filter((a) => !a.includes('%')),
    ]),
  ];
}
