import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  CSV_DELIMITERS,
  type CsvColumn,
  csvFileText,
  csvText,
  parseCsv,
  plainCell,
} from '../../src/api/csv.ts';

const cellsOf = (text: string, delimiter: Parameters<typeof parseCsv>[1] = 'auto'): unknown =>
  parseCsv(text, delimiter).records.map(({ line, cells, problem }) => problem ?? [line, ...cells]);

describe('reading', () => {
  test.each([
    [
      'comma',
      'a,b\r\n1,2\r\n',
      [
        [1, 'a', 'b'],
        [2, '1', '2'],
      ],
    ],
    [
      'semicolon',
      'a;b\n1;2,5\n',
      [
        [1, 'a', 'b'],
        [2, '1', '2,5'],
      ],
    ],
    [
      'tab',
      'a\tb\n1\t2',
      [
        [1, 'a', 'b'],
        [2, '1', '2'],
      ],
    ],
    [
      'a delimiter that is quoted does not count',
      '"a,b,c";d\n1;2',
      [
        [1, 'a,b,c', 'd'],
        [2, '1', '2'],
      ],
    ],
    ['byte order mark', '\ufeffa,b\n', [[1, 'a', 'b']]],
    ['stated delimiter', 'sep=;\r\na;b', [[2, 'a', 'b']]],
    [
      'old line ends',
      'a,b\r1,2\r',
      [
        [1, 'a', 'b'],
        [2, '1', '2'],
      ],
    ],
    [
      'empty lines, lines of delimiters, comments',
      'a,b\n\n# note, with "quotes\n,,\n1,2\n',
      [
        [1, 'a', 'b'],
        [5, '1', '2'],
      ],
    ],
    [
      'quoted line ends',
      'a,b\n"1\r\n1","2"\n3,4',
      [
        [1, 'a', 'b'],
        [2, '1\r\n1', '2'],
        [4, '3', '4'],
      ],
    ],
    [
      'doubled quotation marks',
      'a,b\n"""1""",2',
      [
        [1, 'a', 'b'],
        [2, '"1"', '2'],
      ],
    ],
    [
      'blanks belong to the cell',
      'a,b\n 1 ,"2 "',
      [
        [1, 'a', 'b'],
        [2, ' 1 ', '2 '],
      ],
    ],
    [
      'an empty last cell',
      'a,b\n1,\n',
      [
        [1, 'a', 'b'],
        [2, '1', ''],
      ],
    ],
    ['nothing', '', []],
  ])('%s', (_what, text, records) => {
    expect(cellsOf(text)).toEqual(records);
  });

  test.each([
    ['never closed', 'a,b\n"1,2\n3,4\n', 'has a quotation mark that is never closed'],
    ['text behind it', 'a,b\n"1"x,2\n3,4\n', 'has text behind the closing quotation mark of a cell'],
    ['in the middle', 'a,b\n1,2"\n3,4\n', 'has a quotation mark in the middle of a cell'],
    ['not UTF-8', 'a,b\n1,\ufffd\n3,4\n', 'is not UTF-8'],
    ['UTF-16 read as UTF-8', 'a,b\n1,2\0\n3,4\n', 'is not UTF-8'],
  ])('a broken line (%s) is told, and the next is read', (_what, text, problem) => {
    expect(cellsOf(text)).toEqual([[1, 'a', 'b'], problem, [3, '3', '4']]);
  });

  test('files in UTF-16 are read, others than UTF-8 refused', () => {
    const utf16 = (text: string, swap: boolean): Uint8Array =>
      Uint8Array.from(
        [...`\ufeff${text}`].flatMap((c) => {
          const code = c.charCodeAt(0);
          return swap ? [code >> 8, code & 0xff] : [code & 0xff, code >> 8];
        }),
      );
    expect(csvFileText(utf16('a,ä', false))).toBe('a,ä');
    expect(csvFileText(utf16('a,ä', true))).toBe('a,ä');
    expect(csvFileText(new TextEncoder().encode('a,ä'))).toBe('a,ä');
    expect(() => csvFileText(Uint8Array.of(0x61, 0xe4))).toThrow('not UTF-8');
  });
});

describe('properties', () => {
  const cell = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'ab1,;|\t"\'\r\n#=+-@ é') }),
    fc.string({ unit: 'grapheme' }).filter((text) => !/[\0\ufffd]/.test(text)),
  );
  const table = fc
    .integer({ min: 1, max: 5 })
    .chain((width) =>
      fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
    );

  test('what was written is read back, cell by cell', () => {
    fc.assert(
      fc.property(table, (rows) => {
        const width = rows[0]?.length ?? 0;
        const columns = Array.from(
          { length: width },
          (_, i): CsvColumn<readonly string[]> => [`c${i}`, (row) => row[i] ?? ''],
        );
        const { records } = parseCsv(csvText(columns, rows), ',');
        const read = records.slice(1).map(({ cells }) => cells.map(plainCell));
        expect(read).toEqual(
          rows.filter((row) => row.some((text) => text.trim() !== '' || /^[\t\r]/.test(text))),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('any text is read to its end, with ascending lines', () => {
    const text = fc.string({ unit: fc.constantFrom(...'a,;|\t"\r\n#') });
    fc.assert(
      fc.property(text, fc.constantFrom('auto' as const, ...CSV_DELIMITERS), (input, delimiter) => {
        const lines = parseCsv(input, delimiter).records.map(({ line }) => line);
        expect(lines).toEqual([...new Set(lines)].sort((a, b) => a - b));
        expect(lines.at(-1) ?? 1).toBeLessThanOrEqual(input.split(/\r\n|\r|\n/).length);
      }),
      { numRuns: 1000 },
    );
  });
});
