import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { BalanceDay } from '../../src/balance/balance-day.ts';
import { EnergyRows } from '../../src/balance/energy.ts';
import { type BalancePlace, balanceOf, phaseBalances } from '../../src/base/balance.ts';
import type { CaptureColumn, ColumnValues, ProfileRows } from '../../src/base/model.ts';

const QUARTER_MS = 900_000;
const START = Date.UTC(2026, 2, 29);
const DAY = { fromMs: START, toMs: START + 96 * QUARTER_MS };
const at = (quarter: number): number => START + quarter * QUARTER_MS;

const column = (obis: string, scaler: number): CaptureColumn => ({
  classId: 3,
  obis,
  attribute: 2,
  dataIndex: 0,
  scaler,
  unit: 30,
});
const IMPORT = '1.0.1.8.0.255';
const EXPORT = '1.0.2.8.0.255';
const always = (meterId: number, change: Partial<BalancePlace> = {}): BalancePlace => ({
  meterId,
  balanceId: 1,
  fromMs: 0,
  isFirst: true,
  wasReplaced: false,
  ...change,
});
const OWN = [always(1)];

type Registers = Readonly<Record<string, readonly (number | bigint)[]>>;

/** Rows at the quarters, each with the values of its registers. */
function rowsOf(
  quarters: readonly number[],
  registers: Registers,
  { scaler = 0, status = [] }: { readonly scaler?: number; readonly status?: readonly number[] } = {},
): ProfileRows {
  const values = Object.values(registers).map(
    (list): ColumnValues =>
      list.some((value) => typeof value === 'bigint')
        ? { kind: 'bigint', values: list.map(BigInt) }
        : { kind: 'number', values: Float64Array.from(list, Number) },
  );
  return {
    columns: Object.keys(registers).map((obis) => column(obis, scaler)),
    times: Float64Array.from(quarters, at),
    clockStatus: Uint8Array.from(quarters, (_, i) => status[i] ?? 0xff),
    values,
  };
}

const energy = (...args: Parameters<typeof rowsOf>): EnergyRows => new EnergyRows(rowsOf(...args));
const four = [0, 1, 2, 3];
const total = energy(four, { [IMPORT]: [1000, 1100, 1250, 1400], [EXPORT]: [0, 0, 10, 10] });
const dayOf = (balance = total): BalanceDay => new BalanceDay(balance, OWN, DAY);

describe('the balance of an interval', () => {
  test('is import minus export above, minus the same of all below', () => {
    const day = dayOf();
    day.add(always(2), energy(four, { [IMPORT]: [0, 60, 120, 180], [EXPORT]: [5, 5, 25, 25] }));
    day.add(always(3), energy(four, { [IMPORT]: [7, 37, 67, 97] }));
    const intervals = day.intervals();
    expect(intervals.map(balanceOf)).toEqual([10, 70, 60]);
    expect(intervals[1]).toEqual({
      fromMs: at(1),
      toMs: at(2),
      scaler: 0,
      imported: 150,
      exported: 10,
      consumed: 90,
      fed: 20,
      expected: 2,
      counted: 2,
      missing: {},
    });
  });

  test('does not take what lies behind a missing row for the next interval', () => {
    const day = dayOf(energy([0, 1, 3, 4], { [IMPORT]: [0, 100, 900, 1000] }));
    day.add(always(2), energy([0, 1, 2, 4], { [IMPORT]: [0, 90, 180, 360] }));
    expect(day.intervals()).toMatchObject([
      { toMs: at(1), imported: 100, consumed: 90, counted: 1 },
      { toMs: at(4), imported: 100, consumed: 0, counted: 0, missing: { 'no-row': 1 } },
    ]);
  });

  test('counts a meter with shorter intervals, and misses one with longer ones', () => {
    const hourly = energy([0, 4, 8], { [IMPORT]: [0, 400, 800] });
    const quarters = energy([0, 1, 2, 3, 4, 5, 6, 7, 8], { [IMPORT]: [0, 10, 20, 30, 40, 50, 60, 70, 80] });
    const byHour = dayOf(hourly);
    byHour.add(always(2), quarters);
    expect(byHour.intervals()).toMatchObject([{ consumed: 40 }, { consumed: 40 }]);
    const byQuarter = dayOf(quarters);
    byQuarter.add(always(2), hourly);
    expect(byQuarter.intervals()).toHaveLength(8);
    for (const { missing, counted } of byQuarter.intervals()) {
      expect({ missing, counted }).toEqual({ missing: { period: 1 }, counted: 0 });
    }
  });

  test('sums the energy of periods, all of them or none', () => {
    const hourly = energy([0, 4, 8], { [IMPORT]: [0, 400, 800] });
    const day = dayOf(hourly);
    day.add(always(2), energy([0, 1, 2, 3, 4, 5, 7, 8], { '1.0.1.29.0.255': [99, 1, 2, 3, 4, 5, 7, 8] }));
    expect(day.intervals()).toMatchObject([
      { consumed: 10, counted: 1 },
      { consumed: 0, counted: 0, missing: { 'no-row': 1 } },
    ]);
  });

  test('says why a meter is missing', () => {
    const day = dayOf(energy([0, 1], { [IMPORT]: [0, 100] }));
    day.add(always(2), undefined);
    day.add(always(3), energy([0, 1], { [IMPORT]: [500, 20] }));
    day.add(always(4), energy([0, 1], { '1.0.3.8.0.255': [0, 1] }));
    day.add(always(5), energy([0, 1], { [IMPORT]: [0, 1] }, { status: [0, 0x02] }));
    day.add(always(6), energy([0, 1, 1], { [IMPORT]: [0, 1, 2] }));
    day.add(always(7, { fromMs: at(0) + 1, isFirst: false }), energy([0, 1], { [IMPORT]: [0, 1] }));
    day.add(always(8), energy([0, 1], { [IMPORT]: [0, 2 ** 52] }));
    day.add(always(9), energy([0, 1], { [IMPORT]: [0.5, 1] }));
    expect(day.intervals()).toMatchObject([
      {
        expected: 8,
        counted: 0,
        consumed: 0,
        missing: { 'no-row': 2, reset: 2, 'no-energy': 1, clock: 2, changed: 1 },
      },
    ]);
  });

  test('is not there where the balance meter went back, or is not sure of its time', () => {
    expect(dayOf(energy([0, 1, 2], { [IMPORT]: [10, 5, 6] })).intervals()).toMatchObject([{ toMs: at(2) }]);
    expect(dayOf(energy([0, 1], { [IMPORT]: [0, 5] }, { status: [0x01, 0] })).isEmpty).toBe(true);
    expect(dayOf(energy([0], { [IMPORT]: [0] })).isEmpty).toBe(true);
  });

  test('knows who was below when', () => {
    const rows = energy([0, 1, 2, 3], { [IMPORT]: [0, 1, 2, 3] });
    const expectedOf = (change: Partial<BalancePlace>): (readonly [number, number])[] => {
      const day = dayOf();
      day.add(always(2, change), rows);
      return day.intervals().map(({ expected, counted }) => [expected, counted] as const);
    };
    const middle = at(1) + 60_000;
    expect(expectedOf({ fromMs: middle, isFirst: true })).toEqual([
      [0, 0],
      [0, 0],
      [1, 1],
    ]);
    expect(expectedOf({ fromMs: middle, isFirst: false })).toEqual([
      [0, 0],
      [1, 0],
      [1, 1],
    ]);
    expect(expectedOf({ toMs: middle })).toEqual([
      [1, 1],
      [1, 0],
      [0, 0],
    ]);
    expect(expectedOf({ toMs: middle, wasReplaced: true })).toEqual([
      [1, 1],
      [0, 0],
      [0, 0],
    ]);
    expect(expectedOf({ toMs: at(2) })).toEqual([
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
    const later = new BalanceDay(total, [always(1, { fromMs: at(1) })], DAY);
    expect(later.intervals().map(({ toMs }) => toMs)).toEqual([at(2), at(3)]);
  });

  test('is told by phase where the phases are known', () => {
    const phased = (scale: number): Registers => ({
      [IMPORT]: [0, 60 * scale],
      '1.0.21.8.0.255': [0, 10 * scale],
      '1.0.22.8.0.255': [0, 0],
      '1.0.41.8.0.255': [0, 20 * scale],
      '1.0.61.8.0.255': [0, 30 * scale],
    });
    const day = dayOf(energy([0, 1], phased(10)));
    day.add(always(2), energy([0, 1], phased(1)));
    day.add(always(3, { phase: 2 }), energy([0, 1], { [IMPORT]: [0, 50] }));
    const [known] = day.intervals();
    expect(known?.phases).toEqual({ supplied: [100, 200, 300], consumed: [10, 70, 30], unassigned: 0 });
    expect(known && phaseBalances(known)).toEqual([90, 130, 270]);
    day.add(always(4), energy([0, 1], { [IMPORT]: [0, 5] }));
    const [mixed] = day.intervals();
    expect(mixed?.phases?.unassigned).toBe(5);
    expect(mixed && phaseBalances(mixed)).toBeUndefined();
  });
});

describe('with any meters', () => {
  interface Drawn {
    readonly scaler: number;
    readonly wide: boolean;
    readonly start: number;
    readonly steps: readonly { readonly taken: number; readonly given: number; readonly lost: boolean }[];
  }
  const step = fc.record({ taken: fc.nat(5000), given: fc.nat(300), lost: fc.boolean() });
  const meter = fc.record({
    scaler: fc.integer({ min: -3, max: 3 }),
    wide: fc.boolean(),
    start: fc.nat(1e9),
    steps: fc.array(step, { minLength: 9, maxLength: 9 }),
  });
  /** Registers by quarter, in mWh. */
  const registers = ({ scaler, start, steps }: Drawn, which: 'taken' | 'given'): bigint[] => {
    let sum = BigInt(start);
    return steps.map((one, i) => {
      if (i > 0) sum += BigInt(one[which]);
      return sum * 10n ** BigInt(scaler + 3);
    });
  };
  const readOf = (drawn: Drawn): EnergyRows => {
    const kept = drawn.steps.flatMap(({ lost }, i) => (lost ? [] : [i]));
    const raw = (which: 'taken' | 'given') =>
      kept.map((i) => {
        const value = (registers(drawn, which)[i] ?? 0n) / 10n ** BigInt(drawn.scaler + 3);
        return drawn.wide ? value : Number(value);
      });
    return energy(kept, { [IMPORT]: raw('taken'), [EXPORT]: raw('given') }, { scaler: drawn.scaler });
  };

  test('it is what exact arithmetic on the registers gives, in whatever order they come', () => {
    fc.assert(
      fc.property(meter, fc.array(meter, { maxLength: 6 }), fc.boolean(), (above, below, turned) => {
        const balance = { ...above, steps: above.steps.map((one) => ({ ...one, lost: false })) };
        const day = dayOf(readOf(balance));
        for (const one of turned ? [...below].reverse() : below) day.add(always(2), readOf(one));
        const found = day.intervals();
        expect(found).toHaveLength(8);
        for (const [i, interval] of found.entries()) {
          const net = (one: Drawn): bigint => {
            const [taken, given] = [registers(one, 'taken'), registers(one, 'given')];
            return (taken[i + 1] ?? 0n) - (taken[i] ?? 0n) - (given[i + 1] ?? 0n) + (given[i] ?? 0n);
          };
          const whole = below.filter(({ steps }) => !steps[i]?.lost && !steps[i + 1]?.lost);
          const left = whole.reduce((rest, one) => rest - net(one), net(balance));
          expect(BigInt(balanceOf(interval)) * 10n ** BigInt(interval.scaler + 3)).toBe(left);
          expect(interval.counted).toBe(whole.length);
          expect(interval.expected).toBe(below.length);
          const missing = Object.values(interval.missing).reduce((sum, n) => sum + n, 0);
          expect(interval.counted + missing).toBe(interval.expected);
        }
      }),
    );
  });
});
