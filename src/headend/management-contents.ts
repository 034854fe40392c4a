import { writeOctets } from '../dlms/axdr-length.ts';
import { DATA_TAGS } from '../dlms/axdr-types.ts';
import { type CosemObject, constant } from '../dlms/cosem/cosem-object.ts';
import type { CosemRequest } from '../dlms/server.ts';
import {
  array,
  boolean,
  enumeration,
  i8,
  i16,
  octetString,
  octetText,
  structure,
  u8,
  u16,
  visibleString,
} from '../dlms/values.ts';
import type { CellWriter } from './cells.ts';
import type { Contents } from './fetched-device.ts';
import { sapOf } from './meter-saps.ts';
import type { HeadendSources, LogbookEntry } from './ports.ts';
import { NO_ROWS, type Table, tableProfile } from './table-profile.ts';
import { ZoneTimes } from './zone-times.ts';

const CLOCK = '0.0.1.0.0.255';
const DEVICE_ID = '0.0.96.1.0.255';
/** Active firmware identifier (Blue Book, 1.0.0.2.0). */
const FIRMWARE = '1.0.0.2.0.255';
const EVENT_LOGBOOK = '0.0.99.98.0.255';
const EVENT_TYPE = '0.0.96.11.0.255';
/** OpenDCU's own, in the range that is left to manufacturers (B = 128 to 199). */
const EVENT_DETAIL = '0.128.96.11.0.255';
const METER_LIST = '0.128.96.1.0.255';
const CLOCK_SYNCHRONISED = 0;
const MOST_ENTRIES = 5000;
/** clock_base of class 8: an internal crystal. */
const CRYSTAL = 1;

const OPEN: ReadonlySet<string> = new Set([CLOCK, DEVICE_ID, FIRMWARE]);

/** What the public client may read besides the objects that everybody may. */
export const isOpenObject = (obis: string): boolean => OPEN.has(obis);

/** The concentrator itself, as logical device 1. */
export async function managementContents(sources: HeadendSources, request: CosemRequest): Promise<Contents> {
  const { management } = sources;
  const asksLogbook = request.type === 'get' && request.attribute.obis === EVENT_LOGBOOK;
  const entries = asksLogbook ? await management.logbook(MOST_ENTRIES) : [];
  const times = new ZoneTimes(sources.zone());
  const saps = [...sources.meters().values()].flatMap(({ id, meterNo }) => {
    const address = sapOf(id);
    return address === undefined ? [] : [{ address, name: meterNo }];
  });
  const name = nameOf(management.serialNumber);
  return {
    name,
    saps: [{ address: 1, name }, ...saps],
    objects: [
      clock(sources.now(), times),
      data(DEVICE_ID, management.serialNumber),
      data(FIRMWARE, management.firmwareVersion),
      tableProfile({
        obis: EVENT_LOGBOOK,
        clockObis: CLOCK,
        table: entries.length === 0 ? { ...NO_ROWS, columns: LOG_COLUMNS } : logTable([...entries].reverse()),
        times,
        onEvents: true,
      }),
      meterList(sources),
    ],
  };
}

/** Three letters of the manufacturer and what identifies the device, sixteen characters at most. */
const nameOf = (serialNumber: string): string => `ODC${serialNumber.slice(-13)}`;

const data = (obis: string, text: string): CosemObject => ({
  classId: 1,
  version: 0,
  obis,
  attributes: { 2: constant(octetText(text)) },
});

/** Read only: the clock of the machine is not the head-end's to set over this channel. */
function clock(nowMs: number, times: ZoneTimes): CosemObject {
  const deviation = times.deviationAt(nowMs);
  return {
    classId: 8,
    version: 0,
    obis: CLOCK,
    attributes: {
      2: constant(octetString(times.bytes(nowMs, CLOCK_SYNCHRONISED))),
      3: constant(i16(deviation)),
      4: constant(u8(CLOCK_SYNCHRONISED)),
      7: constant(i8(0)),
      8: constant(boolean(false)),
      9: constant(enumeration(CRYSTAL)),
    },
  };
}

/** Logical device, MeterNo, name of the channel. */
function meterList({ meters }: HeadendSources): CosemObject {
  const get = () =>
    array(
      [...meters().values()].map(({ id, meterNo, channel }) =>
        structure(u16(sapOf(id) ?? 0), visibleString(meterNo), visibleString(channel)),
      ),
    );
  return { classId: 1, version: 0, obis: METER_LIST, attributes: { 2: { get } } };
}

const textColumn = (obis: string) => ({ classId: 1, obis, attribute: 2, dataIndex: 0 });
const LOG_COLUMNS = [textColumn(EVENT_TYPE), textColumn(EVENT_DETAIL)];
const NOT_SPECIFIED = 0xff;

/** @param entries ascending */
function logTable(entries: readonly LogbookEntry[]): Table {
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
