import { describe, expect, test } from 'bun:test';
import {
  dayInterval,
  isoInZone,
  isTimeZone,
  localTime,
  monthInterval,
  startOfDate,
} from '../../src/base/zone.ts';

const HOUR_MS = 3_600_000;
const iso = (timeMs: number): string => new Date(timeMs).toISOString();

describe('days and months of a zone', () => {
  test.each([
    ['UTC', '2026-03-29T12:00Z', '2026-03-29T00:00:00.000Z', 24],
    ['Europe/Berlin', '2026-03-29T12:00Z', '2026-03-28T23:00:00.000Z', 23],
    ['Europe/Berlin', '2026-10-25T12:00Z', '2026-10-24T22:00:00.000Z', 25],
    ['Asia/Kathmandu', '2026-03-29T20:00Z', '2026-03-29T18:15:00.000Z', 24],
    ['Pacific/Kiritimati', '2026-03-29T12:00Z', '2026-03-29T10:00:00.000Z', 24],
    ['America/Sao_Paulo', '2018-11-04T12:00Z', '2018-11-04T03:00:00.000Z', 23],
    ['America/Sao_Paulo', '2018-02-17T12:00Z', '2018-02-17T02:00:00.000Z', 25],
    ['Pacific/Apia', '2011-12-31T12:00Z', '2011-12-31T10:00:00.000Z', 24],
    // Midnight is skipped: the day begins at 01:00 of summer time.
    ['Asia/Beirut', '2024-03-31T12:00Z', '2024-03-30T22:00:00.000Z', 23],
    ['America/St_Johns', '2026-07-01T02:29:59Z', '2026-06-30T02:30:00.000Z', 24],
    ['Australia/Lord_Howe', '2026-04-05T02:00Z', '2026-04-04T13:00:00.000Z', 24.5],
  ])('%s at %s: the day begins %s and has %d hours', (zone, now, from, hours) => {
    const day = dayInterval(Date.parse(now), zone);
    expect(iso(day.fromMs)).toBe(from);
    expect((day.toMs - day.fromMs) / HOUR_MS).toBe(hours);
  });

  test.each(['Europe/Berlin', 'America/Sao_Paulo', 'Asia/Tehran', 'Africa/Cairo', 'UTC'])(
    'the days of %s follow each other without gap for ten years, and months are made of them',
    (zone) => {
      let at = startOfDate(2016, 1, 1, zone);
      for (let i = 0; i < 3650; i++) {
        const day = dayInterval(at, zone);
        expect(day.fromMs).toBe(at);
        expect(dayInterval(day.toMs - 1, zone)).toEqual(day);
        if (localTime(day.fromMs, zone).day === 1)
          expect(monthInterval(day.toMs - 1, zone).fromMs).toBe(day.fromMs);
        at = day.toMs;
      }
    },
  );

  test('an unknown zone is an error, and known to be none', () => {
    expect(() => dayInterval(0, 'Mars/Olympus')).toThrow(
      expect.objectContaining({ code: 'invalid-field', field: 'zone' }),
    );
    expect(['Mars/Olympus', '', 'Europe/Riga', 'UTC'].map(isTimeZone)).toEqual([false, false, true, true]);
  });

  test('December ends in January', () => {
    const month = monthInterval(Date.parse('2026-12-31T21:59:59Z'), 'Europe/Riga');
    expect([iso(month.fromMs), iso(month.toMs)]).toEqual([
      '2026-11-30T22:00:00.000Z',
      '2026-12-31T22:00:00.000Z',
    ]);
  });

  test('instants are written with the offset that holds then', () => {
    expect(isoInZone(Date.parse('2026-07-01T00:00:00Z'), 'Europe/Riga')).toBe('2026-07-01T03:00:00+03:00');
    expect(isoInZone(Date.parse('2026-01-01T00:00:00.999Z'), 'America/St_Johns')).toBe(
      '2025-12-31T20:30:00-03:30',
    );
    expect(isoInZone(0, 'UTC')).toBe('1970-01-01T00:00:00+00:00');
  });
});
