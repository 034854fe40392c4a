import { describe, expect, test } from 'bun:test';
import { DAY_MS, daysFromCivil, HOUR_MS } from '../../src/simulator/calendar.ts';
import { ENERGY, ENERGY_STREAMS, type LoadKind, LoadModel, SLOT_MS } from '../../src/simulator/load-model.ts';

const INSTALL_DAY = daysFromCivil(2024, 3, 10);
const model = (kind: LoadKind, meterIndex = 3, seed = 1): LoadModel =>
  new LoadModel({ seed, meterIndex, kind, phases: 3, installDay: INSTALL_DAY, utcOffsetMinutes: 60 });

const energy = (of: LoadModel, atMs: number): Float64Array => {
  const out = new Float64Array(ENERGY_STREAMS);
  of.energyAt(atMs, out);
  return out;
};

const activeImport = (of: LoadModel, fromMs: number, toMs: number): number => {
  const from = energy(of, fromMs);
  const to = energy(of, toMs);
  let sum = 0;
  for (const tariff of [ENERGY.tariff1, ENERGY.tariff2, ENERGY.tariff3]) {
    sum += (to[tariff] ?? 0) - (from[tariff] ?? 0);
  }
  return sum;
};

/** Local midnight of a date, UTC ms. */
const midnight = (year: number, month: number, day: number): number =>
  daysFromCivil(year, month, day) * DAY_MS - HOUR_MS;

describe('load model', () => {
  test.each(['household', 'shop', 'solar'] as const)(
    '%s: every stream only ever grows, in whole numbers',
    (kind) => {
      for (let meter = 0; meter < 12; meter++) {
        const load = model(kind, meter);
        let before = energy(load, INSTALL_DAY * DAY_MS - HOUR_MS);
        expect([...before]).toEqual([0, 0, 0, 0, 0, 0]);
        // An odd step meets quarter hours, their insides and midnights.
        for (let step = 1; step < 4000; step++) {
          const now = energy(load, INSTALL_DAY * DAY_MS - HOUR_MS + step * 7 * 991_000);
          for (let stream = 0; stream < ENERGY_STREAMS; stream++) {
            const value = now[stream] ?? -1;
            if (value < (before[stream] ?? 0) || !Number.isInteger(value)) {
              throw new Error(
                `stream ${stream} of meter ${meter}: ${before[stream]} then ${value} at ${step}`,
              );
            }
          }
          before = now;
        }
      }
    },
  );

  test('grows across midnight without a step', () => {
    const load = model('household');
    for (let day = 0; day < 400; day++) {
      const at = midnight(2024, 3, 11) + day * DAY_MS;
      const step = activeImport(load, at - 1000, at + 1000);
      expect(step).toBeGreaterThanOrEqual(0);
      // Two seconds of at most 20 kW.
      expect(step).toBeLessThan(12_000);
    }
  });

  test('does not depend on what was asked before', () => {
    const at = midnight(2025, 7, 4) + 12_345_678;
    const fresh = energy(model('solar'), at);
    const used = model('solar');
    for (let day = 0; day < 700; day++) energy(used, at - day * DAY_MS);
    expect(energy(used, at)).toEqual(fresh);
  });

  test('another seed or meter gives other values', () => {
    const at = midnight(2025, 7, 4);
    expect(energy(model('household', 3, 2), at)).not.toEqual(energy(model('household', 3, 1), at));
    expect(energy(model('household', 4, 1), at)).not.toEqual(energy(model('household', 3, 1), at));
  });

  test('winter takes more than summer, a shop rests on Sunday, the sun shines by day', () => {
    const home = model('household');
    const month = (m: number): number => activeImport(home, midnight(2025, m, 1), midnight(2025, m, 29));
    expect(month(1)).toBeGreaterThan(month(7) * 1.2);

    const shop = model('shop');
    const fourWeeks = (first: number): number => {
      let sum = 0;
      for (let week = 0; week < 4; week++) {
        const at = midnight(2025, 5, first + 7 * week);
        sum += activeImport(shop, at, at + DAY_MS);
      }
      return sum;
    };
    // The 4th of May 2025 is a Sunday, the 6th a Tuesday.
    expect(fourWeeks(6)).toBeGreaterThan(fourWeeks(4) * 1.2);

    const solar = model('solar');
    const exported = (fromMs: number, toMs: number): number =>
      (energy(solar, toMs)[ENERGY.activeExport] ?? 0) - (energy(solar, fromMs)[ENERGY.activeExport] ?? 0);
    const june = midnight(2025, 6, 12);
    expect(exported(june, june + 3 * HOUR_MS)).toBe(0);
    expect(exported(june + 10 * HOUR_MS, june + 14 * HOUR_MS)).toBeGreaterThan(2_000_000);
    expect(exported(june, june + 28 * DAY_MS)).toBeGreaterThan(
      exported(midnight(2025, 12, 1), midnight(2025, 12, 29)) * 2,
    );
  });

  test('evenings are the peak of a household', () => {
    const home = model('household');
    let evening = 0;
    let night = 0;
    for (let day = 1; day <= 28; day++) {
      const at = midnight(2025, 2, day);
      evening += activeImport(home, at + 18 * HOUR_MS, at + 21 * HOUR_MS);
      night += activeImport(home, at + HOUR_MS, at + 4 * HOUR_MS);
    }
    expect(evening).toBeGreaterThan(night * 2);
  });

  test('power is the rise of energy', () => {
    const load = model('shop');
    const power = new Float64Array(ENERGY_STREAMS);
    for (let slot = 0; slot < 96; slot++) {
      const at = midnight(2025, 4, 9) + slot * SLOT_MS;
      const rise = (activeImport(load, at, at + SLOT_MS) / 1e6) * 4000;
      load.powerAt(at + 60_000, power);
      const watts = (power[0] ?? 0) + (power[1] ?? 0) + (power[2] ?? 0);
      expect(Math.abs(watts - rise)).toBeLessThanOrEqual(rise * 0.041 + 0.01);
    }
  });

  test('shares of the phases add up to one', () => {
    for (let meter = 0; meter < 50; meter++) {
      const load = model('household', meter);
      expect(load.phaseShare(0) + load.phaseShare(1) + load.phaseShare(2)).toBeCloseTo(1, 12);
      for (const phase of [0, 1, 2]) expect(load.phaseShare(phase)).toBeGreaterThan(0.1);
    }
  });
});
