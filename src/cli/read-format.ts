import type { CosemAttribute } from '../dlms/client.ts';
import { attributeName, isDateTime } from '../dlms/cosem/classes/index.ts';
import type { DlmsData } from '../dlms/data.ts';
import { decodeDateTime, formatDateTime } from '../dlms/datetime.ts';
import { obisName } from '../dlms/names/obis-names.ts';
import { unitName } from '../dlms/units.ts';
import { valueText } from '../meters/registers.ts';

/** A value as `dcu read` prints it: integers as text, times as ISO 8601, lists with their types. */
export type Shown = string | boolean | null | readonly ShownElement[];
export interface ShownElement {
  readonly type: string;
  readonly value: Shown;
}

export interface ShownColumn {
  readonly classId: number;
  readonly obis: string;
  readonly attribute: number;
  readonly scaler: number | null;
  readonly unit: string | null;
}

export type ReadResult = CosemAttribute &
  (
    | { readonly error: string }
    | {
        readonly type: string;
        readonly value: Shown;
        readonly text?: string;
        readonly scaler?: number | null;
        readonly unit?: string | null;
      }
    | {
        readonly type: string;
        readonly columns: readonly ShownColumn[];
        readonly rows: readonly (readonly Shown[])[];
      }
  );

/** Attributes that hold a date-time, be it in an octet-string. */
export const holdsDateTime = ({
  classId,
  attribute,
}: Pick<CosemAttribute, 'classId' | 'attribute'>): boolean => isDateTime(classId, attribute);

/** `dateTime`: twelve octets are a date-time. */
export function shownValue(value: DlmsData, dateTime: boolean): Shown {
  switch (value.type) {
    case 'null-data':
      return null;
    case 'boolean':
      return value.value;
    case 'array':
    case 'structure':
    case 'compact-array':
      return value.elements.map((element) => ({ type: element.type, value: shownValue(element, false) }));
    case 'octet-string':
      if (dateTime && value.value.length === 12) return formatDateTime(decodeDateTime(value.value));
      return valueText(value);
    case 'bit-string':
      return Array.from(value.value, (byte) => byte.toString(2).padStart(8, '0'))
        .join('')
        .slice(0, value.bits);
    default:
      return valueText(value);
  }
}

/** What octets say in words: a logical name, or printable text; undefined for anything else. */
export function octetText(attribute: CosemAttribute, value: DlmsData): string | undefined {
  if (value.type !== 'octet-string' || value.value.length === 0) return undefined;
  if (attribute.attribute === 1 && value.value.length === 6) return value.value.join('.');
  return value.value.every((byte) => byte >= 0x20 && byte < 0x7f)
    ? String.fromCharCode(...value.value)
    : undefined;
}

export const shownUnit = (unit: number | undefined): string | null =>
  unit === undefined ? null : (unitName(unit) ?? null);

/** Lines for people. */
export function humanLines(results: readonly ReadResult[]): string[] {
  return results.flatMap((result) => {
    const name = titled(result);
    if ('error' in result) return [`${name}  ${result.error}`];
    if ('rows' in result)
      return [`${name}  ${result.rows.length} rows`, ...tableOf(result.columns, result.rows)];
    return [`${name}  ${quantity(result)}  (${result.type})`];
  });
}

/** `3:1.0.1.8.0.255:2  Active energy import (+A), total, value`: as it was asked for, and in words where it has some. */
function titled({ classId, obis, attribute }: CosemAttribute): string {
  const words = [obisName(obis, classId), attributeName(classId, attribute)].filter(
    (word) => word !== undefined,
  );
  return [`${classId}:${obis}:${attribute}`, words.join(', ')].filter((part) => part !== '').join('  ');
}

function quantity(result: {
  readonly value: Shown;
  readonly text?: string;
  readonly scaler?: number | null;
  readonly unit?: string | null;
}): string {
  const { value, text, scaler, unit } = result;
  const plain = typeof value === 'string' ? value : JSON.stringify(value);
  const factor = scaler ? ` × 10^${scaler}` : '';
  return `${plain}${factor}${unit ? ` ${unit}` : ''}${text === undefined ? '' : `  "${text}"`}`;
}

function tableOf(columns: readonly ShownColumn[], rows: readonly (readonly Shown[])[]): string[] {
  const head = columns.map(({ classId, obis, attribute, scaler, unit }) => {
    const scale = scaler ? `×10^${scaler} ` : '';
    return `${classId}:${obis}:${attribute}${unit || scale ? ` [${scale}${unit ?? ''}]` : ''}`;
  });
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === 'string' ? cell : JSON.stringify(cell))),
  );
  const widths = head.map((title, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const legend = columns.map((column) => `  ${titled(column)}`);
  const line = (row: readonly string[]): string =>
    `  ${row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()}`;
  return [...legend, line(head), ...cells.map(line)];
}
