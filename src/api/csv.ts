export type CsvColumn<Row> = readonly [title: string, cell: (row: Row) => string | number];

/**
 * RFC 4180 with CRLF and a byte order mark, so that spreadsheets read it as UTF-8. A cell that a spreadsheet
 * would take for a formula is led by an apostrophe.
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

function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
