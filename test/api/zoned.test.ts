import { describe, expect, test } from 'bun:test';
import { dayOf, isoInZone, monthOf } from '../../src/api/zoned.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

describe('days and months of a zone', () => {
  test.each([
    // Riga changes its clocks on 2026-03-29 and 2026-10-25: 23 and 25 hours.
    ['Europe/Riga', '2026-03-29T12:00:00Z', '2026-03-28T22:00:00.000Z', '2026-03-29T21:00:00.000Z'],
    ['Europe/Riga', '2026-10-25T12:00:00Z', '2026-10-24T21:00:00.000Z', '2026-10-25T22:00:00.000Z'],
    ['UTC', '2026-03-29T00:00:00Z', '2026-03-29T00:00:00.000Z', '2026-03-30T00:00:00.000Z'],
    // Beirut skips midnight: the day starts at 01:00 summer time.
    ['Asia/Beirut', '2024-03-31T12:00:00Z', '2024-03-30T22:00:00.000Z', '2024-03-31T21:00:00.000Z'],
    ['America/St_Johns', '2026-07-01T02:29:59Z', '2026-06-30T02:30:00.000Z', '2026-07-01T02:30:00.000Z'],
  ])('%s at %s', (zone, at, from, to) => {
    const day = dayOf(zone, Date.parse(at));
    expect([iso(day.fromMs), iso(day.toMs)]).toEqual([from, to]);
  });

  test('December ends in January', () => {
    const month = monthOf('Europe/Riga', Date.parse('2026-12-31T21:59:59Z'));
    expect([iso(month.fromMs), iso(month.toMs)]).toEqual([
      '2026-11-30T22:00:00.000Z',
      '2026-12-31T22:00:00.000Z',
    ]);
  });

  test('instants are written with the offset that holds then', () => {
    expect(isoInZone('Europe/Riga', Date.parse('2026-07-01T00:00:00Z'))).toBe('2026-07-01T03:00:00+03:00');
    expect(isoInZone('America/St_Johns', Date.parse('2026-01-01T00:00:00Z'))).toBe(
      '2025-12-31T20:30:00-03:30',
    );
  });
});
