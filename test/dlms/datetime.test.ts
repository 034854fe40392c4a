import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import {
  dateOfEpochDay,
  daysSinceEpoch,
  decodeDateTime,
  encodeDateTime,
  formatDateTime,
  fromUtcMs,
  parseDateTime,
  toUtcMs,
} from '../../src/dlms/datetime.ts';
import { codeOf } from './mutation.ts';

const decoded = (hex: string) => decodeDateTime(fromHex(hex));

describe('date-time', () => {
  test('the deviation is added to the local time', () => {
    const value = decoded('07ea0b16 07 0c2238ff ffc4 00');
    expect(value).toEqual({
      year: 2026,
      month: 11,
      day: 22,
      weekday: 7,
      hour: 12,
      minute: 34,
      second: 56,
      deviationMinutes: -60,
      status: 0,
    });
    expect(toUtcMs(value)).toBe(1_795_347_296_000);
    expect(formatDateTime(value)).toBe('2026-11-22T12:34:56+01:00');
  });

  test('what is unspecified is left out of the text and of the instant', () => {
    const cases: readonly (readonly [string, string, number | undefined])[] = [
      ['07ea0b16ff0b2238008000ff', '2026-11-22T11:34:56', Date.UTC(2026, 10, 22, 11, 34, 56)],
      ['07ea0b16ff0b22ffff8000ff', '2026-11-22T11:34', Date.UTC(2026, 10, 22, 11, 34)],
      ['07ea0b16ff0b22380a000000', '2026-11-22T11:34:56.10Z', Date.UTC(2026, 10, 22, 11, 34, 56, 100)],
      ['07ea0b16ff0bffffff8000ff', '2026-11-22T11', undefined],
      ['07ea0b16ffffffffff8000ff', '2026-11-22', undefined],
      ['07ea0bffffffffffff8000ff', '2026-11', undefined],
      ['07eaffffffffffffff8000ff', '2026', undefined],
      ['ffff0b16ffffffffff8000ff', '--11-22', undefined],
      ['ffffff16ffffffffff8000ff', '---22', undefined],
      ['ffffffffff0b2200ff8000ff', 'T11:34:00', undefined],
      ['ffffffffffffffffff8000ff', '', undefined],
      ['07ea0b16ff0b223800012c00', '2026-11-22T11:34:56-05:00', Date.UTC(2026, 10, 22, 16, 34, 56)],
      ['07ea0b16ff0b22380ffeb600', '2026-11-22T11:34:56.15+05:30', Date.UTC(2026, 10, 22, 6, 4, 56, 150)],
    ];
    for (const [hex, text, utcMs] of cases) {
      expect(formatDateTime(decoded(hex))).toBe(text);
      expect(toUtcMs(decoded(hex))).toBe(utcMs);
    }
  });

  test('rules and impossible fields name no instant', () => {
    for (const hex of [
      '07ea03fe0702000000800000',
      '07eafd010702000000800000',
      '07ea021dff0000000000ff00',
      '07ea0d01ff00000000000000',
      '07ea0101ff18000000000000',
    ]) {
      expect(toUtcMs(decoded(hex))).toBeUndefined();
    }
    expect(toUtcMs(decoded('07e8021dff00000000000000'))).toBe(Date.UTC(2024, 1, 29));
  });

  test('bytes survive decoding and encoding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), (bytes) => {
        expect(toHex(encodeDateTime(decodeDateTime(bytes)))).toBe(toHex(bytes));
      }),
    );
    expect(codeOf(() => decodeDateTime(new Uint8Array(11)))).toBe('invalid-argument');
  });

  test('instants survive every deviation, and the calendar agrees with the runtime', () => {
    const tenMs = fc.integer({ min: 0, max: 410_000_000_000 }).map((n) => n * 10);
    fc.assert(
      fc.property(tenMs, fc.integer({ min: -720, max: 720 }), (utcMs, deviation) => {
        const value = fromUtcMs(utcMs, deviation);
        expect(toUtcMs(value)).toBe(utcMs);
        const local = new Date(utcMs - deviation * 60_000);
        expect([value.year, value.month, value.day, value.hour, value.minute]).toEqual([
          local.getUTCFullYear(),
          local.getUTCMonth() + 1,
          local.getUTCDate(),
          local.getUTCHours(),
          local.getUTCMinutes(),
        ]);
        expect((value.weekday ?? 0) % 7).toBe(local.getUTCDay());
        expect(toUtcMs(parseDateTime(formatDateTime(value)))).toBe(utcMs);
      }),
    );
    for (let day = -1000; day < 60_000; day += 17) {
      const { year, month, day: dayOfMonth } = dateOfEpochDay(day);
      expect(daysSinceEpoch(year, month, dayOfMonth)).toBe(day);
    }
  });

  test('ISO text is parsed with what it says and no more', () => {
    expect(parseDateTime('2026-11-22')).toEqual({ year: 2026, month: 11, day: 22, weekday: 7 });
    expect(parseDateTime('2026-11-22T11:34Z')).toEqual({
      year: 2026,
      month: 11,
      day: 22,
      weekday: 7,
      hour: 11,
      minute: 34,
      deviationMinutes: 0,
    });
    expect(parseDateTime('2026-11-22 11:34:56.5-03:30')).toMatchObject({
      second: 56,
      hundredths: 50,
      deviationMinutes: 210,
    });
    for (const text of ['', 'x', '2026-13-01', '2026-02-30', '2026-11-22T25:00', '2026-11-22T11', '11:00']) {
      expect(codeOf(() => parseDateTime(text))).toBe('invalid-argument');
    }
  });
});
