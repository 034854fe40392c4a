import { describe, expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { exchangeFirmwareVersion, readIdentity } from '../../src/device/identity.ts';
import { DeviceLogbook } from '../../src/device/logbook.ts';

describe('the logbook', () => {
  const setUp = () => {
    const rows: { time: number; type: string; detail: string }[] = [];
    const clock = new VirtualClock(1_000_000);
    const logbook = new DeviceLogbook({
      rows: { record: async (row) => void rows.push(row) },
      clock,
      customTypes: { 'door-open': 'Door of the station open' },
    });
    return { rows, logbook, types: () => rows.map(({ type }) => type) };
  };
  const start = { firmwareVersion: 'OpenDCU 0.1.0', lastShutdownClean: true, bootedAt: 500 };

  test('a first start is a start', async () => {
    const { logbook, types } = setUp();
    await logbook.recordStart(start);
    expect(types()).toEqual(['software-start']);
  });

  test('a boot after an unclean stop is power down and up, at their own times', async () => {
    const { logbook, rows } = setUp();
    await logbook.recordStart({ ...start, lastShutdownClean: false, lastAliveAt: 400, bootedAt: 500 });
    expect(rows.map(({ time, type }) => [time, type])).toEqual([
      [400, 'power-down'],
      [500, 'power-up'],
      [1_000_000, 'software-start'],
    ]);
  });

  test('an unclean stop without a boot is a crash of the program, not of the power', async () => {
    const { logbook, rows } = setUp();
    await logbook.recordStart({ ...start, lastShutdownClean: false, lastAliveAt: 600, bootedAt: 500 });
    expect(rows.map(({ type }) => type)).toEqual(['software-start']);
    expect(rows[0]?.detail).toContain('without a stop');
  });

  test('a boot after an orderly stop is a reboot; another version is a firmware change', async () => {
    const { logbook, types } = setUp();
    await logbook.recordStart({ ...start, lastAliveAt: 400, previousFirmwareVersion: 'OpenDCU 0.0.9' });
    expect(types()).toEqual(['reboot', 'firmware-changed', 'software-start']);
  });

  test('takes types that the user has added, and no others', async () => {
    const { logbook, types } = setUp();
    await logbook.record('door-open', '');
    await expect(logbook.record('window-open', '')).rejects.toMatchObject({ code: 'invalid-argument' });
    expect(types()).toEqual(['door-open']);
  });
});

test('the identity is what the settings say, and the version of the last start is remembered', async () => {
  const settings = new Map([
    ['device.serial', '5500000527'],
    ['device.timezone', 'Europe/Riga'],
    ['device.firmware', ''],
  ]);
  const port = {
    setting: async (key: string) => settings.get(key),
    saveSetting: async (key: string, value: string) => void settings.set(key, value),
  };
  const identity = await readIdentity(port, '0.1.0');
  expect(identity).toEqual({
    serialNumber: '5500000527',
    firmwareVersion: 'OpenDCU 0.1.0',
    timeZone: 'Europe/Riga',
  });
  expect(await exchangeFirmwareVersion(port, identity.firmwareVersion)).toBeUndefined();
  expect(await exchangeFirmwareVersion(port, 'OpenDCU 0.2.0')).toBe('OpenDCU 0.1.0');
});
