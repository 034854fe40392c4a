import { describe, expect, test } from 'bun:test';
import { Bus } from '../../src/base/bus.ts';
import { silentLog } from '../../src/base/log.ts';
import { watchSecurity } from '../../src/concentrator/security-watch.ts';
import type { CollectorEvents } from '../../src/tasks/events.ts';

const FINISHED: Omit<CollectorEvents['job-finished'], 'outcome' | 'error'> = {
  jobId: '1',
  meterId: 7,
  meterNo: 'M7',
  item: 'Energy',
  type: 'Energy profile',
  line: 'tcp',
  rows: 0,
};

function watched() {
  const bus = new Bus<CollectorEvents>((error) => {
    throw error;
  });
  const entries: string[] = [];
  const logbook = {
    record: (type: string, detail: string) => {
      entries.push(`${type} ${detail}`);
      return Promise.resolve();
    },
  };
  const stop = watchSecurity({ bus }, logbook, silentLog);
  const fail = (code: string, meterId = 7) =>
    bus.emit('job-finished', { ...FINISHED, meterId, outcome: 'failed', error: { code, message: 'why' } });
  return { bus, entries, fail, stop };
}

describe('security trouble with meters', () => {
  test('is in the logbook once a kind, and again after the meter was read', () => {
    const { bus, entries, fail } = watched();
    for (let i = 0; i < 3; i++) fail('replay-detected');
    fail('decryption-failed');
    expect(entries).toEqual([
      'meter-security M7: replay-detected: why',
      'meter-security M7: decryption-failed: why',
    ]);
    bus.emit('job-finished', { ...FINISHED, outcome: 'done' });
    fail('replay-detected');
    expect(entries).toHaveLength(3);
  });

  test('other meters and other failures are no part of it', () => {
    const { entries, fail, stop } = watched();
    fail('link-timeout');
    fail('storage-full');
    fail('no such code');
    expect(entries).toEqual([]);
    fail('authentication-failed', 8);
    expect(entries).toHaveLength(1);
    stop();
    fail('authentication-failed', 9);
    expect(entries).toHaveLength(1);
  });
});
