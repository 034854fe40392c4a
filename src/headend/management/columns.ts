import { DcuError } from '../../base/errors.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { array, boolean, NULL_DATA, structure, u32, utf8String } from '../../dlms/values.ts';
import { booleanOf, fieldsOf, integerOf, textOf } from './written.ts';

type Value = string | number | boolean;

/** How a field is shown and read back. */
export interface FieldType<Of extends Value> {
  readonly show: (value: Of) => DlmsData;
  readonly read: (data: DlmsData, field: string) => Of;
}

export const TEXT: FieldType<string> = { show: utf8String, read: textOf };
export const WHOLE: FieldType<number> = { show: u32, read: integerOf };
export const FLAG: FieldType<boolean> = { show: boolean, read: booleanOf };

/** A column of a list: what is shown of a row, null-data where it has none. */
export interface ListColumn<Row> {
  readonly name: keyof Row & string;
  readonly show: (row: Row) => DlmsData;
  readonly read: (data: DlmsData, field: string) => unknown;
}

type ColumnTypes<Row> = {
  readonly [Name in keyof Row & string]?: FieldType<NonNullable<Row[Name]> & Value>;
};

/** Columns in the order of the object's keys. */
export function columnsOf<Row>(types: ColumnTypes<Row>): readonly ListColumn<Row>[] {
  const names = Object.keys(types) as (keyof Row & string)[];
  return names.flatMap((name) => {
    const type = types[name] as FieldType<Value> | undefined;
    if (type === undefined) return [];
    const show = (row: Row): DlmsData => {
      const value = row[name] as Value | null | undefined;
      return value === undefined || value === null ? NULL_DATA : type.show(value);
    };
    return [{ name, show, read: type.read }];
  });
}

/** An array of structures. */
export function listData<Row>(columns: readonly ListColumn<Row>[], rows: readonly Row[]): DlmsData {
  return array(rows.map((row) => structure(...columns.map(({ show }) => show(row)))));
}

/** What a written row says; columns that it leaves out at its end or fills with null-data are absent. */
export function rowData<Row>(columns: readonly ListColumn<Row>[], data: DlmsData): Partial<Row> {
  const cells = fieldsOf(data, columns.length, 'row');
  const fields = columns.flatMap(({ name, read }, at): [string, unknown][] => {
    const cell = cells[at];
    return cell === undefined || cell.type === 'null-data' ? [] : [[name, read(cell, name)]];
  });
  return Object.fromEntries(fields) as Partial<Row>;
}

/** @throws DcuError `invalid-field` naming what a row must have and has not */
export function must<Of>(value: Of | undefined, field: string): Of {
  if (value === undefined) throw new DcuError('invalid-field', `${field} is missing`, { field });
  return value;
}

/** The row that is named. @throws DcuError `not-found` */
export function known<Row>(row: Row | undefined, what: string, name: string | number): Row {
  if (row === undefined) throw new DcuError('not-found', `there is no ${what} ${name}`, { field: what });
  return row;
}
