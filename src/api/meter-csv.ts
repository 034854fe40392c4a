import { DcuError } from '../base/errors.ts';
import type { ImportedRow, ImportRow } from '../store/types.ts';
import { type CsvDelimiter, type CsvRecord, parseCsv, plainCell } from './csv.ts';
import { CellProblem, METER_COLUMNS, type MeterColumn } from './meter-columns.ts';

/** Of the export, and no property of a meter that a file could set. */
const SHOWN_ONLY: ReadonlySet<string> = new Set(['id', 'state', 'lastseen', 'offlinesince']);

const TITLES = new Map(METER_COLUMNS.map(({ field, title }) => [field, title]));
/** Heading of the column that holds a field. */
const titleOf = (field: string): string => TITLES.get(field) ?? field;

const tidyTitle = (title: string): string => title.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
const BY_TITLE = new Map(METER_COLUMNS.map((column) => [tidyTitle(column.title), column]));

/** More than an archive holds, so that one that is too long is told row by row. */
const MOST_ROWS = 5000;

export interface MeterCsv {
  readonly delimiter: CsvDelimiter;
  /** Headings that are none of a meter's. */
  readonly ignored: readonly string[];
  readonly rows: readonly ImportRow[];
}

/**
 * Meters of a CSV text with headings, in any order and number; `MeterNo` must be among them.
 * @throws DcuError `invalid-field` (`csv`) for a text without such headings, with a heading twice, or with far too many rows
 */
export function parseMeterCsv(text: string, delimiter: CsvDelimiter | 'auto'): MeterCsv {
  const content = parseCsv(text, delimiter);
  const [head, ...records] = content.records;
  if (head === undefined) throw unusable('holds no rows');
  if (head.problem !== undefined) throw unusable(`has no headings: line ${head.line} ${head.problem}`);
  if (records.length > MOST_ROWS)
    throw unusable(`has ${records.length} rows; at most ${MOST_ROWS} are looked at`);
  const titles = head.cells.map((cell) => plainCell(cell).trim());
  const columns = titles.map((title) => BY_TITLE.get(tidyTitle(title)));
  for (const [i, column] of columns.entries()) {
    if (column !== undefined && columns.indexOf(column) !== i)
      throw unusable(`has the column ${column.title} twice`);
  }
  if (!columns.some((column) => column?.field === 'meterNo')) {
    throw unusable('has no column MeterNo; the first line must hold the headings');
  }
  const ignored = titles.filter(
    (title, i) => columns[i] === undefined && title !== '' && !SHOWN_ONLY.has(tidyTitle(title)),
  );
  return { delimiter: content.delimiter, ignored, rows: records.map((record) => importRow(record, columns)) };
}

const unusable = (what: string): DcuError =>
  new DcuError('invalid-field', `The file ${what}.`, { field: 'csv' });

function importRow(record: CsvRecord, columns: readonly (MeterColumn | undefined)[]): ImportRow {
  const { line, cells, problem } = record;
  const empty = { line, meterNo: '', fields: {}, address: {}, security: {}, secrets: {} };
  if (problem !== undefined) return { ...empty, problems: [{ field: 'row', message: `row ${problem}` }] };
  if (cells.length !== columns.length) {
    const message = `row has ${cells.length} cells where the headings are ${columns.length}`;
    return { ...empty, problems: [{ field: 'row', message }] };
  }
  const values: Record<'' | 'address' | 'security' | 'secrets', Record<string, unknown>> = {
    '': {},
    address: {},
    security: {},
    secrets: {},
  };
  const problems: { field: string; message: string }[] = [];
  for (const [i, column] of columns.entries()) {
    if (column === undefined) continue;
    const { group, name } = placeOf(column);
    try {
      const value = contentOf(column, cells[i] ?? '');
      if (value !== undefined) values[group][name] = value;
    } catch (error) {
      if (!(error instanceof CellProblem)) throw error;
      problems.push({ field: column.field, message: `${column.field} ${error.message}` });
    }
  }
  const { meterNo: number, ...fields } = values[''];
  const isNumbered = typeof number === 'string';
  if (!isNumbered && !problems.some(({ field }) => field === 'meterNo')) {
    problems.push({ field: 'meterNo', message: 'meterNo is missing' });
  }
  return {
    line,
    meterNo: isNumbered ? number : '',
    fields,
    address: values.address,
    security: values.security,
    secrets: values.secrets,
    problems,
  };
}

/** Undefined leaves what is there, null takes it away. */
function contentOf({ read, optional, verbatim }: MeterColumn, cell: string): unknown {
  const text = verbatim === true ? plainCell(cell) : plainCell(cell).trim();
  if (text !== '') return read(text);
  return optional === true ? null : undefined;
}

function placeOf({ field, cell }: MeterColumn): {
  readonly group: '' | 'address' | 'security' | 'secrets';
  readonly name: string;
} {
  if (cell === undefined) return { group: 'secrets', name: field };
  const [group, name] = field.split('.');
  return name !== undefined && (group === 'address' || group === 'security')
    ? { group, name }
    : { group: '', name: field };
}

export type ImportCounts = Readonly<Record<ImportedRow['action'], number>>;

export function importCounts(rows: readonly ImportedRow[]): ImportCounts {
  const counts = { create: 0, update: 0, unchanged: 0, error: 0 };
  for (const { action } of rows) counts[action] += 1;
  return counts;
}

/** As the file would say it. */
const shown = (field: string, value: string | null): string | null =>
  field !== 'enabled' || value === null ? value : value === 'true' ? 'Enable' : 'Disable';

/** The row with the headings of the file in the place of the store's fields. */
export function importedView({ problems, changes, meterId, ...row }: ImportedRow) {
  return {
    ...row,
    meterId: meterId ?? null,
    problems: problems.map(({ field, message }) => ({
      field: titleOf(field),
      message: message.startsWith(field) ? `${titleOf(field)}${message.slice(field.length)}` : message,
    })),
    changes: changes.map(({ field, before, after }) => ({
      field: titleOf(field),
      before: shown(field, before),
      after: shown(field, after),
    })),
  };
}
