import { describe, expect, test } from 'bun:test';
import { deviceKey, deviceKeys, hostAndPort, hostKey } from '../../src/base/device-address.ts';

describe('one spelling of a device', () => {
  test.each([
    ['11539465', '000011539465'],
    [' 000011539465 ', '000011539465'],
    ['1234567890123', '1234567890123'],
    ['4D4D4D0000BC614E', '4d4d4d0000bc614e'],
    ['4D 4D 4D 00 00 BC 61 4E', '4d4d4d0000bc614e'],
    ['10.0.0.7', '10.0.0.7'],
    ['10.0.0.7:4059', '10.0.0.7:4059'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['[2001:db8::0001]', '2001:db8::1'],
    ['[2001:DB8::1]:4059', '[2001:db8::1]:4059'],
    ['::ffff:10.0.0.7', '10.0.0.7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['Meter-1.example.', 'meter-1.example'],
    ['Meter-1.example:4059', 'meter-1.example:4059'],
    ['LGZ0011-539', 'lgz0011-539'],
  ])('%s is %s', (text, key) => {
    expect(deviceKey(text)).toBe(key);
  });

  test('an address with a port falls under its host as well, not the other way round', () => {
    expect(deviceKeys('10.0.0.7:4059')).toEqual(['10.0.0.7:4059', '10.0.0.7']);
    expect(deviceKeys('[2001:db8::1]:4059')).toEqual(['[2001:db8::1]:4059', '2001:db8::1']);
    expect(deviceKeys('10.0.0.7')).toEqual(['10.0.0.7']);
    expect(deviceKeys('2001:db8::1')).toEqual(['2001:db8::1']);
  });

  test('what is no address stays as it is', () => {
    expect(hostKey('not:an:address')).toBe('not:an:address');
    expect(hostAndPort('::1', 4059)).toBe('[::1]:4059');
    expect(hostAndPort('METER', 4059)).toBe('meter:4059');
  });
});
