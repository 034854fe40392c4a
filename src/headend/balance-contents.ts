import { type BalanceInterval, type Balances, balanceOf, phaseBalances } from '../base/balance.ts';
import type { ByteWriter } from '../base/bytes.ts';
import type { Interval } from '../base/model.ts';
import { DATA_TAGS } from '../dlms/axdr-types.ts';
import type { CaptureObject } from '../dlms/client.ts';
import { type CosemObject, constant } from '../dlms/cosem/cosem-object.ts';
import type { DlmsData } from '../dlms/data.ts';
import { scalerUnit, u32 } from '../dlms/values.ts';
import { NO_ROWS, type Table, tableProfile } from './table-profile.ts';
import type { ZoneTimes } from './zone-times.ts';

/**
 * The balance of a transformer in the logical device of its balance meter. Value group B is in the manufacturer's range: 128 = through
 * the balance meter, 129 = of the meters below, 130 = balance. Value group D 29 = energy of the interval (time integral 5).
 */
export const BALANCE_PROFILE = '0.128.99.1.0.255';

const WH = 30;
const DATA = 1;
const REGISTER = 3;
const VALUE = 2;

interface Quantity {
  readonly obis: string;
  /** Undefined = not known. */
  readonly of: (interval: BalanceInterval) => number | undefined;
}

/** Data objects: meters below, and those that are in the sums. */
const COUNTS: readonly Quantity[] = [
  { obis: '0.128.96.1.1.255', of: ({ expected }) => expected },
  { obis: '0.128.96.1.2.255', of: ({ counted }) => counted },
];

/** Registers; C = 16, 36, 56, 76: import minus export of all phases, L1, L2, L3. */
const ENERGIES: readonly Quantity[] = [
  { obis: '1.130.16.29.0.255', of: balanceOf },
  { obis: '1.128.1.29.0.255', of: ({ imported }) => imported },
  { obis: '1.128.2.29.0.255', of: ({ exported }) => exported },
  { obis: '1.129.1.29.0.255', of: ({ consumed }) => consumed },
  { obis: '1.129.2.29.0.255', of: ({ fed }) => fed },
  { obis: '1.130.36.29.0.255', of: (interval) => phaseBalances(interval)?.[0] },
  { obis: '1.130.56.29.0.255', of: (interval) => phaseBalances(interval)?.[1] },
  { obis: '1.130.76.29.0.255', of: (interval) => phaseBalances(interval)?.[2] },
];

/** Registers that the profile captures. */
export const BALANCE_REGISTERS: readonly string[] = ENERGIES.map(({ obis }) => obis);

export interface BalanceRequest {
  readonly balances: Pick<Balances, 'transformer' | 'intervals'>;
  readonly meterId: number;
  /** Times of the rows that are asked for; undefined when the profile is not what the request is about. */
  readonly wanted: Interval | undefined;
  readonly clockObis: string;
  readonly times: ZoneTimes;
}

/** Profile of the balance, and the last of it as registers; none where nothing was worked out yet. */
export async function balanceObjects({
  balances,
  meterId,
  wanted,
  clockObis,
  times,
}: BalanceRequest): Promise<CosemObject[]> {
  const transformer = await balances.transformer(meterId);
  if (transformer === undefined) return [];
  const { scaler, last } = transformer;
  const table =
    wanted === undefined ? NO_ROWS : balanceTable(await balances.intervals(meterId, wanted), scaler);
  const profile = tableProfile({ obis: BALANCE_PROFILE, clockObis, table, times, onEvents: false });
  const periodS = last === undefined ? undefined : (last.toMs - last.fromMs) / 1000;
  const period = periodS === undefined ? {} : { 4: constant(u32(periodS)) };
  return [
    { ...profile, attributes: { ...profile.attributes, ...period } },
    ...COUNTS.map(({ obis, of }) => lastValue(DATA, obis, last && u32(of(last) ?? 0), undefined)),
    ...ENERGIES.map(({ obis, of }) =>
      lastValue(REGISTER, obis, last && energyData(inScaler(of(last), last.scaler, scaler)), scaler),
    ),
  ];
}

function lastValue(
  classId: number,
  obis: string,
  value: DlmsData | undefined,
  scaler: number | undefined,
): CosemObject {
  return {
    classId,
    version: 0,
    obis,
    attributes: {
      [VALUE]: constant(value ?? { type: 'null-data' }),
      ...(scaler === undefined ? {} : { 3: constant(scalerUnit(scaler, WH)) }),
    },
  };
}

const energyData = (value: bigint | undefined): DlmsData =>
  value === undefined ? { type: 'null-data' } : { type: 'long64', value };

/** All rows in the one scaler that the registers state. */
const inScaler = (value: number | undefined, from: number, to: number): bigint | undefined =>
  value === undefined ? undefined : BigInt(value) * 10n ** BigInt(Math.max(0, from - to));

/** Rows of the profile. @param scaler at most that of each interval */
export function balanceTable(intervals: readonly BalanceInterval[], scaler: number): Table {
  const captured = (classId: number, obis: string): CaptureObject => ({
    classId,
    obis,
    attribute: VALUE,
    dataIndex: 0,
  });
  return {
    columns: [
      ...COUNTS.map(({ obis }) => captured(DATA, obis)),
      ...ENERGIES.map(({ obis }) => captured(REGISTER, obis)),
    ],
    times: intervals.map(({ toMs }) => toMs),
    clockStatus: intervals.map(() => 0),
    cells: [
      ...COUNTS.map(({ of }) => (writer: ByteWriter, row: number) => {
        const interval = intervals[row];
        writer.u8(DATA_TAGS['double-long-unsigned']).u32(interval === undefined ? 0 : (of(interval) ?? 0));
      }),
      ...ENERGIES.map(({ of }) => (writer: ByteWriter, row: number) => {
        const interval = intervals[row];
        const value = interval && inScaler(of(interval), interval.scaler, scaler);
        if (value === undefined) writer.u8(DATA_TAGS['null-data']);
        else writer.u8(DATA_TAGS.long64).u64(BigInt.asUintN(64, value));
      }),
    ],
  };
}
