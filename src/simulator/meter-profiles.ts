import type { CaptureObject } from '../dlms/client.ts';
import type { CosemObject } from '../dlms/cosem/cosem-object.ts';
import { profileObject } from '../dlms/cosem/profile-object.ts';
import { EVENT_LOG_OBJECTS } from './event-codes.ts';
import type { SimulatedMeter } from './meter.ts';
import { AMR_STATUS_OBIS, CLOCK, MAX_DEMAND, MEASURING_PERIOD_S } from './meter-names.ts';
import { BILLING_MONTHS, DEMAND_PERIOD_MS, EVENT_ENTRIES, PROFILE_DAYS, PROFILES } from './profile-rows.ts';
import { NO_ROWS, rowSource } from './row-encoding.ts';

const value = (classId: number, obis: string, attribute = 2): CaptureObject => ({
  classId,
  obis,
  attribute,
  dataIndex: 0,
});
const clockColumn = value(8, CLOCK);
const statusColumn = value(1, AMR_STATUS_OBIS);
const register = (name: string): CaptureObject => value(3, `1.0.${name}.255`);

interface MeterProfile {
  readonly obis: string;
  readonly columns: readonly CaptureObject[];
  /** Seconds; 0 = not captured by time. */
  readonly periodS: number;
  /** Rows that it holds at most. */
  readonly entries: number;
}

/** All profile generics of a meter. */
const METER_PROFILES: readonly MeterProfile[] = [
  {
    obis: '1.0.99.1.0.255',
    columns: [clockColumn, statusColumn, ...['1.8.0', '2.8.0', '3.8.0', '4.8.0'].map(register)],
    periodS: MEASURING_PERIOD_S,
    entries: PROFILE_DAYS * 96 + 1,
  },
  {
    obis: '1.0.99.2.0.255',
    columns: [clockColumn, statusColumn, value(5, '1.0.1.4.0.255', 3), value(5, '1.0.2.4.0.255', 3)],
    periodS: DEMAND_PERIOD_MS / 1000,
    entries: PROFILE_DAYS * 24 + 1,
  },
  {
    obis: '0.0.98.1.0.255',
    columns: [
      clockColumn,
      ...['1.8.0', '1.8.1', '1.8.2', '1.8.3', '1.8.4', '2.8.0'].map(register),
      value(4, MAX_DEMAND),
      value(4, MAX_DEMAND, 5),
    ],
    // Captured by the single action schedule, not by a period of its own.
    periodS: 0,
    entries: BILLING_MONTHS,
  },
  ...EVENT_LOG_OBJECTS.map(({ obis, capturedClass, capturedObis }) => ({
    obis,
    columns: [clockColumn, value(capturedClass, capturedObis)],
    periodS: 0,
    entries: EVENT_ENTRIES,
  })),
];

/** The profile generics of a meter, class 7 version 1. */
export function profileObjects(meter: SimulatedMeter): CosemObject[] {
  const { zone } = meter.plan;
  return METER_PROFILES.map(({ obis, columns, periodS, entries }) =>
    profileObject({
      obis,
      capturePeriodS: periodS,
      profileEntries: entries,
      // In the order of the clock: first in, first out; and what clients select ranges by.
      sortObject: clockColumn,
      source: rowSource(columns, zone, () => PROFILES[obis]?.(meter.point, meter.now()) ?? NO_ROWS),
    }),
  );
}
