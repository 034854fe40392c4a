import { describe, expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { type ClockRecord, NEVER_SET, readClockRecord } from '../../src/device/clock-record.ts';
import { type ClockKeeper, ClockSync } from '../../src/device/clock-sync.ts';
import { DeviceClock } from '../../src/device/device-clock.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function setUp(record: ClockRecord = NEVER_SET, keeper: ClockKeeper = 'own') {
  const machine = new VirtualClock(NOW);
  const clock = new DeviceClock(machine, record.offsetMs);
  const told: string[] = [];
  const kept: string[] = [];
  const machineSet: number[] = [];
  let refuses = false;
  const sync = new ClockSync({
    clock,
    record,
    keep: (text) => {
      if (refuses) throw new DcuError('storage-full', 'no room');
      kept.push(text);
    },
    keeper: async () => keeper,
    setMachine: (utcMs) => {
      machineSet.push(utcMs);
      machine.jump(utcMs - machine.now());
    },
    tell: async (type, detail) => void told.push(`${type} ${detail}`),
    log: silentLog,
  });
  const last = (): ClockRecord => readClockRecord(kept.at(-1) ?? '');
  return { machine, clock, sync, told, kept, last, machineSet, refuse: () => (refuses = true) };
}

describe('the concentrator’s clock', () => {
  test('is the machine’s until a head-end sets it, and that by an offset', async () => {
    const { machine, clock, sync, told, last } = setUp();
    expect(sync.state).toEqual({ synchronised: false, lost: false, last: undefined });
    expect(await sync.setBy('hes', NOW + HOUR_MS, 'HES')).toBe('set');
    expect(clock.now()).toBe(NOW + HOUR_MS);
    expect(machine.now()).toBe(NOW);
    expect(last()).toMatchObject({ offsetMs: HOUR_MS, last: { hes: { who: 'HES', at: NOW + HOUR_MS } } });
    expect(sync.state.synchronised).toBe(true);
    expect(told).toEqual([
      'clock-set 2026-11-24T12:00:00.000Z to 2026-11-24T13:00:00.000Z, by 3600000 ms, from HES',
    ]);
    await machine.advance(1000);
    expect(clock.now()).toBe(NOW + HOUR_MS + 1000);
    expect(clock.monotonicMs()).toBe(1000);
  });

  test('two who say the same at once set it once', async () => {
    const { clock, sync } = setUp();
    const both = ['HES', 'HES 2'].map((who) => sync.setBy('hes', NOW + HOUR_MS, who));
    await Promise.all(both);
    expect(clock.now()).toBe(NOW + HOUR_MS);
  });

  test('the time that passes until it is taken over is not lost', async () => {
    const { machine, clock, sync } = setUp();
    const first = sync.setBy('hes', NOW + HOUR_MS, 'HES');
    machine.jump(250);
    await first;
    expect(clock.now()).toBe(NOW + HOUR_MS + 250);
  });

  test('is kept over a restart, and trusted for what is left of the day', async () => {
    const record = {
      offsetMs: -5000,
      last: { hes: { source: 'hes' as const, who: 'HES', at: NOW - 5000 - HOUR_MS } },
    };
    const { machine, clock, sync, told } = setUp(record);
    expect(clock.now()).toBe(NOW - 5000);
    expect(sync.state.synchronised).toBe(true);
    await machine.advance(DAY_MS - HOUR_MS - 1);
    expect(told).toEqual([]);
    await machine.advance(2);
    expect(sync.state.synchronised).toBe(false);
    expect(told).toEqual([
      `clock-not-synchronised last by HES at ${new Date(NOW - 5000 - HOUR_MS).toISOString()}`,
    ]);
    await machine.advance(5 * DAY_MS);
    expect(told).toHaveLength(1);
  });

  test('a machine that has lost its time is told at once', async () => {
    const at = NOW + 40 * DAY_MS;
    const { machine, sync, told } = setUp({ offsetMs: 0, last: { hes: { source: 'hes', who: 'HES', at } } });
    expect(sync.state).toMatchObject({ synchronised: false, lost: true });
    await machine.advance(0);
    expect(told).toEqual([
      `clock-not-synchronised last by HES at ${new Date(at).toISOString()}, which is later than now`,
    ]);
    // A time server may put it right, however far that is.
    expect(await sync.setBy('ntp', at + DAY_MS, 'ntp:123')).toBe('set');
    expect(sync.state.lost).toBe(false);
  });

  test('what is no year of the program, and a full disk, leave it as it is', async () => {
    const { clock, sync, told, refuse } = setUp();
    for (const ms of [Number.NaN, 0, Date.UTC(2019, 11, 31), Date.UTC(2100, 0, 1)]) {
      await expect(sync.setBy('hes', ms, 'HES')).rejects.toMatchObject({
        code: 'invalid-field',
        field: 'time',
      });
    }
    refuse();
    await expect(sync.setBy('hes', NOW + HOUR_MS, 'HES')).rejects.toMatchObject({ code: 'storage-full' });
    expect(clock.now()).toBe(NOW);
    expect(sync.state.synchronised).toBe(false);
    expect(told).toEqual([]);
  });

  test('where the machine’s is to be set, that is, and no offset is left', async () => {
    const { clock, sync, machineSet, last } = setUp({ offsetMs: HOUR_MS, last: {} }, 'system');
    await sync.setBy('hes', NOW + 3 * HOUR_MS, 'HES');
    expect(machineSet).toEqual([NOW + 3 * HOUR_MS]);
    expect(clock.offsetMs).toBe(0);
    expect(clock.now()).toBe(NOW + 3 * HOUR_MS);
    expect(last().offsetMs).toBe(0);
  });
});

describe('a time server', () => {
  test('sets a clock that nobody has set, however far it is off', async () => {
    const { clock, sync, told } = setUp();
    expect(await sync.setBy('ntp', NOW + 400 * DAY_MS, 'ntp:123')).toBe('set');
    expect(clock.now()).toBe(NOW + 400 * DAY_MS);
    expect(told).toHaveLength(1);
  });

  test('goes behind the head-end for a day, unless it agrees; told once', async () => {
    const { machine, clock, sync, told } = setUp();
    await sync.setBy('hes', NOW, 'HES');
    expect(await sync.setBy('ntp', clock.now() + 5000, 'ntp:123')).toBe('kept');
    expect(await sync.setBy('ntp', clock.now() + 5000, 'ntp:123')).toBe('kept');
    expect(clock.now()).toBe(NOW);
    expect(told.slice(1)).toEqual(['clock-sources-differ ntp:123 by 5000 ms: the head-end goes before']);
    expect(await sync.setBy('ntp', clock.now() - 30, 'ntp:123')).toBe('set');
    expect(clock.now()).toBe(NOW - 30);
    // It agreed with what the head-end said, which still goes before.
    expect(await sync.setBy('ntp', clock.now() + 5000, 'ntp:123')).toBe('kept');
    await machine.advance(DAY_MS + 1);
    expect(await sync.setBy('ntp', clock.now() + 5000, 'ntp:123')).toBe('set');
    // Corrections of less than a second are no events.
    expect(told.filter((line) => line.startsWith('clock-set'))).toHaveLength(2);
  });

  test('is not believed when it is a quarter of an hour off a clock that was right', async () => {
    const { machine, clock, sync, told } = setUp();
    await sync.setBy('ntp', NOW, 'ntp:123');
    await machine.advance(2 * DAY_MS);
    expect(await sync.setBy('ntp', clock.now() + 1_000_001, 'ntp:123')).toBe('kept');
    expect(told.at(-1)).toContain('too far to be believed');
    expect(await sync.setBy('ntp', clock.now() + 999_000, 'ntp:123')).toBe('set');
  });

  test('that had it in the future is forgotten when the head-end sets it back', async () => {
    const { clock, sync } = setUp();
    await sync.setBy('ntp', NOW + 10 * DAY_MS, 'ntp:123');
    await sync.setBy('hes', NOW, 'HES');
    expect(clock.now()).toBe(NOW);
    expect(sync.state).toMatchObject({ synchronised: true, lost: false, last: { who: 'HES' } });
  });
});

test('a record that is damaged is refused, never half believed', () => {
  for (const text of [
    '',
    '{',
    '[]',
    '{"offsetMs":"1","last":{}}',
    '{"offsetMs":1e20,"last":{}}',
    '{"offsetMs":4e12,"last":{}}',
    '{"offsetMs":0}',
    '{"offsetMs":0,"last":{"hes":{"who":1,"at":0}}}',
  ]) {
    expect(() => readClockRecord(text)).toThrow(expect.objectContaining({ code: 'storage-corrupt' }));
  }
});
