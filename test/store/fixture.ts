import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { CaptureColumn, ColumnValues, NewMeter, ProfileRows } from '../../src/base/model.ts';
import { systemRandom } from '../../src/base/random.ts';
import { openVault } from '../../src/security/vault.ts';
import { openStore, type StoreOptions } from '../../src/store/index.ts';
import type { MeterRow, Store } from '../../src/store/types.ts';

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'store-'));
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

export function openTestStore(directory: string, options: Partial<StoreOptions> = {}): Promise<Store> {
  return openStore({
    directory,
    clock: systemClock,
    log: silentLog,
    random: systemRandom,
    sealer: openVault(directory, systemRandom),
    validateCron: () => {},
    ...options,
  });
}

/** A host for each MeterNo, for no two meters may answer at one address. */
function hostOf(meterNo: string): string {
  const hash = Bun.hash.xxHash32(meterNo);
  return `127.${[16, 8, 0].map((shift) => (hash >>> shift) & 0xff).join('.')}`;
}

export function newMeter(meterNo: string, change: Partial<NewMeter> = {}): NewMeter {
  return {
    meterNo,
    enabled: true,
    mac: -1,
    channel: 'tcp_meters',
    meterType: 1,
    phase: 1,
    credit: 1,
    task: 'single_phase',
    prepaid: 255,
    wiring: 0,
    profile: 'generic',
    address: {
      framing: 'wrapper',
      host: hostOf(meterNo),
      port: 4059,
      clientAddress: 16,
      serverAddress: 1,
      addressBytes: 1,
    },
    security: { auth: 'none', policy: 'none' },
    ...change,
  };
}

export function createMeter(
  store: Store,
  meterNo: string,
  change: Partial<NewMeter> = {},
): Promise<MeterRow> {
  return store.archive.create(newMeter(meterNo, change), {});
}

export const QUARTER_MS = 900_000;
export const DAY_MS = 86_400_000;

export function column(obis: string, change: Partial<CaptureColumn> = {}): CaptureColumn {
  return { classId: 3, obis, attribute: 2, dataIndex: 0, scaler: 0, unit: 30, ...change };
}

export const numbers = (...values: number[]): ColumnValues => ({
  kind: 'number',
  values: Float64Array.from(values),
});

/** Rows of one or more columns at the given times. */
export function profileRows(
  times: readonly number[],
  values: readonly ColumnValues[],
  columns: readonly CaptureColumn[] = values.map((_, i) => column(`1.0.${i + 1}.8.0.255`)),
): ProfileRows {
  return {
    columns,
    times: Float64Array.from(times),
    clockStatus: new Uint8Array(times.length),
    values,
  };
}

/** A profile as plain arrays, null-data as null: typed arrays with NaN do not compare. */
export function plain(rows: ProfileRows | undefined): unknown {
  if (rows === undefined) return undefined;
  return {
    columns: rows.columns,
    times: [...rows.times],
    clockStatus: [...rows.clockStatus],
    values: rows.values.map(({ kind, values }) => ({
      kind,
      values: [...values].map((value) => (value === undefined || Number.isNaN(value) ? null : value)),
    })),
  };
}
