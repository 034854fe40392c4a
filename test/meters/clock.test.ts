import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type ClockReading, clockCorrection, surestReading } from '../../src/meters/clock.ts';

const PERIOD_MS = 900_000;
const DAY_MS = 86_400_000;
const limits = { thresholdMs: 2_000, shiftUpToMs: 60_000, periodsMs: [PERIOD_MS] };

const reading = (driftMs: number, change: Partial<ClockReading> = {}): ClockReading => ({
  readAtMs: 0,
  meterMs: 0,
  driftMs,
  roundTripMs: 0,
  deviationMinutes: 0,
  status: 0,
  ...change,
});
const at = (time: string): number => Date.parse(`2026-06-10T${time}Z`);

describe('what is done about a drift', () => {
  test.each([
    [2_000, at('12:07:00'), { do: 'nothing', why: 'within-threshold' }],
    [-2_001, at('12:07:00'), { do: 'shift', seconds: 2 }],
    [60_000, at('12:07:00'), { do: 'shift', seconds: -60 }],
    [60_001, at('12:07:00'), { do: 'set' }],
    // Midnight and captures are left alone, before and after the correction.
    [30_000, at('23:58:31'), { do: 'wait', forMs: 180_000 }],
    [30_000, at('23:57:55'), { do: 'shift', seconds: -30 }],
    [-30_000, at('23:59:59'), { do: 'wait', forMs: 125_000 }],
    [30_000, at('12:13:01'), { do: 'wait', forMs: 210_000 }],
    [-30_000, at('12:15:00'), { do: 'wait', forMs: 125_000 }],
    // Set from 12:14 to 13:14, near captures on both sides.
    [-3_600_000, at('13:14:00'), { do: 'wait', forMs: 155_000 }],
    [-3_600_000, at('13:07:00'), { do: 'set' }],
  ] as const)('%i ms at %i', (driftMs, nowMs, expected) => {
    expect(clockCorrection(reading(driftMs), nowMs, limits)).toEqual(expected);
  });

  test('midnight is the meter’s own', () => {
    const noPeriods = { ...limits, periodsMs: [] };
    const riga = reading(30_000, { deviationMinutes: -120 });
    expect(clockCorrection(riga, at('22:00:30'), noPeriods)).toMatchObject({ do: 'wait' });
    expect(clockCorrection(riga, at('00:00:30'), noPeriods)).toEqual({ do: 'shift', seconds: -30 });
  });

  test('a drift that the round trip can explain is left alone, a larger one is not', () => {
    const slow = { roundTripMs: 8_000 };
    const left = { do: 'nothing', why: 'round-trip-too-long' } as const;
    expect(clockCorrection(reading(6_000, slow), at('12:07:00'), limits)).toEqual(left);
    expect(clockCorrection(reading(6_001, slow), at('12:07:00'), limits)).toMatchObject({ do: 'shift' });
    expect(clockCorrection(reading(3_000, { roundTripMs: 4_000 }), at('12:07:00'), limits)).toMatchObject({
      do: 'shift',
    });
  });

  test('captures every minute leave no room for half a minute: it is set between two of them', () => {
    const minutely = { ...limits, periodsMs: [60_000] };
    expect(clockCorrection(reading(40_000), at('12:07:20'), minutely)).toMatchObject({ do: 'wait' });
    expect(clockCorrection(reading(40_000), at('12:07:40'), minutely)).toEqual({ do: 'set' });
    expect(clockCorrection(reading(5_000), at('12:07:30'), minutely)).toEqual({ do: 'shift', seconds: -5 });
  });

  test('no shift passes over a capture or comes near midnight, whenever and by how much', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -600_000, max: 600_000 }),
        fc.integer({ min: at('00:00:00'), max: at('00:00:00') + DAY_MS }),
        fc.constantFrom(0, -120, 330),
        fc.constantFrom(PERIOD_MS, 300_000, 3_600_000),
        (driftMs, nowMs, deviationMinutes, periodMs) => {
          const some = { thresholdMs: 2_000, shiftUpToMs: 600_000, periodsMs: [periodMs] };
          const clock = reading(driftMs, { deviationMinutes });
          let correction = clockCorrection(clock, nowMs, some);
          let when = nowMs;
          if (correction.do === 'wait') {
            when += correction.forMs;
            correction = clockCorrection(clock, when, some);
          }
          // One wait is enough.
          expect(correction.do).not.toBe('wait');
          if (correction.do === 'nothing') return;
          const after = when - deviationMinutes * 60_000;
          const before = after + driftMs;
          const toEdge = (ms: number, edge: number): number => {
            const past = ((ms % edge) + edge) % edge;
            return Math.min(past, edge - past);
          };
          for (const ms of [before, after]) {
            expect(toEdge(ms, DAY_MS)).toBeGreaterThan(89_999);
            expect(toEdge(ms, periodMs)).toBeGreaterThan(Math.min(90_000, periodMs / 5) - 1);
          }
          if (correction.do === 'shift') {
            expect(Math.floor(before / periodMs)).toBe(Math.floor(after / periodMs));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('which reading is believed', () => {
  const readings = (
    ...given: readonly ClockReading[]
  ): { read: () => Promise<ClockReading>; count: number } => {
    const source = {
      count: 0,
      read: async () => given[source.count++] ?? reading(0),
    };
    return source;
  };

  test('the one with the shortest round trip, of five at most', async () => {
    const roundTrips = [9_000, 4_000, 7_000, 3_000, 5_000, 10];
    const source = readings(...roundTrips.map((roundTripMs) => reading(5_000, { roundTripMs })));
    expect((await surestReading(source.read, 2_000)).roundTripMs).toBe(3_000);
    expect(source.count).toBe(5);
  });

  test('the first when it was fast, or when nothing needs to be done whatever the delay', async () => {
    const fast = readings(reading(50_000, { roundTripMs: 900 }));
    await surestReading(fast.read, 2_000);
    const good = readings(reading(100, { roundTripMs: 3_000 }));
    await surestReading(good.read, 2_000);
    expect([fast.count, good.count]).toEqual([1, 1]);
  });
});
