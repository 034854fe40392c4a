import { describe, expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { exchangeFirmwareVersion, readIdentity } from '../../src/device/identity.ts';
import { dayInterval, localTime, monthInterval, startOfDate } from '../../src/device/local-time.ts';
import { DeviceLogbook } from '../../src/device/logbook.ts';

const HOUR_MS = 3_600_000;
const iso = (timeMs: number): string => new Date(timeMs).toISOString();

describe('days and months of a zone', () => {
  test.each([
    ['UTC', '2026-03-29T12:00Z', '2026-03-29T00:00:00.000Z', 24],
    ['Europe/Berlin', '2026-03-29T12:00Z', '2026-03-28T23:00:00.000Z', 23],
    ['Europe/Berlin', '2026-10-25T12:00Z', '2026-10-24T22:00:00.000Z', 25],
    ['Asia/Kathmandu', '2026-03-29T20:00Z', '2026-03-29T18:15:00.000Z', 24],
    ['Pacific/Kiritimati', '2026-03-29T12:00Z', '2026-03-29T10:00:00.000Z', 24],
    ['America/Sao_Paulo', '2018-11-04T12:00Z', '2018-11-04T03:00:00.000Z', 23],
    ['America/Sao_Paulo', '2018-02-17T12:00Z', '2018-02-17T02:00:00.000Z', 25],
    ['Pacific/Apia', '2011-12-31T12:00Z', '2011-12-31T10:00:00.000Z', 24],
    ['Australia/Lord_Howe', '2026-04-05T02:00Z', '2026-04-04T13:00:00.000Z', 24.5],
  ])('%s at %s: the day begins %s and has %d hours', (zone, now, from, hours) => {
    const day = dayInterval(Date.parse(now), zone);
    expect(iso(day.fromMs)).toBe(from);
    expect((day.toMs - day.fromMs) / HOUR_MS).toBe(hours);
  });

  test.each(['Europe/Berlin', 'America/Sao_Paulo', 'Asia/Tehran', 'Africa/Cairo', 'UTC'])(
    'the days of %s follow each other without gap for ten years, and months are made of them',
    (zone) => {
      let at = startOfDate(2016, 1, 1, zone);
      for (let i = 0; i < 3650; i++) {
        const day = dayInterval(at, zone);
        expect(day.fromMs).toBe(at);
        expect(dayInterval(day.toMs - 1, zone)).toEqual(day);
        if (localTime(day.fromMs, zone).day === 1)
          expect(monthInterval(day.toMs - 1, zone).fromMs).toBe(day.fromMs);
        at = day.toMs;
      }
    },
  );

  test('an unknown zone is an error that names the setting', () => {
    expect(() => dayInterval(0, 'Mars/Olympus')).toThrow(
      expect.objectContaining({ code: 'invalid-field', field: 'device.timezone' }),
    );
  });
});

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
