import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { DcuError } from '../../src/base/errors.ts';
import { describeCron, nextTick, parseCron, validateCron } from '../../src/tasks/cron.ts';

const iso = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16);

function ticks(text: string, after: string, count: number, zone = 'UTC'): (string | undefined)[] {
  const cron = parseCron(text);
  const out: (string | undefined)[] = [];
  let at = Date.parse(after);
  for (let i = 0; i < count; i++) {
    const next = nextTick(cron, at, zone);
    out.push(iso(next));
    if (next === undefined) break;
    at = next;
  }
  return out;
}

describe('the examples of the appendix', () => {
  test.each([
    ['0 6 * * *', '2026-01-01T06:00:00Z', ['2026-01-02T06:00', '2026-01-03T06:00']],
    ['0 */2 * * *', '2026-01-01T21:30:00Z', ['2026-01-01T22:00', '2026-01-02T00:00', '2026-01-02T02:00']],
    [
      '0 23-7/2, 8 * * *',
      '2026-01-01T12:00:00Z',
      [
        '2026-01-01T23:00',
        '2026-01-02T01:00',
        '2026-01-02T03:00',
        '2026-01-02T05:00',
        '2026-01-02T07:00',
        '2026-01-02T08:00',
        '2026-01-02T23:00',
      ],
    ],
    // 4 June 2026 is a Thursday: day of month or day of week.
    [
      '0 11 4 * 1-3',
      '2026-05-30T00:00:00Z',
      ['2026-06-01T11:00', '2026-06-02T11:00', '2026-06-03T11:00', '2026-06-04T11:00', '2026-06-08T11:00'],
    ],
    ['0 4 1 1 *', '2026-01-01T04:00:00Z', ['2027-01-01T04:00']],
    ['10/5 * * * *', '2026-01-01T00:52:00Z', ['2026-01-01T00:55', '2026-01-01T01:10', '2026-01-01T01:15']],
  ])('%s after %s', (text, after, expected) => {
    expect(ticks(text, after, expected.length)).toEqual(expected);
  });
});

test('the defaults of figure 20 are in the dialect', () => {
  for (const text of ['0 */4 * * *', '0 */1 1-5 * *', '0 */4 6-31 * *', '0 10 * * *', '0 10 */2 * *']) {
    expect(nextTick(parseCron(text), 0, 'Europe/Riga')).toBeNumber();
  }
});

describe('fields', () => {
  test('a step from a value runs to the end of the field', () => {
    expect(parseCron('10/5 * * * *').minute.values).toEqual([10, 15, 20, 25, 30, 35, 40, 45, 50, 55]);
  });

  test('ranges wrap in every field', () => {
    expect(parseCron('* 23-7/2 * * *').hour.values).toEqual([1, 3, 5, 7, 23]);
    expect(parseCron('* * * * 5-1').dayOfWeek.values).toEqual([0, 1, 5, 6]);
    expect(parseCron('* * 30-2 * *').dayOfMonth.values).toEqual([1, 2, 30, 31]);
    expect(parseCron('* * * 11-2 *').month.values).toEqual([1, 2, 11, 12]);
    expect(parseCron('58-1 * * * *').minute.values).toEqual([0, 1, 58, 59]);
  });

  test.each([
    ['60 * * * *', 'minute', '60 is not within 0-59'],
    ['0 24 * * *', 'hour', '24 is not within 0-23'],
    ['0 0 0 * *', 'day of month', '0 is not within 1-31'],
    ['0 0 * 13 *', 'month', '13 is not within 1-12'],
    ['0 0 * * 7', 'day of week', '7 is not within 0-6'],
    ['*/0 * * * *', 'minute', 'step 0'],
    ['*/61 * * * *', 'minute', 'step 61'],
    ['0 1,,2 * * *', 'hour', 'empty place'],
    ['0 1-2-3 * * *', 'hour', '"1-2-3"'],
    ['0 MON * * *', 'hour', '"MON"'],
    ['0 -1 * * *', 'hour', '"-1"'],
    ['0 0 * *', 'expression', '4 given'],
    ['0 0 0 * * *', 'expression', '6 given'],
    ['', 'expression', '0 given'],
    [`0${',0'.repeat(200)} * * * *`, 'expression', 'longer than'],
    ['0 0 31 2 *', 'day of month', 'never comes'],
    ['0 0 31 4,6,9,11 *', 'day of month', 'never comes'],
    ['0 0 30 2 *', 'day of month', 'never comes'],
  ])('%s is refused: %s', (text, part, what) => {
    let error: unknown;
    try {
      validateCron(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(DcuError);
    if (!(error instanceof DcuError)) return;
    expect(error.code).toBe('invalid-cron');
    expect(error.facts).toMatchObject({ part });
    expect(error.message).toContain(part);
    expect(error.message).toContain(what);
  });

  test('an unknown time zone is a typed error', () => {
    expect(() => nextTick(parseCron('* * * * *'), 0, 'Mars/Olympus')).toThrow(DcuError);
  });

  test('an impossible date beside a weekday still has the weekday', () => {
    expect(ticks('0 0 30 2 1', '2026-02-01T00:00:00Z', 1)).toEqual(['2026-02-02T00:00']);
  });

  test('29 February waits for a leap year, over a century that has none', () => {
    expect(ticks('0 3 29 2 *', '2096-03-01T00:00:00Z', 1)).toEqual(['2104-02-29T03:00']);
  });
});

describe('daylight saving in Europe/Riga', () => {
  test('a time that the spring change skips fires once, right after the gap', () => {
    expect(ticks('30 3 * * *', '2026-03-28T12:00:00Z', 2, 'Europe/Riga')).toEqual([
      '2026-03-29T01:00',
      '2026-03-30T00:30',
    ]);
  });

  test('a time that the autumn change repeats fires once', () => {
    expect(ticks('30 3 * * *', '2026-10-24T12:00:00Z', 2, 'Europe/Riga')).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
  });

  test('an hourly item goes by elapsed time through both changes', () => {
    for (const day of ['2026-03-28T22:00:00Z', '2026-10-24T22:00:00Z']) {
      const hours = ticks('0 * * * *', day, 8, 'Europe/Riga').map((at) => Date.parse(`${at}:00Z`));
      expect(hours).toEqual(hours.map((_, i) => Date.parse(day) + (i + 1) * 3_600_000));
    }
  });
});

describe('in words', () => {
  test.each([
    ['0 6 * * *', 'At 06:00'],
    ['0 23-7/2, 8 * * *', 'At 01:00, 03:00, 05:00, 07:00, 08:00 and 23:00'],
    ['0 11 4 * 1-3', 'At 11:00, on day 4 of the month or Monday through Wednesday'],
    ['0 0 1,15 3 0', 'At 00:00, on day 1 and 15 of the month or on Sunday, only in March'],
    ['10/5 * * * *', 'Every 5 minutes, starting at 10 minutes past the hour'],
  ])('%s', (text, words) => {
    expect(describeCron(text)).toBe(words);
  });

  test('a bad expression is refused', () => {
    expect(() => describeCron('x')).toThrow(DcuError);
  });
});

test('any text ends in a cron or in invalid-cron, and a cron has a later tick', () => {
  const piece = fc.oneof(
    fc.constantFrom('*', '*/2', '10/5', '23-7/2', '1-5', '0', '31', '2', '7', ','),
    fc.string({ maxLength: 6 }),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 3, maxLength: 7 }),
      fc.integer({ min: 0, max: 4e12 }),
      (parts, at) => {
        let cron: ReturnType<typeof parseCron>;
        try {
          cron = parseCron(parts.join(' '));
        } catch (error) {
          expect(error).toBeInstanceOf(DcuError);
          return;
        }
        const next = nextTick(cron, at, 'Europe/Riga');
        expect(next).toBeGreaterThan(at);
      },
    ),
    { numRuns: 300 },
  );
});
