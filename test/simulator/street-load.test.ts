import { describe, expect, test } from 'bun:test';
import { BalanceDay } from '../../src/balance/balance-day.ts';
import { EnergyRows } from '../../src/balance/energy.ts';
import { type BalancePlace, balanceOf } from '../../src/base/balance.ts';
import type { CaptureColumn } from '../../src/base/model.ts';
import { DAY_MS } from '../../src/simulator/calendar.ts';
import { ENERGY, ENERGY_STREAMS } from '../../src/simulator/load-model.ts';
import type { MeteringPoint } from '../../src/simulator/metering-point.ts';
import { registersAt } from '../../src/simulator/profile-rows.ts';
import { START_MS, samplePoint } from './sample.ts';

const QUARTER_MS = 900_000;
const LOSS = 0.04;
const KINDS = ['household', 'solar', 'shop'] as const;
const points = Array.from({ length: 24 }, (_, i) =>
  samplePoint({ meterIndex: i + 1, kind: KINDS[i % 3] ?? 'shop', phases: i % 2 === 0 ? 1 : 3 }),
);
const total = samplePoint({ street: { points: () => points, lossShare: LOSS, now: () => START_MS } });

const DAY = Math.floor(START_MS / DAY_MS) * DAY_MS - 3 * DAY_MS;
const TIMES = Float64Array.from({ length: 97 }, (_, i) => DAY + i * QUARTER_MS);
const column = (obis: string): CaptureColumn => ({
  classId: 3,
  obis,
  attribute: 2,
  dataIndex: 0,
  scaler: 0,
  unit: 30,
});

/** The load profile of a meter whose clock is right. */
const rowsOf = (point: MeteringPoint): EnergyRows =>
  new EnergyRows({
    columns: [column('1.0.1.8.0.255'), column('1.0.2.8.0.255')],
    times: TIMES,
    clockStatus: new Uint8Array(TIMES.length),
    values: [
      { kind: 'number', values: TIMES.map((time) => registersAt(point, time).activeImport[0]) },
      { kind: 'number', values: TIMES.map((time) => registersAt(point, time).activeExport) },
    ],
  });

const always = (meterId: number): BalancePlace => ({
  meterId,
  balanceId: 1,
  fromMs: 0,
  isFirst: true,
  wasReplaced: false,
});

describe('a street with a balance meter', () => {
  test('balances to what is lost on the way, and to more when somebody is not counted', () => {
    const ends = { fromMs: DAY + 1, toMs: DAY + DAY_MS + 1 };
    const day = new BalanceDay(rowsOf(total), [always(1)], ends);
    for (const [i, point] of points.entries()) day.add(always(i + 2), rowsOf(point));
    const intervals = day.intervals();
    expect(intervals).toHaveLength(96);
    const energies = (point: MeteringPoint, time: number): Float64Array => {
      const out = new Float64Array(ENERGY_STREAMS);
      point.energyAt(time, out);
      return out;
    };
    const imports = [ENERGY.tariff1, ENERGY.tariff2, ENERGY.tariff3];
    for (const interval of intervals) {
      const imported = points.reduce((sum, point) => {
        const [before, after] = [energies(point, interval.fromMs), energies(point, interval.toMs)];
        return imports.reduce((all, stream) => all + (after[stream] ?? 0) - (before[stream] ?? 0), sum);
      }, 0);
      // Each of three tariffs and the export of each meter is shown in whole Wh.
      const blur = 4 * (points.length + 1);
      expect(Math.abs(balanceOf(interval) - (imported * LOSS) / 1000)).toBeLessThan(blur);
      expect(interval.counted).toBe(points.length);
    }
    const lost = intervals.reduce((sum, interval) => sum + balanceOf(interval), 0);
    const consumed = intervals.reduce((sum, interval) => sum + interval.consumed, 0);
    expect(lost / consumed).toBeCloseTo(LOSS, 2);

    const [thief, ...honest] = points;
    const robbed = new BalanceDay(rowsOf(total), [always(1)], ends);
    for (const [i, point] of honest.entries()) robbed.add(always(i + 2), rowsOf(point));
    const taken = thief === undefined ? 0 : rowsOf(thief).between(DAY, DAY + DAY_MS);
    const more = robbed.intervals().reduce((sum, interval) => sum + balanceOf(interval), 0) - lost;
    expect(taken).toMatchObject({ imported: more, exported: 0 });
  });

  test('counts on while the day goes on, without a step when it is over', () => {
    const early = samplePoint({
      street: { points: () => points, lossShare: LOSS, now: () => DAY + 3_600_000 },
    });
    for (const time of TIMES.slice(0, 8)) {
      expect(registersAt(early, time)).toEqual(registersAt(total, time));
    }
    expect(registersAt(total, DAY - 60 * DAY_MS).activeImport[0]).toBe(0);
  });

  test('shows the power of all of them', () => {
    const sum = points.reduce((all, point) => all + point.instantaneous(START_MS).activeImport, 0);
    const shown = total.instantaneous(START_MS).activeImport;
    expect(shown).toBeGreaterThan(sum * 0.2);
    expect(shown).toBeLessThan(sum * 1.2);
  });
});
