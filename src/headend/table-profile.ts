import type { CaptureObject } from '../dlms/client.ts';
import { type AttributeSource, type CosemObject, constant } from '../dlms/cosem/cosem-object.ts';
import type { ProfileRowSource } from '../dlms/cosem/profile-buffer.ts';
import { profileObject } from '../dlms/cosem/profile-object.ts';
import { u32 } from '../dlms/values.ts';
import { type CellWriter, writeOctets } from './cells.ts';
import type { ZoneTimes } from './zone-times.ts';

/** Rows with a time; the clock is the first column of the profile, `columns` and `cells` are those behind it. */
export interface Table {
  readonly columns: readonly CaptureObject[];
  /** UTC milliseconds, ascending. */
  readonly times: ArrayLike<number>;
  /** 0xff = not specified. */
  readonly clockStatus: ArrayLike<number>;
  readonly cells: readonly CellWriter[];
}

export const NO_ROWS: Table = { columns: [], times: [], clockStatus: [], cells: [] };

/** What class 7 says of how many rows it can hold, where their age is what limits them. */
const UNLIMITED = 0xffff_ffff;

export interface TableProfile {
  readonly obis: string;
  readonly clockObis: string;
  readonly table: Table;
  readonly times: ZoneTimes;
  /** Whether the distance of captures is known here: 0, as they come on events. Otherwise only the meter can tell. */
  readonly onEvents: boolean;
}

/** A profile generic (class 7) over rows that are at hand. */
export function tableProfile({ obis, clockObis, table, times, onEvents }: TableProfile): CosemObject {
  const clock: CaptureObject = { classId: 8, obis: clockObis, attribute: 2, dataIndex: 0 };
  const profile = profileObject({
    obis,
    source: tableSource(table, clock, times),
    capturePeriodS: 0,
    profileEntries: UNLIMITED,
    sortObject: clock,
  });
  const later: AttributeSource = { get: () => undefined };
  return { ...profile, attributes: { ...profile.attributes, 4: onEvents ? constant(u32(0)) : later } };
}

/** The rows of a table as those of a profile whose first column is `clock`. */
export function tableSource(table: Table, clock: CaptureObject, times: ZoneTimes): ProfileRowSource {
  return {
    columns: [clock, ...table.columns],
    count: () => table.times.length,
    timeAt: (row) => table.times[row] ?? Number.NaN,
    writeCells: (writer, row, columns) => {
      for (const column of columns) {
        if (column > 0) table.cells[column - 1]?.(writer, row);
        else writeOctets(writer, times.bytes(table.times[row] ?? 0, table.clockStatus[row] ?? 0xff));
      }
    },
    deviationMinutes: (local) => times.deviationOf(local),
  };
}
