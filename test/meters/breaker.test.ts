import { describe, expect, test } from 'bun:test';
import {
  type BackoffRule,
  backoffMs,
  isProbe,
  newHealth,
  noteFailure,
  noteSuccess,
} from '../../src/meters/breaker.ts';
import { protocolSettings } from '../../src/meters/link-settings.ts';
import { defineMeterProfile } from '../../src/meters/meter-profile.ts';
import { generic } from '../../src/meters/profiles/generic.ts';
import { BUILT_IN_PROFILES } from '../../src/meters/profiles/index.ts';

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
    const book = BUILT_IN_PROFILES;
    expect(book.all().map((profile) => profile.name)).toContain('generic');
    expect(book.get('generic')).toBe(generic);
    expect(() => book.get('nobody')).toThrow('nobody');
    expect(book.event('generic', 'fraud', 40)?.text).toBe('Terminal cover removed');
    expect(book.event('generic', 'fraud', 201)).toBeUndefined();
    expect(book.event('nobody', 'fraud', 40)).toBeUndefined();
    expect(() => defineMeterProfile({ ...generic, clock: '0.0.1' })).toThrow('0.0.1');
  });
});
