import { writeOctets } from '../../dlms/axdr-length.ts';
import { DATA_TAGS } from '../../dlms/axdr-types.ts';
import type { CellWriter } from '../cells.ts';
import type { LogbookEntry } from '../ports.ts';
import { NO_ROWS, type Table, tableProfile } from '../table-profile.ts';
import { isAbout, type ManagementGroup } from './group.ts';

export const CLOCK = '0.0.1.0.0.255';
export const EVENT_LOGBOOK = '0.0.99.98.0.255';
const EVENT_TYPE = '0.0.96.11.0.255';
/** OpenDCU's own, in the range that is left to manufacturers (B = 128 to 199). */
const EVENT_DETAIL = '0.128.96.11.0.255';
const MOST_ENTRIES = 5000;

/** The concentrator's own logbook, as a profile of time, type and detail. */
export const logbookGroup: ManagementGroup = {
  objects: async (at) => {
    const asked = at.request.type === 'get' && isAbout(at, EVENT_LOGBOOK);
    const entries = asked ? await at.sources.management.logbook(MOST_ENTRIES) : [];
    return [
      tableProfile({
        obis: EVENT_LOGBOOK,
        clockObis: CLOCK,
        table:
          entries.length === 0 ? { ...NO_ROWS, columns: LOG_COLUMNS } : logbookTable([...entries].reverse()),
        times: at.times,
        onEvents: true,
      }),
    ];
  },
};

const textColumn = (obis: string) => ({ classId: 1, obis, attribute: 2, dataIndex: 0 });
const LOG_COLUMNS = [textColumn(EVENT_TYPE), textColumn(EVENT_DETAIL)];
const NOT_SPECIFIED = 0xff;

/** Time, type and detail of each entry. @param entries ascending */
export function logbookTable(entries: readonly LogbookEntry[]): Table {
  return {
    columns: LOG_COLUMNS,
    times: Float64Array.from(entries, ({ time }) => time),
    clockStatus: new Uint8Array(entries.length).fill(NOT_SPECIFIED),
    cells: [textCell(entries.map(({ type }) => type)), textCell(entries.map(({ detail }) => detail))],
  };
}

function textCell(texts: readonly string[]): CellWriter {
  const encoder = new TextEncoder();
  return (writer, row) => {
    writeOctets(writer.u8(DATA_TAGS['utf8-string']), encoder.encode(texts[row] ?? ''));
  };
}
