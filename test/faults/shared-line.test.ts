import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { Line, LineMeter } from '../../src/api/contract.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { FastClock, type House, openHouse, until } from '../concentrator/house.ts';
import { beginning } from '../meters/beginning.ts';
import { type Bus, startBus, writtenRows } from './neighbours.ts';

setDefaultTimeout(30_000);

const DAY_MS = 86_400_000;

let house: House | undefined;
let bus: Bus | undefined;
afterEach(async () => {
  await house?.close();
  await bus?.stop();
  await house?.end();
  house = undefined;
  bus = undefined;
});

describe('an RS-485 line', () => {
  test('one meter behind a bad contact does not hurt the others, and is read in the end', async () => {
    house = await openHouse({ attributes: { 'send.retry': '1', 'send.timeout': '1' } });
    bus = await startBus(house, 4);
    await house.recall('Energy profile', 3 * 86_400);
    const fromMs = await beginning();
    bus.at(1).device.turnOn({ kind: 'flip', probability: 0.02 });
    const first = await house.round(['Energy profile']);
    expect(first).toMatchObject({ meters: 4, read: 3, failed: 1 });
    expect(first.failures.map(({ meterNo }) => meterNo)).toEqual([bus.at(1).meterNo]);
    // By how much of it could be read.
    const code = first.failures[0]?.code ?? '';
    expect(['link-timeout', 'frame-corrupt']).toContain(code);
    const [, bad] = bus.rows;
    expect(await house.settled(bad?.id ?? 0)).toMatchObject({
      state: 'offline',
      lastError: { code },
    });
    for (const [index, { id }] of bus.rows.entries()) {
      if (index === 1) continue;
      expect(await house.settled(id)).toMatchObject({ state: 'online', lastError: null });
      expect((await house.times(id, 'energy')).filter((time) => time < fromMs)).toEqual(
        writtenRows(bus.at(index), fromMs - 3 * DAY_MS, fromMs),
      );
    }
    bus.at(1).device.turnOff('flip');
    const second = await house.round(['Energy profile']);
    expect(second).toMatchObject({ failed: 0 });
    expect((await house.times(bad?.id ?? 0, 'energy')).filter((time) => time < fromMs)).toEqual(
      writtenRows(bus.at(1), fromMs - 3 * DAY_MS, fromMs),
    );
  });

  test('noise on the wire costs repetitions and no row', async () => {
    house = await openHouse({
      clock: new FastClock(4),
      attributes: { 'send.retry': '6', 'send.timeout': '1' },
    });
    bus = await startBus(house, 4, { auth: 'mixed' });
    await house.recall('Energy profile', 2 * 86_400);
    const random = new SeededRandom(5);
    let flips = 0;
    bus.plug.noise = (bytes) =>
      bytes.map((byte) => {
        if (random.next() > 0.0003) return byte;
        flips++;
        return byte ^ (1 << Math.floor(random.next() * 8));
      });
    const fromMs = await beginning();
    for (let round = 0; round < 3; round++) await house.round(['Energy profile']);
    bus.plug.noise = (bytes) => bytes;
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
    expect(flips).toBeGreaterThan(3);
    const { rows } = await house.api<{ rows: Line[] }>('/api/lines');
    expect(rows.map(({ line, shared, meters }) => [line, shared, meters])).toEqual([['485_1', true, 4]]);
    const use = rows[0]?.use;
    const { rows: meters } = await house.api<{ rows: LineMeter[] }>('/api/lines/485_1/meters');
    const sumOf = (name: 'frames' | 'badFcs' | 'retransmissions' | 'timeouts'): number =>
      meters.reduce((sum, meter) => sum + meter[name], 0);
    // What the meters' answers lost on the way is heard as a wrong check sequence or header, or not at all.
    expect((use?.badFcs ?? 0) + (use?.rejectedHeaders ?? 0)).toBeGreaterThan(0);
    expect(use?.timeouts).toBeGreaterThan(0);
    for (const name of ['frames', 'badFcs', 'retransmissions', 'timeouts'] as const) {
      expect([name, sumOf(name)]).toEqual([name, use?.[name] ?? -1]);
    }
    const own = await house.api<{ line: { use: unknown } }>(`/api/meters/${meters[0]?.meterId}/line`);
    expect(own.line.use).toMatchObject({ frames: meters[0]?.frames, badFcs: meters[0]?.badFcs });
    for (const [index, { id }] of bus.rows.entries()) {
      expect((await house.times(id, 'energy')).filter((time) => time < fromMs)).toEqual(
        writtenRows(bus.at(index), fromMs - 2 * DAY_MS, fromMs),
      );
      const handed = house.handed(id, 'energy');
      expect(new Set(handed).size).toBe(handed.length);
    }
  });

  test('a silent meter costs its own reads only', async () => {
    house = await openHouse({ attributes: { 'send.timeout': '1' } });
    bus = await startBus(house, 4);
    await house.recall('Energy profile', 86_400);
    bus.at(0).device.turnOn({ kind: 'silence' });
    const summary = await house.round(['Energy profile', 'Fraud Event', 'Relay Event']);
    expect(summary).toMatchObject({ meters: 4, read: 3, failed: 1 });
    // Tried once for all that waits for it.
    expect(summary.failures).toHaveLength(3);
    for (const failure of summary.failures) {
      expect(failure).toMatchObject({ code: 'link-timeout', meterNo: bus.at(0).meterNo });
      expect(failure.message).toContain('HDLC server 1/17');
    }
    expect(house.log.filter(({ message }) => message === 'meter could not be opened')).toHaveLength(1);
    expect(await house.settled(bus.rows[0]?.id ?? 0)).toMatchObject({ state: 'offline' });
    // An opening that failed has been counted too.
    const { line } = await house.api<{ line: { use: unknown } }>(`/api/meters/${bus.rows[0]?.id}/line`);
    expect(line.use).toMatchObject({ timeouts: 1, failures: 1, lastError: { code: 'link-timeout' } });
  });

  test('the adapter is pulled and plugged in again while a meter is read', async () => {
    house = await openHouse({ attributes: { 'send.retry': '3' } });
    bus = await startBus(house, 2);
    const { plug } = bus;
    let pulls = 0;
    plug.onBytes = (total) => {
      if (total < 20_000 * (pulls + 1) || pulls >= 2) return;
      pulls++;
      void plug.pull().then(() => setTimeout(() => plug.plugIn(), 300));
    };
    const fromMs = await beginning();
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0, read: 2 });
    expect(pulls).toBe(2);
    for (const [index, { id }] of bus.rows.entries()) {
      const handed = house.handed(id, 'energy');
      expect(new Set(handed).size).toBe(handed.length);
      expect((await house.times(id, 'energy')).filter((time) => time < fromMs)).toEqual(
        writtenRows(bus.at(index), fromMs - 20 * DAY_MS, fromMs),
      );
    }
  });

  test('the adapter is pulled and stays away for a while', async () => {
    house = await openHouse();
    bus = await startBus(house, 2);
    const { plug } = bus;
    plug.onBytes = (total) => {
      if (total > 20_000) void plug.pull();
    };
    const lost = await house.round(['Energy profile']);
    expect(lost).toMatchObject({ read: 0, failed: 2 });
    expect(lost.failures.map(({ code }) => code).toSorted()).toEqual(['channel-lost', 'channel-open-failed']);
    for (const { message } of lost.failures) expect(message).toMatch(/line|pts/);
    expect(lost.profileRows).toBeGreaterThan(100);
    for (const { id } of bus.rows) expect((await house.settled(id)).state).toBe('offline');
    plug.onBytes = () => {};
    plug.plugIn();
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
    for (const { id } of bus.rows) {
      expect(await house.settled(id)).toMatchObject({ state: 'online', lastError: null });
    }
  });

  test('the adapter is changed between two rounds', async () => {
    house = await openHouse();
    bus = await startBus(house, 1);
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
    await bus.plug.pull();
    bus.plug.plugIn();
    // The port that was kept open is gone; that must not cost the next round.
    expect(await house.round(['Demand profile'])).toMatchObject({ failed: 0 });
  });

  test('a meter reboots in the middle of a transfer', async () => {
    house = await openHouse({ attributes: { 'send.retry': '3', 'send.timeout': '1' } });
    bus = await startBus(house, 2, { auth: 'hls-gmac' });
    await house.recall('Energy profile', 10 * 86_400);
    const { device } = bus.at(0);
    let rebooted = false;
    bus.plug.onBytes = (total) => {
      if (total < 10_000 || rebooted) return;
      rebooted = true;
      device.turnOn({ kind: 'reboot', seconds: 0.3 });
    };
    const fromMs = await beginning();
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0, read: 2 });
    expect(rebooted).toBe(true);
    await until(() => !device.isMuted());
    for (const [index, { id }] of bus.rows.entries()) {
      const handed = house.handed(id, 'energy');
      expect(new Set(handed).size).toBe(handed.length);
      expect((await house.times(id, 'energy')).filter((time) => time < fromMs)).toEqual(
        writtenRows(bus.at(index), fromMs - 10 * DAY_MS, fromMs),
      );
    }
  });
});
