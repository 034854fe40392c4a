import { afterEach, describe, expect, test } from 'bun:test';
import { TASK_TYPES } from '../../src/base/model.ts';
import { EVENT_LOG_OBJECTS } from '../../src/simulator/event-codes.ts';
import { energyRows, eventRows, registersAt } from '../../src/simulator/profile-rows.ts';
import { beginning } from './beginning.ts';
import { type Street, startStreet } from './street.ts';

const DAY_MS = 86_400_000;

let street: Street | undefined;
afterEach(async () => {
  await street?.stop();
  street = undefined;
});

describe('a street of simulated meters', () => {
  test('all eleven task types, over both framings and every authentication, on TCP and on a bus', async () => {
    street = await startStreet({ meters: 9, rs485Lines: 1, metersPerLine: 3 });
    for (const [index, type] of TASK_TYPES.entries()) street.item(type, (index % 5) + 1);
    const began = await beginning();
    const summary = await street.collector.round();
    expect(summary.failures).toEqual([]);
    expect(summary).toMatchObject({ meters: 9, read: 9, failed: 0 });
    expect(summary.billingRows).toBeGreaterThanOrEqual(9 * 12);
    expect(summary.eventRows).toBeGreaterThan(9 * 10);
    for (const { id } of street.store.meterList) {
      const { point } = street.served(id).device;
      const times = street.store.times(id, 'energy');
      const written = energyRows(point, Date.now());
      const wanted = Array.from(written.stamps).filter(
        (time) => time >= began - 20 * DAY_MS && time <= began,
      );
      expect(times.filter((time) => time <= began)).toEqual(wanted);
      const stamp = wanted[1000] ?? 0;
      const [, activeImport] = JSON.parse(street.store.rows.get(`${id}:energy`)?.get(stamp) ?? '[]');
      const at = written.times[written.stamps.indexOf(stamp)] ?? 0;
      expect(activeImport).toBe(String(registersAt(point, at).activeImport[0]));
      for (const object of EVENT_LOG_OBJECTS) {
        const logged = eventRows(point, object, began).count;
        expect(street.store.times(id, object.log).length).toBeGreaterThanOrEqual(logged);
      }
    }
    expect(street.store.duplicates).toBe(0);
    expect(street.store.states.filter(({ state }) => state === 'online').length).toBeGreaterThanOrEqual(9);
    const again = await street.collector.round();
    expect(again).toMatchObject({ failed: 0, profileRows: 0, billingRows: 0 });
    const { use } = street.collector.accounting().find(({ line }) => line === 'rs485-1') ?? {};
    expect(use?.frames).toBeGreaterThan(100);
    expect(use?.bytes).toBeGreaterThan(3 * 1920 * 20);
  }, 60_000);

  test('reads now, switches the relay, keeps the clock', async () => {
    street = await startStreet({ meters: 3 });
    const { signal } = new AbortController();
    for (const { id } of street.store.meterList) {
      const result = await street.collector.readNow(id, signal);
      expect(Math.abs((result.meterTime ?? 0) - Date.now())).toBeLessThan(120_000);
      expect(result.relay).toBe('on');
      const power = result.registers.find((reading) => reading.obis === '1.0.1.7.0.255');
      expect(power).toMatchObject({ classId: 3, unit: 27, meterId: id });
    }
    expect(await street.collector.relay(1, 'off', signal)).toMatchObject({ relay: 'off' });
    expect(street.served(1).device.point.connected).toBe(false);
    expect(await street.collector.relay(1, 'on', signal)).toMatchObject({ relay: 'on' });
    expect(street.served(1).device.point.connected).toBe(true);

    street.served(2).device.turnOn({ kind: 'clock-jump', seconds: 600 });
    street.item('Meter Clock');
    await street.collector.round();
    const check = street.store.clockChecks.find(({ meterId }) => meterId === 2);
    expect(check?.driftMs).toBeGreaterThan(590_000);
    if (check?.action === 'set') {
      const after = await street.collector.readNow(2, signal);
      expect(Math.abs((after.meterTime ?? 0) - Date.now())).toBeLessThan(2_000);
    }
  }, 60_000);

  test('a counter that fell behind is found again', async () => {
    street = await startStreet({ meters: 3 });
    const { signal } = new AbortController();
    const ciphered = street.store.meterList.find(({ security }) => security.auth === 'hls-gmac');
    if (ciphered === undefined) throw new Error('no ciphered meter');
    await street.collector.readNow(ciphered.id, signal);
    const key = `meter:${ciphered.meterNo}:out`;
    const reached = street.store.nextCounter.get(key) ?? 0;
    // A concentrator that was restored from an old backup.
    street.store.nextCounter.clear();
    await street.restart();
    const again = await street.collector.readNow(ciphered.id, signal);
    expect(again.registers.length).toBeGreaterThan(3);
    expect(street.store.nextCounter.get(key)).toBeGreaterThan(reached - 1024);
  }, 60_000);

  test('a silent and a mis-keyed meter fail by name, the others are read', async () => {
    street = await startStreet({ meters: 6, attributes: { 'send.timeout': '0.3', 'send.retry': '1' } });
    street.item('Energy profile');
    street.served(1).device.turnOn({ kind: 'silence' });
    street.served(3).device.turnOn({ kind: 'wrong-key' });
    const summary = await street.collector.round();
    expect(summary).toMatchObject({ meters: 6, read: 4, failed: 2 });
    expect(summary.failures.map(({ meterNo }) => meterNo).sort()).toEqual(
      [street.served(1).meterNo, street.served(3).meterNo].sort(),
    );
  }, 60_000);

  test('on a bus that loses and garbles frames everything arrives, once', async () => {
    street = await startStreet({
      meters: 3,
      rs485Lines: 1,
      metersPerLine: 3,
      attributes: { 'send.timeout': '0.2', 'send.retry': '8' },
    });
    street.item('Energy profile', 1);
    street.item('Standard Event', 2);
    for (const { device } of street.neighbourhood.meters) {
      device.turnOn({ kind: 'drop', probability: 0.03 });
      device.turnOn({ kind: 'flip', probability: 0.0001 });
    }
    const began = await beginning();
    const summary = await street.collector.round();
    expect(summary.failures).toEqual([]);
    for (const { id } of street.store.meterList) {
      const { stamps } = energyRows(street.served(id).device.point, began);
      const wanted = Array.from(stamps).filter((time) => time >= began - 20 * DAY_MS && time < began);
      expect(street.store.times(id, 'energy').filter((time) => time < began)).toEqual(wanted);
    }
    expect(street.store.duplicates).toBe(0);
  }, 120_000);

  test('a meter that reboots in the middle is read on where it stopped', async () => {
    street = await startStreet({
      meters: 1,
      attributes: { 'send.timeout': '0.5', 'send.retry': '8', 'max.bytes': '64' },
    });
    street.item('Energy profile');
    const { device } = street.served(1);
    let reboots = 0;
    street.collector.bus.on('meter-data', () => {
      if (reboots++ === 1) device.turnOn({ kind: 'reboot', seconds: 1 });
    });
    const summary = await street.collector.round();
    expect(summary.failures).toEqual([]);
    expect(reboots).toBeGreaterThan(2);
    expect(street.store.duplicates).toBe(0);
    expect(street.opened).toBeGreaterThan(1);
  }, 60_000);
});
