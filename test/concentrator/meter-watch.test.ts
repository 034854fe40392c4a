import { describe, expect, test } from 'bun:test';
import { Bus } from '../../src/base/bus.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { watchMeters } from '../../src/concentrator/meter-watch.ts';
import type { CollectorEvents } from '../../src/tasks/events.ts';

const START = Date.parse('2026-06-10T12:00:00Z');

function watched() {
  const clock = new VirtualClock(START);
  const bus = new Bus<CollectorEvents>((error) => {
    throw error;
  });
  const entries: string[] = [];
  const logbook = {
    record: async (type: string, detail: string) => {
      entries.push(`${type} ${detail}`);
    },
  };
  const stop = watchMeters({ bus, logbook, clock, log: silentLog });
  const change = (meterId: number, state: 'online' | 'offline', since = clock.now(), channel = '485_1') =>
    bus.emit('meter-reachability', { meterId, meterNo: `M${meterId}`, channel, state, since });
  return { clock, bus, entries, change, stop };
}

describe('meters that fall silent', () => {
  test('are told one by one, and with how long it took when they answer again', async () => {
    const { clock, entries, change } = watched();
    change(1, 'offline');
    await clock.advance(59_000);
    expect(entries).toEqual([]);
    await clock.advance(2_000);
    expect(entries).toEqual(['meter-offline M1 on 485_1 does not answer since 2026-06-10T12:00:00Z']);
    await clock.advance(26 * 3_600_000 + 4 * 60_000);
    change(1, 'online', START);
    await clock.advance(60_000);
    expect(entries.slice(1)).toEqual(['meter-online M1 on 485_1 answers again after 1 d 2 h 6 min']);
  });

  test('for less than a minute are not told', async () => {
    const { clock, entries, change } = watched();
    change(1, 'offline');
    await clock.advance(30_000);
    change(1, 'online', START);
    await clock.advance(300_000);
    expect(entries).toEqual([]);
  });

  test('in numbers give one event for each channel', async () => {
    const { clock, entries, change } = watched();
    for (let id = 1; id <= 150; id++) change(id, 'offline', clock.now(), 'reading_module');
    change(200, 'offline');
    await clock.advance(60_000);
    expect(entries).toHaveLength(2);
    expect(entries[0]).toBe(
      'meter-offline 150 meters on reading_module do not answer since 2026-06-10T12:00:00Z: ' +
        'M1, M2, M3, M4, M5, M6, M7, M8, M9, M10 and 140 more',
    );
    expect(entries[1]).toStartWith('meter-offline M200');
  });

  test('just before the end are told at the end, and nothing after it', async () => {
    const { clock, entries, change, stop } = watched();
    change(1, 'offline');
    stop();
    change(2, 'offline');
    await clock.advance(120_000);
    expect(entries).toHaveLength(1);
  });
});

test('what is wrong with a line is told as it comes', () => {
  const { bus, entries } = watched();
  bus.emit('line-trouble', { line: '485_1', message: 'it echoes' });
  expect(entries).toEqual(['line-trouble 485_1: it echoes']);
});

describe('clocks', () => {
  const correction = { meterId: 1, meterNo: 'M1', time: START } as const;

  test('only large corrections are told, those of more than a day as implausible', () => {
    const { bus, entries } = watched();
    bus.emit('meter-clock', { ...correction, driftMs: 5_000, action: 'shifted', leftMs: 100 });
    bus.emit('meter-clock', { ...correction, driftMs: 99_000, action: 'refused' });
    expect(entries).toEqual([]);
    bus.emit('meter-clock', { ...correction, driftMs: -120_500, action: 'set', leftMs: -400 });
    expect(entries).toEqual(['meter-clock M1: set, it was 120.5 s behind, 0.4 s are left']);
    bus.emit('meter-clock', { ...correction, driftMs: 2_287_000_000_000, action: 'set' });
    expect(entries.slice(1)).toEqual([
      'meter-clock-implausible M1: 2287000000.0 s ahead',
      'meter-clock M1: set, it was 2287000000.0 s ahead',
    ]);
  });

  test('an implausible one that a read meets is told once until the meter is read well', () => {
    const { bus, entries } = watched();
    const finished = {
      jobId: '1',
      meterId: 1,
      meterNo: 'M1',
      item: 'e',
      type: 'Energy profile',
      line: 'l',
      rows: 0,
    };
    const error = { code: 'clock-implausible', message: 'why' };
    bus.emit('job-finished', { ...finished, outcome: 'failed', error });
    bus.emit('job-finished', { ...finished, outcome: 'failed', error });
    expect(entries).toEqual(['meter-clock-implausible M1: why']);
    bus.emit('job-finished', { ...finished, outcome: 'done' });
    bus.emit('job-finished', { ...finished, outcome: 'failed', error });
    expect(entries).toHaveLength(2);
  });
});
