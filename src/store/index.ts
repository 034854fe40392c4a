import { statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { createAccess } from './access.ts';
import { createArchive } from './archive.ts';
import { createBalances } from './balances.ts';
import { createCollection } from './collection.ts';
import { createConfiguration } from './configuration.ts';
import { createDevices } from './devices.ts';
import type { Executor } from './executor.ts';
import { type Defer, LocalExecutor } from './local-executor.ts';
import { type DirectoryLock, lockDataDirectory } from './lock.ts';
import { createNetworkKeys } from './network-keys.ts';
import { DATABASE_FILE, type OpenedDatabase, openDatabase } from './open-database.ts';
import { createOutbox } from './outbox.ts';
import { createReadings } from './readings.ts';
import { remembering } from './remembered.ts';
import { moveHesSecrets } from './secret-attributes.ts';
import { ThreadExecutor } from './thread-executor.ts';
import type { SecretSealer, Store } from './types.ts';

export type { Defer } from './local-executor.ts';
export { type DirectoryLock, lockDataDirectory } from './lock.ts';

export interface StoreOptions {
  /** Data directory; made when it is missing. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** Seals meter secrets and secret settings; `security/vault.ts` has one. */
  readonly sealer: SecretSealer;
  /** @throws DcuError `invalid-cron` */
  readonly validateCron: (text: string) => void;
  /** The directory's lock when the caller holds it already; else it is taken and given back with the store. */
  readonly lock?: DirectoryLock;
  /**
   * Where the database runs: on a thread of its own (the product), or on the caller's (default), where everything happens in the same
   * order every time, as a simulated world needs.
   */
  readonly thread?: 'own' | 'same';
  /** On the same thread: runs a commit a little later; a simulated world says how slow its disk is. As soon as possible if not given. */
  readonly defer?: Defer;
}

/** How long one transaction goes on taking writes that wait. */
const GROUP_MS = 2;

/**
 * Opens the store of a data directory: locks it, checks the file when it was not closed in order, migrates, seeds the defaults.
 * @throws DcuError `data-directory-locked`, `storage-corrupt`, `storage-full`, `storage-failed`, `migration-failed`
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { directory, random } = options;
  const log = options.log.child('store');
  const lock = options.lock ?? lockDataDirectory(directory);
  const release = (): void => {
    if (options.lock === undefined) lock.release();
  };
  let executor: Executor | undefined;
  try {
    const opened = await openExecutor(options);
    executor = remembering(opened.executor);
    if (!opened.before.lastShutdownClean) {
      log.warn('the last shutdown was not clean; the database was checked and is sound');
    }
    await executor.write('seedDefaults', serialNumber(random), systemTimeZone());
    await moveHesSecrets(executor, options.sealer);
    return createStore(executor, options, opened.before, release);
  } catch (error) {
    await executor?.close();
    release();
    throw error;
  }
}

type Before = Omit<OpenedDatabase, 'db'>;

async function openExecutor({
  directory,
  clock,
  thread,
  defer,
}: StoreOptions): Promise<{ readonly executor: Executor; readonly before: Before }> {
  if (thread === 'own') return ThreadExecutor.open(directory, clock.now());
  const { db, ...before } = await openDatabase(directory, clock.now());
  return { executor: new LocalExecutor(db, () => clock.monotonicMs(), GROUP_MS, defer), before };
}

function createStore(executor: Executor, options: StoreOptions, before: Before, release: () => void): Store {
  const { directory, clock, sealer } = options;
  const configuration = createConfiguration(executor, sealer, options.validateCron);
  return {
    ...before,
    archive: createArchive(executor, sealer, clock),
    configuration,
    collection: createCollection(executor, sealer, clock),
    readings: createReadings(executor),
    networkKeys: createNetworkKeys(executor, sealer, clock),
    outbox: createOutbox(executor, clock),
    balances: createBalances(executor, clock),
    g3: { path: (meterId) => executor.read('readG3Path', meterId) },
    networks: {
      nodes: (channel) => executor.read('listNetworkNodes', channel),
      saveNodes: (channel, nodes, seenAt) => executor.write('saveNetworkNodes', channel, nodes, seenAt),
    },
    ...createAccess(executor),
    ...createDevices(executor, clock),
    applyRetention: (nowMs) => applyRetention(executor, configuration, nowMs),
    usage: async () => usageOf(directory),
    close: async () => {
      try {
        await executor.close();
      } finally {
        release();
      }
    },
  };
}

const DAY_MS = 86_400_000;
/** Chunks and rows that one step of the retention drops. */
const RETENTION_STEP = 64;

async function applyRetention(
  executor: Executor,
  configuration: Store['configuration'],
  nowMs: number,
): Promise<{ readonly rowsDropped: number }> {
  const days = async (key: string, otherwise: number): Promise<number> =>
    Number((await configuration.setting(key)) ?? otherwise);
  const profilesBeforeMs = nowMs - (await days('retention.days', 92)) * DAY_MS;
  const othersBeforeMs = nowMs - (await days('retention.long.days', 420)) * DAY_MS;
  let rowsDropped = 0;
  for (;;) {
    const step = await executor.write('dropOld', profilesBeforeMs, othersBeforeMs, RETENTION_STEP);
    rowsDropped += step.rowsDropped;
    if (step.done) return { rowsDropped };
  }
}

function usageOf(directory: string): { readonly bytes: number; readonly freeBytes: number } {
  const path = join(directory, DATABASE_FILE);
  const bytes = [path, `${path}-wal`].reduce(
    (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
  const volume = statfsSync(directory);
  return { bytes, freeBytes: volume.bavail * volume.bsize };
}

/** Ten digits, the first not 0. */
function serialNumber(random: Random): string {
  const digits = Array.from(random.bytes(10), (byte) => byte % 10);
  return `${((digits[0] ?? 0) % 9) + 1}${digits.slice(1).join('')}`;
}

function systemTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}
