import type { SeededRandom } from '../../src/base/random.ts';
import { DAY_MS, HOUR_MS } from '../../src/simulator/calendar.ts';

/** What a seed makes of the world, before anything goes wrong. */
export interface Scenery {
  readonly startMs: number;
  readonly tcpMeters: number;
  /** Behind the PLC module; there is none with 0. */
  readonly plcMeters: number;
  readonly lines: number;
  readonly metersPerLine: number;
  /** Hours between rounds of the profiles. */
  readonly everyHours: 1 | 2 | 4;
  readonly recallDays: number;
  readonly baudRate: number;
  /** Bytes per information field. */
  readonly maxBytes: number;
  /** How much goes wrong, 0 to 1. */
  readonly severity: number;
}

/** Just before something that clocks and months do. */
const STARTS = [
  Date.UTC(2026, 2, 27, 12),
  Date.UTC(2026, 9, 23, 12),
  Date.UTC(2026, 1, 26, 6),
  Date.UTC(2027, 11, 29, 18),
  Date.UTC(2028, 1, 27, 3),
];

export function sceneryOf(random: SeededRandom): Scenery {
  const pick = <Value>(values: readonly [Value, ...Value[]]): Value =>
    values[Math.floor(random.next() * values.length)] ?? values[0];
  const known = STARTS[Math.floor(random.next() * (STARTS.length + 2))];
  const lines = 1 + Math.floor(random.next() * 2);
  return {
    startMs: known ?? Date.UTC(2026, 0, 1) + Math.floor(random.next() * 365) * DAY_MS + 7 * HOUR_MS,
    tcpMeters: 4 + Math.floor(random.next() * 6),
    plcMeters: random.next() < 0.5 ? 0 : 2 + Math.floor(random.next() * 5),
    lines,
    metersPerLine: 4 + Math.floor(random.next() * (lines === 1 ? 8 : 4)),
    everyHours: pick([1, 2, 4]),
    recallDays: pick([3, 5, 10, 20]),
    baudRate: pick([2400, 9600, 9600, 19_200]),
    maxBytes: pick([128, 256, 512, 2030]),
    severity: pick([0.3, 0.6, 1]),
  };
}
