import { describe, expect, test } from 'bun:test';
import type { Profile } from '../../src/api/contract.ts';
import { chartData, inReadableUnit, totalOf } from '../../ui/pages/meter/series.ts';

const QUARTER = 900_000;

function profile(times: readonly number[], columns: Profile['columns']): Profile {
  return {
    kind: 'energy',
    from: 0,
    to: 10 * QUARTER,
    zone: 'UTC',
    periodMs: QUARTER,
    times: times.map((time) => time * QUARTER),
    clockStatus: times.map(() => 0),
    columns,
    marks: [],
    gaps: [],
  };
}

const column = (obis: string, values: Profile['columns'][number]['values'], scaler = 0, unit = 'Wh') => ({
  classId: 3,
  obis,
  attribute: 2,
  name: null,
  scaler,
  unit,
  values: [...values],
});

describe('chart data', () => {
  test('a cumulative register is drawn as energy per interval, others as they are', () => {
    const data = chartData(
      profile(
        [0, 1, 2],
        [column('1.0.1.8.0.255', [100, 130, 190]), column('1.0.32.7.0.255', [2300, 2310, 2290], -1, 'V')],
      ),
    );
    expect(data.times).toEqual([0, 900, 1800]);
    expect(data.series.map(({ values, interval, unit }) => ({ values, interval, unit }))).toEqual([
      { values: [null, 30, 60], interval: true, unit: 'Wh' },
      { values: [230, 231, 229], interval: false, unit: 'V' },
    ]);
  });

  test('no line and no energy spans a gap', () => {
    const data = chartData(profile([0, 1, 5, 6], [column('1.0.1.8.0.255', [100, 130, 400, 450])]));
    expect(data.times).toEqual([0, 900, 1800, 4500, 5400]);
    expect(data.series[0]?.values).toEqual([null, 30, null, null, 50]);
  });

  test('null-data and a register that was reset leave holes, 64-bit registers stay exact', () => {
    const big = 2n ** 60n;
    const data = chartData(
      profile(
        [0, 1, 2, 3],
        [
          column('1.0.1.8.0.255', [100, null, 130, 20]),
          column('1.0.2.8.0.255', [String(big), String(big + 7n), String(big + 8n), String(big + 20n)]),
        ],
      ),
    );
    expect(data.series[0]?.values).toEqual([null, null, null, null]);
    expect(data.series[1]?.values).toEqual([null, 7, 1, 12]);
  });

  test('octet strings are not drawn', () => {
    const status = { ...column('0.0.96.10.1.255', ['08', '00']), scaler: null, unit: null };
    expect(chartData(profile([0, 1], [status])).series).toEqual([]);
  });

  test('large numbers are in thousands where the unit has them', () => {
    expect(inReadableUnit('Wh', [2500, null, 500])).toEqual({ unit: 'kWh', values: [2.5, null, 0.5] });
    expect(inReadableUnit('Wh', [500])).toEqual({ unit: 'Wh', values: [500] });
    expect(inReadableUnit('V', [2500])).toEqual({ unit: 'V', values: [2500] });
  });

  test('the total is last minus first', () => {
    expect(totalOf(column('1.0.1.8.0.255', [100, null, 130, 1100]))).toEqual({ value: 1000, unit: 'Wh' });
    expect(totalOf(column('1.0.1.8.0.255', [0, 50_000]))).toEqual({ value: 50, unit: 'kWh' });
    expect(totalOf(column('1.0.32.7.0.255', [1, 2]))).toBeNull();
    expect(totalOf(column('1.0.1.8.0.255', [100]))).toBeNull();
  });
});
