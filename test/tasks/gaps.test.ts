import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Interval } from '../../src/base/model.ts';
import { clockChangesFrom, type GapFacts, namedGaps, powerOffFrom } from '../../src/tasks/gaps.ts';

const MINUTE_MS = 60_000;
const PERIOD_MS = 15 * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const START = Date.parse('2026-06-10T00:00:00Z');
const NOW = START + DAY_MS;

const at = (hours: number): number => START + hours * HOUR_MS;
const between = (from: number, to: number): Interval => ({ fromMs: at(from), toMs: at(to) });
/** Quarter hours of the day for which `keep` holds. */
const times = (keep: (hours: number) => boolean): number[] =>
  Array.from({ length: 96 }, (_, index) => START + index * PERIOD_MS).filter((time) =>
    keep((time - START) / HOUR_MS),
  );

function facts(change: Partial<GapFacts> & { readonly times?: readonly number[] }): GapFacts {
  const { times: rows = times(() => true), ...rest } = change;
  return {
    interval: { fromMs: START, toMs: NOW },
    nowMs: NOW,
    rows: { times: rows, periodMs: PERIOD_MS, marks: new Map() },
    coverage: [{ fromMs: START, toMs: NOW }],
    powerOff: [],
    clockChanges: [],
    reading: {
      enabled: true,
      blacklisted: false,
      items: [{ maxRecallS: 20 * 86_400 }],
      zone: 'UTC',
    },
    ...rest,
  };
}

/** Hours from and to, cause and reason of each gap. */
const said = (given: GapFacts): unknown[] =>
  namedGaps(given).map(({ fromMs, toMs, cause, why }) => [
    (fromMs - START) / HOUR_MS,
    (toMs - START) / HOUR_MS,
    why?.reason ?? cause,
  ]);

test('a full day has no gap', () => {
  expect(namedGaps(facts({}))).toEqual([]);
});

describe('what was asked for and is not there', () => {
  const rows = times((hours) => hours < 10 || hours >= 12);
  test('the meter has none', () => {
    expect(said(facts({ times: rows }))).toEqual([[9.75, 12, 'meter-has-none']]);
  });

  test('power was off for a part of it', () => {
    expect(said(facts({ times: rows, powerOff: [between(9.9, 11.1)] }))).toEqual([
      [9.75, 11, 'power-failure'],
      [11, 12, 'meter-has-none'],
    ]);
  });

  test('its clock was set over it', () => {
    expect(said(facts({ times: rows, clockChanges: [between(9.8, 11.8)] }))).toEqual([
      [9.75, 12, 'clock-changed'],
    ]);
  });

  test('the row behind says so', () => {
    const behind = rows.indexOf(at(12));
    const given = (mark: 'clock-changed' | 'power-failed'): GapFacts =>
      facts({ rows: { times: rows, periodMs: PERIOD_MS, marks: new Map([[behind, [mark]]]) } });
    expect(said(given('clock-changed'))).toEqual([[9.75, 12, 'clock-changed']]);
    expect(said(given('power-failed'))).toEqual([[9.75, 12, 'power-failure']]);
  });

  test('before it was installed and after it was replaced', () => {
    const given = facts({
      times: times((hours) => hours >= 2 && hours < 20),
      installedMs: at(2),
      replacedMs: at(20),
    });
    expect(said(given)).toEqual([
      [0, 2, 'not-yet-installed'],
      [19.75, 24, 'replaced'],
    ]);
  });
});

describe('what was not asked for', () => {
  const rows = times((hours) => hours < 10);
  const coverage = [between(0, 10)];
  const gap = (reading: Partial<GapFacts['reading']>): unknown[] =>
    said(facts({ times: rows, coverage, reading: { ...facts({}).reading, ...reading } }));

  test.each<[string, Partial<GapFacts['reading']>]>([
    ['not-due', {}],
    ['disabled', { enabled: false }],
    ['blacklisted', { blacklisted: true, enabled: false }],
    ['no-task', { items: [] }],
    ['offline', { offlineSinceMs: at(9) }],
    ['failed', { lastFailure: { code: 'link-timeout', message: 'no answer', timeMs: at(12) } }],
    ['window', { items: [{ maxRecallS: 1e6, window: '10:00-11:00' }] }],
  ])('%s', (reason, reading) => {
    expect(gap(reading)).toEqual([[9.75, 24, reason]]);
  });

  test('the failure is told with what is offline', () => {
    const lastFailure = { code: 'link-timeout', message: 'no answer', timeMs: at(12) };
    const reading = { ...facts({}).reading, offlineSinceMs: at(9), lastFailure };
    expect(namedGaps(facts({ times: rows, coverage, reading }))[0]?.why).toEqual({
      reason: 'offline',
      sinceMs: at(9),
      code: 'link-timeout',
      message: 'no answer',
    });
  });

  test('further back than is fetched', () => {
    const items = [{ maxRecallS: 4 * 3_600 }];
    expect(gap({ items })).toEqual([
      [9.75, 19.75, 'beyond-recall'],
      [19.75, 24, 'not-due'],
    ]);
  });

  test('nothing is known of how often the meter captures', () => {
    const given = facts({ rows: { times: [], periodMs: null, marks: new Map() }, coverage: [between(0, 6)] });
    expect(said(given)).toEqual([
      [0, 6, 'meter-has-none'],
      [6, 24, 'not-due'],
    ]);
  });

  test('a log has gaps only where it was not asked for', () => {
    expect(said(facts({ rows: 'irregular', coverage: [between(3, 20)], replacedMs: at(22) }))).toEqual([
      [0, 3, 'not-due'],
      [20, 22, 'not-due'],
      [22, 24, 'replaced'],
    ]);
  });
});

test('every row that is missing lies in exactly one gap, and no gap is without a missing row', () => {
  const hour = fc.double({ min: 0, max: 24, noNaN: true });
  const stretch = fc.tuple(hour, hour).map(([a, b]) => between(Math.min(a, b), Math.max(a, b)));
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 95 }), { minLength: 1 }),
      fc.array(stretch, { maxLength: 3 }),
      fc.array(stretch, { maxLength: 2 }),
      (kept, coverage, powerOff) => {
        const rows = kept.toSorted((a, b) => a - b).map((index) => START + index * PERIOD_MS);
        const gaps = namedGaps(facts({ times: rows, coverage, powerOff }));
        const there = new Set(rows);
        const missing = times(() => true).filter((time) => !there.has(time));
        for (const [index, gap] of gaps.entries()) {
          expect(gap.toMs).toBeGreaterThan(gap.fromMs);
          expect(gaps[index + 1]?.fromMs ?? gap.toMs).toBeGreaterThanOrEqual(gap.toMs);
          expect(gap.cause === 'unread').toBe(gap.why !== undefined);
        }
        for (const time of missing) {
          // A row belongs to the stretch that ends with it, before the first row to the one that it begins.
          const first = rows[0] ?? 0;
          const holding = gaps.filter(({ fromMs, toMs }) =>
            time < first ? time >= fromMs && time < toMs : time > fromMs && time <= toMs,
          );
          expect(holding).toHaveLength(1);
          const covered = coverage.some(({ fromMs, toMs }) => time >= fromMs && time < toMs);
          expect(holding[0]?.cause === 'unread').toBe(!covered);
        }
      },
    ),
    { numRuns: 200 },
  );
});

describe('what the logs of a meter tell', () => {
  test('a long failure by its end and duration, others by down and up', () => {
    const extra = { '3:0.0.96.7.19.255:2': '3600' };
    const events = [
      { time: at(5), tells: 'power-up' as const, extra },
      { time: at(8), tells: 'power-up' as const, extra: {} },
      { time: at(7), tells: 'power-down' as const, extra: {} },
      { time: at(20), tells: 'power-down' as const, extra: {} },
    ];
    expect(powerOffFrom(events, NOW)).toEqual([between(4, 5), between(7, 8), between(20, 24)]);
  });

  test('a clock that was set, by itself or by the concentrator', () => {
    const events = [
      { time: at(3), tells: 'clock-after' as const, extra: {} },
      { time: at(4), tells: 'clock-before' as const, extra: {} },
    ];
    const corrections = [
      { time: at(10), driftMs: -HOUR_MS, action: 'set' },
      { time: at(12), driftMs: HOUR_MS, action: 'refused' },
    ];
    expect(clockChangesFrom(events, corrections)).toEqual([between(3, 4), between(9, 10)]);
  });
});
