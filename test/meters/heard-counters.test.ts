import { describe, expect, test } from 'bun:test';
import { DcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { HeardCounters } from '../../src/meters/heard-counters.ts';
import { meter } from '../tasks/fake-meter.ts';
import { MemoryStore } from '../tasks/memory-store.ts';

const key = (byte: number): Uint8Array => new Uint8Array(16).fill(byte);
const row = meter(1);

describe('what a meter has said', () => {
  test('is refused after a restart as well, under the same key', async () => {
    const { counters } = new MemoryStore();
    const first = new HeardCounters(counters, silentLog);
    const own = await first.of(row, key(1));
    expect(own.lowestMeterCounter).toBe(0);
    own.onMeterCounter?.(501);
    own.onMeterCounter?.(502);
    first.save(row);
    await first.close();
    const later = new HeardCounters(counters, silentLog);
    expect((await later.of(row, key(1))).lowestMeterCounter).toBe(502);
    expect((await later.of(row, key(2))).lowestMeterCounter).toBe(0);
    expect((await later.of(meter(2), key(1))).lowestMeterCounter).toBe(0);
  });

  test('costs one write a session, and none where nothing new was said', async () => {
    const store = new MemoryStore();
    let writes = 0;
    const counters = {
      ...store.counters,
      raise: async (keyId: string, value: number) => {
        writes++;
        await store.counters.raise(keyId, value);
      },
    };
    const heard = new HeardCounters(counters, silentLog);
    const own = await heard.of(row, key(1));
    for (let counter = 1; counter <= 300; counter++) own.onMeterCounter?.(counter);
    for (let i = 0; i < 3; i++) heard.save(row);
    heard.save(meter(2));
    await heard.close();
    expect(writes).toBe(1);
  });

  test('is written with the next session when the disk refuses', async () => {
    const store = new MemoryStore();
    let full = true;
    const counters = {
      ...store.counters,
      raise: async (keyId: string, value: number) => {
        if (full) throw new DcuError('storage-full', 'no room');
        await store.counters.raise(keyId, value);
      },
    };
    const heard = new HeardCounters(counters, silentLog);
    (await heard.of(row, key(1))).onMeterCounter?.(7);
    heard.save(row);
    await heard.close();
    full = false;
    heard.save(row);
    await heard.close();
    const later = new HeardCounters(counters, silentLog);
    expect((await later.of(row, key(1))).lowestMeterCounter).toBe(7);
  });

  test('of meters without keys nothing is kept', async () => {
    const heard = new HeardCounters(new MemoryStore().counters, silentLog);
    expect(await heard.of(row, undefined)).toEqual({});
  });
});
