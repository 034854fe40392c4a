import { describe, expect, test } from 'bun:test';
import { holdsDateTime, humanLines } from '../../src/cli/read-format.ts';

describe('what dcu read prints for people', () => {
  test('an attribute is named as it was asked for and in words', () => {
    expect(
      humanLines([
        {
          classId: 3,
          obis: '1.0.1.8.0.255',
          attribute: 2,
          type: 'double-long-unsigned',
          value: '12345',
          scaler: -1,
          unit: 'Wh',
        },
        { classId: 8, obis: '0.0.1.0.0.255', attribute: 9, error: 'object-undefined' },
        { classId: 8000, obis: '0.0.199.0.0.255', attribute: 2, type: 'unsigned', value: '1' },
      ]),
    ).toEqual([
      '3:1.0.1.8.0.255:2  Active energy import (+A), total, value  12345 × 10^-1 Wh  (double-long-unsigned)',
      '8:0.0.1.0.0.255:9  Clock, clock_base  object-undefined',
      '8000:0.0.199.0.0.255:2  1  (unsigned)',
    ]);
  });

  test('the columns of a profile are named above its rows', () => {
    const lines = humanLines([
      {
        classId: 7,
        obis: '1.0.99.1.0.255',
        attribute: 2,
        type: 'array',
        columns: [
          { classId: 8, obis: '0.0.1.0.0.255', attribute: 2, scaler: null, unit: null },
          { classId: 3, obis: '1.0.1.8.0.255', attribute: 2, scaler: 0, unit: 'Wh' },
        ],
        rows: [['2026-01-01T00:00:00', '7']],
      },
    ]);
    expect(lines).toEqual([
      '7:1.0.99.1.0.255:2  Load profile 1, buffer  1 rows',
      '  8:0.0.1.0.0.255:2  Clock, time',
      '  3:1.0.1.8.0.255:2  Active energy import (+A), total, value',
      '  8:0.0.1.0.0.255:2    3:1.0.1.8.0.255:2 [Wh]',
      '  2026-01-01T00:00:00  7',
    ]);
  });

  test('date-times are known from the class', () => {
    const known = (classId: number, attribute: number) => holdsDateTime({ classId, attribute });
    expect([known(8, 2), known(8, 5), known(4, 5), known(5, 7), known(20, 10)]).toEqual(Array(5).fill(true));
    expect([known(8, 3), known(3, 2), known(1, 2), known(999, 2), known(8, 1)]).toEqual(Array(5).fill(false));
  });
});
