import { describe, expect, test } from 'bun:test';
import {
  type BackoffRule,
  backoffMs,
  isProbe,
  newHealth,
  noteFailure,
  noteSuccess,
} from '../../src/meters/breaker.ts';
import { type ClockReading, clockCorrection } from '../../src/meters/clock.ts';
import { protocolSettings } from '../../src/meters/link-settings.ts';
import { defineMeterProfile } from '../../src/meters/meter-profile.ts';
import { generic } from '../../src/meters/profiles/generic.ts';
import { eventText, meterProfile, meterProfiles } from '../../src/meters/profiles/index.ts';

const RULE: BackoffRule = { breakAfter: 3, firstDelayMs: 1_000, maxDelayMs: 3_600_000 };

describe('back-off', () => {
  test('doubles up to the most', () => {
    expect([1, 2, 3, 20].map((n) => backoffMs(RULE, n))).toEqual([1_000, 2_000, 4_000, 3_600_000]);
  });

  test('work costs no more openings than allowed; a meter that keeps failing is only probed', () => {
    const health = newHealth();
    expect(noteFailure(health, RULE, 3, 0)).toBe(false);
    expect(health.notBeforeMs).toBe(1_000);
    expect(noteFailure(health, RULE, 3, 5_000)).toBe(false);
    expect(health.notBeforeMs).toBe(7_000);
    expect(noteFailure(health, RULE, 3, 9_000)).toBe(true);
    expect(health.notBeforeMs).toBe(0);
    expect(isProbe(health, RULE)).toBe(false);
    noteFailure(health, RULE, 1, 10_000);
    expect(noteFailure(health, RULE, 1, 20_000)).toBe(true);
    expect(isProbe(health, RULE)).toBe(true);
    expect(health.notBeforeMs).toBe(50_000);
    noteFailure(health, RULE, 1, 60_000);
    expect(health.notBeforeMs).toBe(120_000);
    noteSuccess(health);
    expect([isProbe(health, RULE), health.notBeforeMs]).toEqual([false, 0]);
  });
});

describe('clock correction', () => {
  const limits = { thresholdMs: 2_000, shiftUpToMs: 60_000 };
  const reading = (driftMs: number, deviationMinutes = 0): ClockReading => ({
    readAtMs: 0,
    meterMs: 0,
    driftMs,
    roundTripMs: 0,
    deviationMinutes,
    status: 0,
  });
  const noon = Date.parse('2026-06-10T12:00:00Z');

  test.each([
    [2_000, noon, 0, { do: 'nothing', why: 'within-threshold' }],
    [-2_001, noon, 0, { do: 'shift', seconds: 2 }],
    [60_000, noon, 0, { do: 'shift', seconds: -60 }],
    [60_001, noon, 0, { do: 'set' }],
    [30_000, Date.parse('2026-06-10T23:58:31Z'), 0, { do: 'nothing', why: 'near-midnight' }],
    [30_000, Date.parse('2026-06-10T23:58:10Z'), 0, { do: 'nothing', why: 'near-midnight' }],
    [-30_000, Date.parse('2026-06-11T00:01:45Z'), 0, { do: 'nothing', why: 'near-midnight' }],
    // Midnight is the meter's own: UTC+2.
    [30_000, Date.parse('2026-06-10T22:00:30Z'), -120, { do: 'nothing', why: 'near-midnight' }],
    [30_000, Date.parse('2026-06-11T00:00:30Z'), -120, { do: 'shift', seconds: -30 }],
  ] as const)('drift %i ms', (driftMs, nowMs, deviation, expected) => {
    expect(clockCorrection(reading(driftMs, deviation), nowMs, limits)).toEqual(expected);
  });
});

test('protocol attributes: the values of the manual where none or nonsense is given', () => {
  const manual = { maxBytes: 80, retries: 3, timeoutMs: 10_000, silentMs: 2_000 };
  expect(protocolSettings({})).toEqual(manual);
  expect(protocolSettings({ 'max.bytes': 'x', 'send.retry': ' ' })).toEqual(manual);
  expect(
    protocolSettings({ 'max.bytes': '1', 'send.retry': '99', 'send.timeout': '0', 'send.silent': '-1' }),
  ).toEqual({ maxBytes: 32, retries: 20, timeoutMs: 100, silentMs: 0 });
});

describe('meter profiles', () => {
  test('are found by name, say what codes mean, and are checked', () => {
    expect(meterProfiles().map((profile) => profile.name)).toContain('generic');
    expect(meterProfile('generic')).toBe(generic);
    expect(() => meterProfile('nobody')).toThrow('nobody');
    expect(eventText('generic', 'fraud', 40)).toBe('Terminal cover removed');
    expect(eventText('generic', 'fraud', 201)).toBeUndefined();
    expect(eventText('nobody', 'fraud', 40)).toBeUndefined();
    expect(() => defineMeterProfile({ ...generic, clock: '0.0.1' })).toThrow('0.0.1');
  });
});
