import { DcuError } from '../../base/errors.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { array, boolean, NULL_DATA, structure, u32, utf8String } from '../../dlms/values.ts';
import { booleanOf, fieldsOf, integerOf, textOf } from './written.ts';

/** A column of a list: what is shown of a row, null-data where it has none. */
export interface ListColumn<Row> {
  readonly name: string;
  readonly show: (row: Row) => DlmsData;
}

const columnOf =
  <Value>(dataOf: (value: Value) => DlmsData) =>
  <Row>(name: string, cellOf: (row: Row) => Value | null | undefined): ListColumn<Row> => ({
    name,
    show: (row) => {
      const value = cellOf(row);
      return value === null || value === undefined ? NULL_DATA : dataOf(value);
    },
  });

export const text = columnOf(utf8String);
export const whole = columnOf(u32);
export const flag = columnOf(boolean);

/** An array of structures. */
export function listData<Row>(columns: readonly ListColumn<Row>[], rows: readonly Row[]): DlmsData {
  return array(rows.map((row) => structure(...columns.map(({ show }) => show(row)))));
}

/** A row that is written, read column by column; what it leaves out at its end or fills with null-data is undefined. */
export class WrittenRow {
  readonly #cells: ReadonlyMap<string, DlmsData>;

  /** @throws DcuError `type-mismatch` for what is no structure of these columns */
  constructor(columns: readonly { readonly name: string }[], data: DlmsData) {
    const cells = fieldsOf(data, columns.length, 'row');
    const given = cells.flatMap((cell, at): [string, DlmsData][] => {
      const name = columns[at]?.name;
      return name === undefined || cell.type === 'null-data' ? [] : [[name, cell]];
    });
    this.#cells = new Map(given);
  }

  text(name: string): string | undefined {
    return this.#read(name, textOf);
  }

  whole(name: string): number | undefined {
    return this.#read(name, integerOf);
  }

  flag(name: string): boolean | undefined {
    return this.#read(name, booleanOf);
  }

  /** What is written, for the audit trail. */
  toString(): string {
    return [...this.#cells]
      .map(([name, cell]) => `${name}=${'value' in cell ? String(cell.value) : cell.type}`)
      .join(', ');
  }

  #read<Value>(name: string, read: (data: DlmsData, field: string) => Value): Value | undefined {
    const cell = this.#cells.get(name);
    return cell && read(cell, name);
  }
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
