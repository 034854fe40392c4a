import { describe, expect, test } from 'bun:test';
import { dialSettings } from '../../../src/concentrator/dial-settings.ts';
import { UplinkSettings } from '../../../src/concentrator/uplink-kinds.ts';
import { checkAttribute } from '../../../src/store/attribute-fields.ts';
import { DIAL_ATTRIBUTES } from '../../../src/store/dial-defaults.ts';

const DEVICE = { serialNumber: 'ODC 2026 000123456789', zone: () => 'UTC' };
const DEFAULTS = Object.fromEntries(DIAL_ATTRIBUTES.map(([key, value]) => [key, value]));
const HES = { 'ip.1': '10.0.0.1', 'port.1': '4059' };

const settingsOf = (
  channel: Readonly<Record<string, string>>,
  protocol: Readonly<Record<string, string>> = {},
) => dialSettings(new UplinkSettings({ ...DEFAULTS, ...channel }), new UplinkSettings(protocol), DEVICE);

test('what a new device has is sound, and dials nobody', () => {
  for (const [key, value] of Object.entries(DEFAULTS)) expect(() => checkAttribute(key, value)).not.toThrow();
  expect(settingsOf({})).toBeUndefined();
});

test('an address makes it dial, as the tables say', () => {
  expect(settingsOf(HES, { 'max.bytes': '1024', 'send.timeout': '10', 'server.mode': '1' })).toMatchObject({
    addresses: [{ host: '10.0.0.1', port: 4059 }],
    timing: { firstPauseMs: 5000, longestPauseMs: 600_000, returnAfterMs: 3_600_000 },
    connectTimeoutMs: 5000,
    heart: undefined,
    role: 'server',
    ciphered: true,
    maxPdu: 1024,
    answerWithinMs: 10_000,
  });
  expect(settingsOf(HES, { 'server.mode': '0' })?.role).toBe('client');
});

test('so many addresses are used as are told; one that is not set is passed over', () => {
  const more = {
    'ip.2': 'hes.example',
    'port.2': '1',
    'ip.3': '',
    'ip.4': '::1',
    'port.4': '4',
    'ip.5': 'x',
  };
  const hosts = (size: string) =>
    settingsOf({ ...HES, ...more, 'ip.size': size })?.addresses.map(({ host }) => host);
  expect(hosts('1')).toEqual(['10.0.0.1']);
  expect(hosts('2')).toEqual(['10.0.0.1', 'hes.example']);
  expect(hosts('8')).toEqual(['10.0.0.1', 'hes.example', '::1']);
});

test('it may be told not to, or when', () => {
  expect(settingsOf({ ...HES, connect: 'off' })).toBeUndefined();
  const settings = settingsOf({ ...HES, connect: '22:00-06:00' });
  const at = (hour: number): boolean | undefined => settings?.isWanted(Date.UTC(2026, 2, 2, hour));
  expect([at(21), at(22), at(5), at(6)]).toEqual([false, true, true, false]);
});

describe('the id of heartbeats has twelve characters', () => {
  const idOf = (id: string) => settingsOf({ ...HES, heartbeat: 'echo', 'heartbeat.id': id })?.heart?.id;
  test('made from the serial number', () => expect(idOf('')).toBe('000123456789'));
  test('as it is set', () => expect(idOf('DCU-42')).toBe('000000DCU-42'));
});

test('a longest pause below the first one is that', () => {
  expect(settingsOf({ ...HES, 'redial.first': '60', 'redial.max': '5' })?.timing.longestPauseMs).toBe(60_000);
});

test('a heartbeat that nobody knows is told of', () => {
  expect(() => settingsOf({ ...HES, heartbeat: 'loud' })).toThrow('there is no heartbeat loud');
});

describe('what is out of range is refused by its name', () => {
  const wrong: readonly (readonly [key: string, value: string])[] = [
    ['ip.1', 'no address'],
    ['ip.8', 'a b'],
    ['port.7', '65536'],
    ['ip.size', '0'],
    ['ip.size', '9'],
    ['connect', 'sometimes'],
    ['connect', '25:00-26:00'],
    ['return.after', '1'],
    ['redial.first', '0'],
    ['redial.max', 'x'],
    ['heartbeat', 'loud'],
    ['heartbeat.interval', '0'],
    ['heartbeat.timeout', '0'],
    ['heartbeat.misses', '0'],
    ['heartbeat.id', 'thirteen-long'],
    ['heartbeat.id', 'é'],
    ['push', 'perhaps'],
    ['push.ciphered', ''],
    ['confirmed', 'perhaps'],
    ['hes.server', '0'],
  ];
  for (const [key, value] of wrong) {
    test(`${key} ${value}`, () => {
      expect(() => checkAttribute(key, value)).toThrow(
        expect.objectContaining({ code: 'invalid-field', field: key }),
      );
    });
  }
});
