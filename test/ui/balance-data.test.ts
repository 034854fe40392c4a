import { describe, expect, test } from 'bun:test';
import type { Balance } from '../../src/api/contract.ts';
import { balanceChart, percent, totalsOf } from '../../ui/pages/balance/balance-data.ts';

const QUARTER = 900_000;
type Row = Balance['intervals'][number];

const row = (to: number, change: Partial<Row> = {}): Row => ({
  from: (to - 1) * QUARTER,
  to: to * QUARTER,
  scaler: 0,
  imported: 100,
  exported: 10,
  consumed: 80,
  fed: 20,
  balance: 30,
  expected: 100,
  counted: 100,
  missing: [],
  phases: null,
  ...change,
});

const chart = (...intervals: Row[]) => balanceChart({ intervals, from: 0, to: 6 * QUARTER });

describe('the chart of a balance', () => {
  test('breaks where there is none, and marks where many meters are missing', () => {
    const { times, series, gaps } = chart(row(1), row(2, { counted: 97 }), row(3, { counted: 98 }), row(5));
    expect(times).toEqual([900, 1800, 2700, 3600, 4500]);
    const lines = Object.fromEntries(series.map(({ label, values }) => [label, values]));
    expect(lines).toEqual({
      Balance: [30, 30, 30, null, 30],
      Supplied: [90, 90, 90, null, 90],
      Consumed: [60, 60, 60, null, 60],
    });
    expect(gaps.map(({ fromMs, toMs, reason }) => [fromMs / QUARTER, toMs / QUARTER, reason])).toEqual([
      [1, 2, 'unread'],
      [3, 4, 'missing'],
      [5, 6, 'missing'],
    ]);
  });

  test('has one unit and scale for all, and phases where they are known', () => {
    const phases = { supplied: [1, 2, 3], consumed: [1, 1, 1], unassigned: 0, balance: [0, 1000, 2000] };
    const { series } = chart(row(1, { scaler: 1, imported: 1000, phases: phases as Row['phases'] }), row(2));
    expect(series.map(({ label, unit }) => [label, unit])).toEqual(
      ['Balance', 'Supplied', 'Consumed', 'Balance L1', 'Balance L2', 'Balance L3'].map((one) => [
        one,
        'kWh',
      ]),
    );
    expect(series[1]?.values).toEqual([9.9, 0.09]);
    expect(series[5]?.values).toEqual([20, null]);
  });

  test('comes to what the intervals say', () => {
    expect(totalsOf([row(1), row(2, { scaler: -1, counted: 50 })])).toEqual({
      supplied: 99,
      consumed: 66,
      balance: 33,
      share: 1 / 3,
      completeness: 0.75,
    });
    expect(totalsOf([row(1, { imported: 10, expected: 0 })])).toMatchObject({ share: null });
    expect([percent(1), percent(0.99999), percent(0.5)]).toEqual(['100.0 %', '99.9 %', '50.0 %']);
  });
});
