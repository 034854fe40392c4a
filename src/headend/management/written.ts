import { DcuError } from '../../base/errors.ts';
import type { DlmsData } from '../../dlms/data.ts';

/** What a head-end writes, read field by field. A wrong type is refused by the name of the field. */

const mismatch = (field: string, wanted: string): DcuError =>
  new DcuError('type-mismatch', `${field} must be ${wanted}`, { field });

/** Text in whichever of the three string types; octets are UTF-8. */
export function textOf(data: DlmsData, field: string): string {
  switch (data.type) {
    case 'visible-string':
    case 'utf8-string':
      return data.value;
    case 'octet-string':
      return new TextDecoder().decode(data.value);
    default:
      throw mismatch(field, 'a string');
  }
}

const INTEGERS: ReadonlySet<string> = new Set([
  'integer',
  'long',
  'double-long',
  'unsigned',
  'long-unsigned',
  'double-long-unsigned',
  'enum',
]);

/** A whole number of any type up to 32 bits. */
export function integerOf(data: DlmsData, field: string): number {
  if (INTEGERS.has(data.type) && 'value' in data && typeof data.value === 'number') return data.value;
  throw mismatch(field, 'an integer');
}

export function booleanOf(data: DlmsData, field: string): boolean {
  if (data.type !== 'boolean') throw mismatch(field, 'a boolean');
  return data.value;
}

/** The elements of a structure of no more than so many. */
export function fieldsOf(data: DlmsData, most: number, field: string): readonly DlmsData[] {
  if (data.type === 'structure' && data.elements.length > 0 && data.elements.length <= most) {
    return data.elements;
  }
  throw mismatch(field, `a structure of up to ${most} elements`);
}

/** More is no list that anybody has. */
const MOST_ROWS = 5000;

/** The rows that are written: one, or an array of them. */
export function rowsOf(data: DlmsData): readonly DlmsData[] {
  if (data.type !== 'array' && data.type !== 'compact-array') return [data];
  if (data.elements.length === 0 || data.elements.length > MOST_ROWS) {
    throw mismatch('rows', `an array of 1 to ${MOST_ROWS} rows`);
  }
  return data.elements;
}

/** The row that is written, alone or in an array, where several could be done by halves only. */
export function onlyRowOf(data: DlmsData): DlmsData {
  const [row, ...others] = rowsOf(data);
  if (row === undefined || others.length > 0) throw mismatch('rows', 'one row at a time');
  return row;
}
