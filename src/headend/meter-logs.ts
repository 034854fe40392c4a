import type { MeterEvent } from '../base/model.ts';
import type { CaptureObject } from '../dlms/client.ts';
import type { EventLogObject } from '../meters/meter-profile.ts';
import { type CellWriter, cellWriter } from './cells.ts';
import type { Table } from './table-profile.ts';

/** Classes whose values are numbers by definition (Blue Book: register, extended and demand register). */
const NUMERIC: ReadonlySet<number> = new Set([3, 4, 5]);

/**
 * Events as the rows of the log that they were read from: the code where the log captures one, and what else was
 * captured. The store keeps that as text: a text with a leading zero or a letter in it is an octet-string.
 * @param events ascending
 */
export function eventTable(events: readonly MeterEvent[], { codeObis }: EventLogObject): Table {
  const extras = [...new Set(events.flatMap(({ extra }) => Object.keys(extra)))].sort();
  const code: readonly (readonly [CaptureObject, CellWriter])[] =
    codeObis === null
      ? []
      : [
          [
            { classId: 1, obis: codeObis, attribute: 2, dataIndex: 0 },
            cellWriter({ kind: 'number', values: Float64Array.from(events, (event) => event.code) }),
          ],
        ];
  const columns = [...code, ...extras.map((name) => extraColumn(name, events))];
  return {
    columns: columns.map(([object]) => object),
    times: Float64Array.from(events, ({ time }) => time),
    clockStatus: Uint8Array.from(events, ({ clockStatus }) => clockStatus),
    cells: columns.map(([, cell]) => cell),
  };
}

/** `name` is `class:obis:attribute`. */
function extraColumn(name: string, events: readonly MeterEvent[]): readonly [CaptureObject, CellWriter] {
  const [classId = '1', obis = '', attribute = '2'] = name.split(':');
  const object = { classId: Number(classId), obis, attribute: Number(attribute), dataIndex: 0 };
  const texts = events.map(({ extra }) => extra[name]);
  const isNumber = (text: string): boolean => NUMERIC.has(object.classId) || /^-?(?:0|[1-9]\d*)$/.test(text);
  if (texts.every((text) => text === undefined || isNumber(text))) {
    const values = Float64Array.from(texts, (text) => (text === undefined ? Number.NaN : Number(text)));
    return [object, cellWriter({ kind: 'number', values })];
  }
  const values = texts.map((text) => (text === undefined ? undefined : octetsOf(text)));
  return [object, cellWriter({ kind: 'bytes', values })];
}

const octetsOf = (text: string): Uint8Array | undefined =>
  /^(?:[\da-f]{2})*$/i.test(text) ? Uint8Array.fromHex(text) : undefined;
