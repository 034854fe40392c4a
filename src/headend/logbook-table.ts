import { writeOctets } from '../dlms/axdr-length.ts';
import { DATA_TAGS } from '../dlms/axdr-types.ts';
import type { CaptureObject } from '../dlms/client.ts';
import type { CellWriter } from './cells.ts';
import type { Table } from './table-profile.ts';

/** Clock of the concentrator, and its event logbook. */
export const OWN_CLOCK = '0.0.1.0.0.255';
export const EVENT_LOGBOOK = '0.0.99.98.0.255';

const textColumn = (obis: string): CaptureObject => ({ classId: 1, obis, attribute: 2, dataIndex: 0 });

/** Type and detail; the detail's object is OpenDCU's own, in the range that is left to manufacturers (B = 128 to 199). */
export const LOGBOOK_COLUMNS: readonly CaptureObject[] = [
  textColumn('0.0.96.11.0.255'),
  textColumn('0.128.96.11.0.255'),
];

const NOT_SPECIFIED = 0xff;

export interface LogbookRow {
  /** UTC ms. */
  readonly time: number;
  readonly type: string;
  readonly detail: string;
}

/** Entries of the concentrator's own logbook as rows of its profile. @param entries ascending */
export function logbookTable(entries: readonly LogbookRow[]): Table {
  return {
    columns: LOGBOOK_COLUMNS,
    times: Float64Array.from(entries, ({ time }) => time),
    clockStatus: new Uint8Array(entries.length).fill(NOT_SPECIFIED),
    cells: [textCell(entries.map(({ type }) => type)), textCell(entries.map(({ detail }) => detail))],
  };
}

function textCell(texts: readonly string[]): CellWriter {
  const encoded = texts.map((text) => new TextEncoder().encode(text));
  return (writer, row) => {
    writeOctets(writer.u8(DATA_TAGS['utf8-string']), encoded[row] ?? new Uint8Array(0));
  };
}
