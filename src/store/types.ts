import type { BalanceStore } from '../base/balance.ts';
import type { CollectionStore } from '../base/collection.ts';
import type { OutboxStore } from '../base/outbox.ts';
import type { Accounts } from './account-types.ts';
import type { MeterArchive } from './archive-types.ts';
import type { Configuration } from './configuration-types.ts';
import type { BlacklistStore, FoundDevices } from './device-types.ts';
import type { AuditTrail, Logbook } from './log-types.ts';
import type { G3Ways, NetworkKeyStore, Networks } from './network-types.ts';
import type { Readings } from './reading-types.ts';

export type * from './account-types.ts';
export type * from './archive-types.ts';
export type * from './configuration-types.ts';
export type * from './device-types.ts';
export type * from './log-types.ts';
export type * from './network-types.ts';
export type * from './page.ts';
export type * from './reading-types.ts';

/** The store as the rest of the house sees it. Everything that writes resolves when the change is on disk. */
export interface Store {
  /** Whether the process before this one closed the store in order; false after a crash or power cut. */
  readonly lastShutdownClean: boolean;
  /** UTC ms of the last write before this start: the last sign of life of the process before; undefined for a new store. */
  readonly lastWriteAt: number | undefined;
  readonly archive: MeterArchive;
  readonly configuration: Configuration;
  readonly collection: CollectionStore;
  readonly readings: Readings;
  readonly accounts: Accounts;
  readonly logbook: Logbook;
  readonly audit: AuditTrail;
  readonly blacklist: BlacklistStore;
  readonly found: FoundDevices;
  readonly networks: Networks;
  readonly networkKeys: NetworkKeyStore;
  readonly g3: G3Ways;
  readonly outbox: OutboxStore;
  readonly balances: BalanceStore;
  /** Drops data older than the retention (setting `retention.days`, default 92) in small steps. */
  applyRetention(nowMs: number): Promise<{ readonly rowsDropped: number }>;
  /** Bytes in use and free on the volume. */
  usage(): Promise<{ readonly bytes: number; readonly freeBytes: number }>;
  close(): Promise<void>;
}

/** Encrypts small secrets for their place in the store; `place` must be the same at `open`. */
export interface SecretSealer {
  seal(secret: Uint8Array, place: string): Promise<string>;
  open(sealed: string, place: string): Promise<Uint8Array>;
}
