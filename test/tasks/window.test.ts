import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { isInWindow, nextOpening, parseWindow } from '../../src/tasks/window.ts';

const at = (text: string): number => Date.parse(text);
const iso = (ms: number): string => new Date(ms).toISOString();

test('what is no part of a day is refused', () => {
  for (const text of ['', '22:00', '22:00-22:00', '24:00-06:00', '22:60-06:00', '9:00-10:00', 'x22:00-06:00'])
    expect(() => parseWindow(text)).toThrow(
      expect.objectContaining({ code: 'invalid-field', field: 'window' }),
    );
});

test('a window over midnight holds both its sides, its end excluded', () => {
  const window = parseWindow('22:00-06:00');
  const inside = (text: string): boolean => isInWindow(window, at(`2026-06-10T${text}Z`), 'UTC');
  expect(['21:59:59', '22:00:00', '23:59:59', '00:00:00', '05:59:59', '06:00:00'].map(inside)).toEqual([
    false,
    true,
    true,
    true,
    true,
    false,
  ]);
});

describe('the days on which the clocks of Riga are changed', () => {
  const zone = 'Europe/Riga';
  test('a window that begins in the hour that is missing opens when the clocks have jumped', () => {
    // 29 March 2026: 03:00 becomes 04:00 at 01:00 UTC.
    const window = parseWindow('03:30-05:00');
    expect(iso(nextOpening(window, at('2026-03-28T22:00:00Z'), zone))).toBe('2026-03-29T01:00:00.000Z');
  });

  test('a window inside the hour that is missing opens the day after', () => {
    const window = parseWindow('03:10-03:50');
    expect(iso(nextOpening(window, at('2026-03-28T22:00:00Z'), zone))).toBe('2026-03-30T00:10:00.000Z');
  });

  test('the hour that comes twice is in the window twice', () => {
    // 25 October 2026: 04:00 becomes 03:00 at 01:00 UTC.
    const window = parseWindow('03:00-04:00');
    expect(isInWindow(window, at('2026-10-25T00:30:00Z'), zone)).toBe(true);
    expect(isInWindow(window, at('2026-10-25T01:30:00Z'), zone)).toBe(true);
    expect(isInWindow(window, at('2026-10-25T02:00:00Z'), zone)).toBe(false);
  });
});

test('the next opening is the first minute after now at which the window is open', () => {
  const minute = fc.integer({ min: 0, max: 1_439 });
  fc.assert(
    fc.property(
      minute,
      minute,
      fc.integer({ min: at('2026-03-26T00:00:00Z') / 1000, max: at('2026-04-01T00:00:00Z') / 1000 }),
      fc.constantFrom('UTC', 'Europe/Riga', 'America/New_York', 'Australia/Lord_Howe'),
      (fromMinute, toMinute, nowS, zone) => {
        const window = { fromMinute, toMinute };
        fc.pre(fromMinute !== toMinute && !isInWindow(window, nowS * 1000, zone));
        const opening = nextOpening(window, nowS * 1000, zone);
        let first = Math.floor(nowS / 60) * 60_000 + 60_000;
        while (!isInWindow(window, first, zone)) first += 60_000;
        expect(opening).toBe(first);
      },
    ),
    { numRuns: 60 },
  );
});
