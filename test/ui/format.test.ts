import { describe, expect, test } from 'bun:test';
import { queryString } from '../../ui/api/client.ts';
import { agoText, bytesText, dateTime, durationText, scaledNumber, scaledText } from '../../ui/format.ts';

describe('numbers', () => {
  test.each([
    ['123456', 0, '123\u202f456'],
    ['123456', -3, '123.456'],
    ['5', -3, '0.005'],
    ['-5', -1, '-0.5'],
    ['0', 3, '0'],
    ['12', 3, '12\u202f000'],
    ['1152921504606846976', -2, '11\u202f529\u202f215\u202f046\u202f068\u202f469.76'],
    ['08ff', 0, '08ff'],
    ['1000', null, '1\u202f000'],
  ])('%s with scaler %p is %s, with nothing rounded', (raw, scaler, shown) => {
    expect(scaledText(raw, scaler)).toBe(shown);
  });

  test('for drawing', () => {
    expect(scaledNumber('2314', -1)).toBeCloseTo(231.4);
    expect(scaledNumber(null, -1)).toBeNull();
    expect(scaledNumber('ff', 0)).toBeNull();
  });

  test('bytes and durations', () => {
    expect([0, 1023, 1536, 5 * 1024 ** 3, 250 * 1024 ** 2].map(bytesText)).toEqual([
      '0 B',
      '1023 B',
      '1.5 KiB',
      '5.0 GiB',
      '250 MiB',
    ]);
    expect([0, 45, 120, 3600, 34_819_200, 1_728_000, 90].map(durationText)).toEqual([
      '0 s',
      '45 s',
      '2 min',
      '1 h',
      '403 d',
      '20 d',
      '90 s',
    ]);
  });
});

describe('times', () => {
  test('are shown in the zone of the concentrator', () => {
    const ms = Date.parse('2026-03-28T23:30:00Z');
    expect(dateTime(ms, 'Europe/Riga')).toBe('2026-03-29 01:30:00');
    expect(dateTime(ms, 'UTC')).toBe('2026-03-28 23:30:00');
  });

  test('ago', () => {
    const now = 1_000_000_000;
    expect([5, 90, 7_300, 200_000].map((s) => agoText(now - s * 1000, now))).toEqual([
      'just now',
      '1 min ago',
      '2 h ago',
      '2 d ago',
    ]);
    expect(agoText(now + 5_000, now)).toBe('just now');
  });
});

test('a query holds what is set', () => {
  expect(queryString({ a: 1, b: '', c: undefined, d: false, e: 'x y&z' })).toBe('?a=1&d=false&e=x+y%26z');
  expect(queryString({})).toBe('');
  expect(queryString(undefined)).toBe('');
});
