import { describe, expect, test } from 'bun:test';
import { EVENT_LOGS } from '../../src/base/model.ts';
import { decodeData } from '../../src/dlms/axdr.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/simulator/calendar.ts';
import type { MeteringPoint } from '../../src/simulator/metering-point.ts';
import {
  AMR_STATUS,
  billingRows,
  demandRows,
  energyRows,
  PROFILES,
  registersAt,
} from '../../src/simulator/profile-rows.ts';
import { stampBytes } from '../../src/simulator/row-encoding.ts';
import { encodeRows, rowsInRange, START_MS, samplePoint } from './sample.ts';

const QUARTER_MS = 15 * MINUTE_MS;

function elements(data: DlmsData | undefined): readonly DlmsData[] {
  if (data?.type !== 'array' && data?.type !== 'structure') throw new Error(`not a list: ${data?.type}`);
  return data.elements;
}

function cell(row: DlmsData, column: number): number {
  const data = elements(row)[column];
  if (data?.type !== 'double-long-unsigned' && data?.type !== 'unsigned') throw new Error('not a number');
  return data.value;
}

/** UTC ms by the plain meaning of the 12 bytes: local time plus deviation. */
function utcOf(data: DlmsData | undefined): number {
  if (data?.type !== 'octet-string') throw new Error('not an octet-string');
  const view = new DataView(data.value.buffer, data.value.byteOffset);
  const local = Date.UTC(
    view.getUint16(0),
    view.getUint8(2) - 1,
    view.getUint8(3),
    view.getUint8(5),
    view.getUint8(6),
    view.getUint8(7),
  );
  const weekday = new Date(local).getUTCDay();
  expect(view.getUint8(4)).toBe(weekday === 0 ? 7 : weekday);
  return local + view.getInt16(9) * MINUTE_MS;
}

const decode = (bytes: Uint8Array): readonly DlmsData[] => elements(decodeData(bytes));
const all = (rows: ReturnType<typeof energyRows>): readonly DlmsData[] =>
  decode(encodeRows(rows, 0, rows.count));

/** A meter whose last 40 days have an outage of more than a quarter hour. */
function pointWithGap(): { point: MeteringPoint; startMs: number; endMs: number } {
  for (let meterIndex = 0; meterIndex < 50; meterIndex++) {
    const point = samplePoint({ meterIndex });
    const outage = point
      .outages(START_MS)
      .find((o) => o.startMs > START_MS - 39 * DAY_MS && o.endMs - o.startMs > 2 * QUARTER_MS);
    if (outage !== undefined) return { point, startMs: outage.startMs, endMs: outage.endMs };
  }
  throw new Error('no meter with an outage');
}

describe('energy profile', () => {
  test('each row holds the registers of its moment', () => {
    const point = samplePoint({ kind: 'solar' });
    const rows = energyRows(point, START_MS);
    const decoded = all(rows);
    expect(decoded.length).toBe(rows.count);
    decoded.forEach((row, i) => {
      const registers = registersAt(point, rows.times[i] ?? 0);
      expect([cell(row, 2), cell(row, 3), cell(row, 4), cell(row, 5)]).toEqual([
        registers.activeImport[0],
        registers.activeExport,
        registers.reactiveImport,
        registers.reactiveExport,
      ]);
      expect(utcOf(elements(row)[0])).toBe(rows.stamps[i] ?? 0);
    });
  });

  test('covers 40 days, one row a quarter hour but for outages', () => {
    const point = samplePoint();
    const rows = energyRows(point, START_MS);
    expect(rows.count).toBeGreaterThan(40 * 96 - 60);
    expect(rows.count).toBeLessThanOrEqual(40 * 96 + 1);
    expect(START_MS - (rows.stamps[rows.count - 1] ?? 0)).toBeLessThan(QUARTER_MS);
  });

  test('an outage leaves its rows out and marks the first one after it', () => {
    const { point, startMs, endMs } = pointWithGap();
    const rows = energyRows(point, START_MS);
    const decoded = all(rows);
    const missing = [...rows.times].filter((time) => time >= startMs && time < endMs);
    expect(missing).toEqual([]);
    const next = [...rows.times].findIndex((time) => time >= endMs);
    expect(cell(decoded[next] ?? { type: 'null-data' }, 1) & AMR_STATUS.powerDown).toBe(AMR_STATUS.powerDown);
    const previous = decoded[next - 1];
    if (previous !== undefined) expect(cell(previous, 1) & AMR_STATUS.powerDown).toBe(0);
    expect((rows.stamps[next] ?? 0) - (rows.stamps[next - 1] ?? 0)).toBeGreaterThan(QUARTER_MS);
  });

  test('summer time shows in deviation and status, and no stamp is lost or doubled in UTC', () => {
    const autumn = Date.UTC(2026, 9, 25, 1);
    const point = samplePoint({ startMs: autumn + 3 * HOUR_MS });
    const rows = energyRows(point, autumn + 3 * HOUR_MS);
    const { from, to } = rowsInRange(rows, autumn - HOUR_MS, autumn + HOUR_MS - 1);
    expect(to - from).toBe(8);
    const decoded = decode(encodeRows(rows, from, to));
    expect(decoded.map((row) => cell(row, 1) & AMR_STATUS.daylightSaving)).toEqual([8, 8, 8, 8, 0, 0, 0, 0]);
    const zone = point.plan.zone;
    expect(stampBytes(zone, autumn - QUARTER_MS).toHex()).toBe('07ea0a1907022d0000ff8880');
    expect(stampBytes(zone, autumn).toHex()).toBe('07ea0a190702000000ffc400');
  });

  test('the oldest rows fall off, the others stay as they are', () => {
    const point = samplePoint();
    const now = energyRows(point, START_MS);
    const later = energyRows(point, START_MS + DAY_MS);
    const shared = rowsInRange(later, now.stamps[96] ?? 0, START_MS);
    const same = rowsInRange(now, now.stamps[96] ?? 0, START_MS);
    expect(encodeRows(later, shared.from, shared.to)).toEqual(encodeRows(now, same.from, same.to));
  });

  test('20 days are encoded in a few milliseconds', () => {
    const point = samplePoint();
    const once = (): number => {
      const began = performance.now();
      const rows = energyRows(point, START_MS);
      encodeRows(rows, rows.count - 1920, rows.count);
      return performance.now() - began;
    };
    const times = Array.from({ length: 9 }, once).sort((a, b) => a - b);
    // A shared machine may be slow; 5 ms are meant, an order of magnitude more is a fault.
    expect(times[4] ?? 0).toBeLessThan(40);
  });
});

test('demand is the rise of the register within the hour', () => {
  const point = samplePoint({ kind: 'solar' });
  const rows = demandRows(point, START_MS);
  expect(rows.count).toBeGreaterThan(40 * 24 - 20);
  all(rows).forEach((row, i) => {
    const time = rows.times[i] ?? 0;
    const after = registersAt(point, time);
    const before = registersAt(point, time - HOUR_MS);
    expect(cell(row, 2)).toBe(after.activeImport[0] - before.activeImport[0]);
    expect(cell(row, 3)).toBe(after.activeExport - before.activeExport);
  });
});

describe('billing', () => {
  test('thirteen month ends, tariffs add up to the total, totals grow', () => {
    const point = samplePoint();
    const rows = all(billingRows(point, START_MS));
    expect(rows).toHaveLength(13);
    let before = 0;
    rows.forEach((row, i) => {
      const [sum, ...tariffs] = [2, 3, 4, 5, 6].map((_, at) => cell(row, at + 1));
      expect(tariffs.reduce((a, b) => a + b, 0)).toBe(sum ?? -1);
      expect(sum ?? 0).toBeGreaterThan(before);
      before = sum ?? 0;
      const month = 10 - 12 + i;
      // Local midnight on the first: 22:00 UTC in summer, 23:00 in winter.
      const at = new Date(utcOf(elements(row)[0]) + 2 * HOUR_MS);
      expect([at.getUTCDate(), at.getUTCMonth()]).toEqual([1, ((month % 12) + 12) % 12]);
    });
    expect(utcOf(elements(rows[12])[0])).toBe(Date.UTC(2026, 9, 31, 23));
  });

  test('agrees with the energy profile at the turn of the month', () => {
    const point = samplePoint();
    const bills = billingRows(point, START_MS);
    const energy = energyRows(point, START_MS);
    const { from, to } = rowsInRange(energy, bills.stamps[12] ?? 0, bills.stamps[12] ?? 0);
    const [row] = decode(encodeRows(energy, from, to));
    const [bill] = decode(encodeRows(bills, 12, 13));
    if (row === undefined || bill === undefined) throw new Error('no row at the turn of the month');
    expect(cell(bill, 1)).toBe(cell(row, 2));
    expect(cell(bill, 6)).toBe(cell(row, 3));
  });

  test('the greatest demand is that of the month, at its time', () => {
    const point = samplePoint();
    const now = START_MS + 20 * DAY_MS;
    const bill = all(billingRows(point, now))[12];
    if (bill === undefined) throw new Error('no bill');
    const demand = demandRows(point, now);
    const { from, to } = rowsInRange(demand, Date.UTC(2026, 9, 31, 23) + 1, Date.UTC(2026, 10, 30, 23));
    const month = decode(encodeRows(demand, from, to));
    const greatest = Math.max(...month.map((row) => cell(row, 2)));
    expect(cell(bill, 7)).toBe(greatest);
    const peak = month.find((row) => cell(row, 2) === greatest);
    expect(elements(bill)[8]).toEqual(elements(peak)[0] ?? { type: 'null-data' });
  });
});

describe('event logs', () => {
  test('standard log has summer time, power, and clock settings; failures have durations', () => {
    const point = samplePoint();
    const codes = new Set<number>();
    for (const row of all(PROFILES['0.0.99.98.0.255']?.(point, START_MS) ?? energyRows(point, START_MS))) {
      codes.add(cell(row, 1));
    }
    for (const code of [1, 2, 3, 4, 5]) expect(codes).toContain(code);
    const failures = all(PROFILES['1.0.99.97.0.255']?.(point, START_MS) ?? energyRows(point, START_MS));
    expect(failures.length).toBeGreaterThan(0);
    for (const row of failures) expect(cell(row, 1)).toBeGreaterThanOrEqual(180);
  });
});

test('the same seed and start give the same bytes, another seed others', () => {
  const bytes = (seed: number, meterIndex: number): string[] =>
    Object.values(PROFILES).map((rows) => {
      const index = rows(samplePoint({ seed, meterIndex }), START_MS);
      return encodeRows(index, 0, index.count).toHex();
    });
  expect(bytes(5, 9)).toEqual(bytes(5, 9));
  expect(bytes(6, 9)).not.toEqual(bytes(5, 9));
  expect(Object.keys(PROFILES)).toHaveLength(3 + EVENT_LOGS.length);
});
