import { DcuError } from '../base/errors.ts';

export type CsvColumn<Row> = readonly [title: string, cell: (row: Row) => string | number];

/**
 * RFC 4180 with CRLF and a byte order mark, so that spreadsheets read it as UTF-8. A cell that a spreadsheet
 * would take for a formula is led by an apostrophe; `plainCell` takes it off again.
 */
export function csvText<Row>(columns: readonly CsvColumn<Row>[], rows: readonly Row[]): string {
  const lines = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, cell]) => cell(row)))];
  return `\ufeff${lines.map((cells) => cells.map(csvCell).join(',')).join('\r\n')}\r\n`;
}

export function csvResponse<Row>(
  file: string,
  columns: readonly CsvColumn<Row>[],
  rows: readonly Row[],
): Response {
  return new Response(csvText(columns, rows), {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${file}"`,
    },
  });
}

/** What a spreadsheet takes for a formula, and what looks like it was guarded against that already. */
const FORMULA = /^'*[=+\-@\t\r]/;

function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /["',;|\t\r\n#]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The value behind a cell that was led by an apostrophe. */
export const plainCell = (cell: string): string => (/^'+[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell);

export const CSV_DELIMITERS = [',', ';', '\t', '|'] as const;
export type CsvDelimiter = (typeof CSV_DELIMITERS)[number];

export interface CsvRecord {
  /** First line of the record in the text, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /** Why the record cannot be read; its cells are none then. */
  readonly problem?: string;
}

export interface CsvContent {
  readonly delimiter: CsvDelimiter;
  readonly records: readonly CsvRecord[];
}

/**
 * Reads RFC 4180: quoted cells may hold delimiters, doubled quotation marks and line ends; records end with CRLF, LF or CR. A byte
 * order mark, empty lines (also such of delimiters alone), lines that begin with `#` and a first line `sep=;` are left out. A record
 * that is broken is a problem of its own: reading goes on with the next line.
 */
export function parseCsv(text: string, delimiter: CsvDelimiter | 'auto'): CsvContent {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  const stated = /^sep=([,;\t|])(?:\r\n|\r|\n|$)/.exec(body);
  const start = stated?.[0].length ?? 0;
  const chosen =
    delimiter !== 'auto' ? delimiter : ((stated?.[1] as CsvDelimiter | undefined) ?? guessed(body));
  const records: CsvRecord[] = [];
  let at = start;
  let line = stated === null ? 1 : 2;
  while (at < body.length) {
    const { record, next } = readRecord(body, at, line, chosen);
    const isComment = body[at] === '#';
    if (!isComment && (record.problem !== undefined || record.cells.some((cell) => cell.trim() !== ''))) {
      records.push(record);
    }
    line += lineEnds(body, at, next);
    at = next;
  }
  return { delimiter: chosen, records };
}

const LINE_END = /\r\n|\r|\n/g;

const lineEnds = (text: string, from: number, to: number): number =>
  [...text.slice(from, to).matchAll(LINE_END)].length;

/** The delimiter that the first line with anything in it has most of, outside quotation marks. */
function guessed(text: string): CsvDelimiter {
  const first = text.split(LINE_END).find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  const bare = first.replaceAll(/"(?:[^"]|"")*"/g, '');
  const counts = CSV_DELIMITERS.map((delimiter) => bare.split(delimiter).length);
  return CSV_DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ',';
}

interface ReadRecord {
  readonly record: CsvRecord;
  /** Where the next record begins. */
  readonly next: number;
}

function readRecord(text: string, start: number, line: number, delimiter: CsvDelimiter): ReadRecord {
  const cells: string[] = [];
  let at = start;
  if (text[start] === '#') return { record: { line, cells }, next: nextLine(text, start) };
  for (;;) {
    const cell = text[at] === '"' ? quotedCell(text, at) : bareCell(text, at, delimiter);
    if (typeof cell === 'string') return broken(text, start, line, cell);
    cells.push(cell.value);
    at = cell.end;
    if (text[at] !== delimiter) break;
    at += 1;
  }
  if (at < text.length && text[at] !== '\r' && text[at] !== '\n') {
    return broken(text, start, line, 'has text behind the closing quotation mark of a cell');
  }
  const next = nextLine(text, at);
  // What a decoder puts in the place of bytes that it cannot read, and what UTF-16 is full of.
  if (/[\0\ufffd]/.test(text.slice(start, next))) {
    return { record: { line, cells: [], problem: 'is not UTF-8' }, next };
  }
  return { record: { line, cells }, next };
}

const broken = (text: string, start: number, line: number, problem: string): ReadRecord => ({
  record: { line, cells: [], problem },
  next: nextLine(text, start),
});

function nextLine(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\n') return at + 1;
    if (text[at] === '\r') return text[at + 1] === '\n' ? at + 2 : at + 1;
  }
  return text.length;
}

interface Cell {
  readonly value: string;
  readonly end: number;
}

/** The cell, or why there is none. */
function quotedCell(text: string, start: number): Cell | string {
  let value = '';
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return 'has a quotation mark that is never closed';
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1 };
    value += '"';
    at = quote + 2;
  }
}

function bareCell(text: string, start: number, delimiter: CsvDelimiter): Cell | string {
  let end = start;
  while (end < text.length && text[end] !== delimiter && text[end] !== '\r' && text[end] !== '\n') {
    if (text[end] === '"') return 'has a quotation mark in the middle of a cell';
    end += 1;
  }
  return { value: text.slice(start, end), end };
}

/**
 * The text of a file: UTF-8, or UTF-16 with a byte order mark.
 * @throws DcuError `invalid-field`
 */
export function csvFileText(bytes: Uint8Array): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DcuError('invalid-field', 'the file is not UTF-8; save it as "CSV UTF-8"', {
      field: 'csv',
      cause,
    });
  }
}
