import { describe, expect, test } from 'bun:test';
import { isInWindow, parseWindow } from '../../src/tasks/window.ts';

const at = (text: string): number => Date.parse(text);

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
    expect(isInWindow(window, at('2026-03-29T00:59:59Z'), zone)).toBe(false);
    expect(isInWindow(window, at('2026-03-29T01:00:00Z'), zone)).toBe(true);
    expect(isInWindow(window, at('2026-03-29T01:59:59Z'), zone)).toBe(true);
    expect(isInWindow(window, at('2026-03-29T02:00:00Z'), zone)).toBe(false);
  });

  test('the hour that comes twice is in the window twice', () => {
    // 25 October 2026: 04:00 becomes 03:00 at 01:00 UTC.
    const window = parseWindow('03:00-04:00');
    expect(isInWindow(window, at('2026-10-25T00:30:00Z'), zone)).toBe(true);
    expect(isInWindow(window, at('2026-10-25T01:30:00Z'), zone)).toBe(true);
    expect(isInWindow(window, at('2026-10-25T02:00:00Z'), zone)).toBe(false);
  });
});
