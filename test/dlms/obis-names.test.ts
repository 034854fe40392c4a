import { describe, expect, test } from 'bun:test';
import { mediumName, obisName } from '../../src/dlms/names/obis-names.ts';
import { codeOf } from './mutation.ts';

describe('names of OBIS codes', () => {
  test('what utilities read every day', () => {
    const known: Readonly<Record<string, string>> = {
      '1.0.1.8.0.255': 'Active energy import (+A), total',
      '1.0.2.8.0.255': 'Active energy export (-A), total',
      '1.0.1.8.2.255': 'Active energy import (+A), rate 2',
      '1.0.3.8.0.255': 'Reactive energy import (+R), total',
      '1.0.16.8.0.255': 'Active energy net (|+A|-|-A|), total',
      '1.0.1.7.0.255': 'Active power import (+P), instantaneous',
      '1.0.41.7.0.255': 'Active power import (+P) L2, instantaneous',
      '1.0.32.7.0.255': 'Voltage L1, instantaneous',
      '1.0.72.7.0.255': 'Voltage L3, instantaneous',
      '1.0.51.7.0.255': 'Current L2, instantaneous',
      '1.0.14.7.0.255': 'Frequency, instantaneous',
      '1.0.13.7.0.255': 'Power factor, instantaneous',
      '1.0.1.6.0.255': 'Active power import (+P), maximum 1',
      '1.0.1.4.0.255': 'Active power import (+P), current average 1',
      '1.0.1.29.0.255': 'Active energy import (+A), in recording interval 1, total',
      '1.0.99.1.0.255': 'Load profile 1',
      '1.0.98.1.0.255': 'Billing data',
      '1.0.0.2.0.255': 'Active firmware identifier',
      '0.0.1.0.0.255': 'Clock',
      '0.0.25.9.0.255': 'Push setup',
      '0.0.40.0.0.255': 'Current association',
      '0.0.42.0.0.255': 'Logical device name',
      '0.0.43.0.0.255': 'Security setup',
      '0.0.43.1.0.255': 'Invocation counter',
      '0.0.44.0.0.255': 'Image transfer',
      '0.0.96.1.0.255': 'Device ID 1 (manufacturing number)',
      '0.0.96.3.10.255': 'Disconnect control',
      '0.0.97.98.0.255': 'Alarm register 1',
      '0.0.97.98.20.255': 'Alarm descriptor 1',
      '0.0.99.98.0.255': 'Event log 1',
      '7.0.3.2.0.255': 'Forward volume, base conditions',
      '8.0.1.0.0.255': 'Volume',
      '6.0.1.0.0.255': 'Energy',
    };
    for (const [obis, name] of Object.entries(known)) expect([obis, obisName(obis)]).toEqual([obis, name]);
  });

  test('channel and billing period are said, the current one is not', () => {
    expect(obisName('0.2.24.1.0.255')).toBe('M-Bus client, channel 2');
    expect(obisName('1.0.1.8.0.12')).toBe('Active energy import (+A), total, billing period 12');
    expect(obisName('1.0.1.8.0.101')).toBe('Active energy import (+A), total, billing period -1');
    expect(obisName('1.0.1.8.0.126')).toBe('Active energy import (+A), total, several billing periods');
    expect(obisName('1.0.1.8.0.100')).toBeUndefined();
    expect(obisName('1.0.1.8.0.127')).toBeUndefined();
    expect(obisName('1.64.1.8.0.255')).toBe('Active energy import (+A), total, channel 64');
    expect(obisName('1.65.1.8.0.255')).toBeUndefined();
  });

  test('harmonics and angles', () => {
    expect(obisName('1.0.31.7.1.255')).toBe('Current L1, instantaneous, fundamental');
    expect(obisName('1.0.32.7.3.255')).toBe('Voltage L1, instantaneous, harmonic 3');
    expect(obisName('1.0.32.24.124.255')).toBe('Voltage L1, current average 3, total harmonic distortion');
    expect([120, 121, 127].map((e) => obisName(`1.0.12.7.${e}.255`))).toEqual([
      'Voltage, instantaneous, harmonic 120',
      undefined,
      'Voltage, instantaneous, all harmonics to nominal value ratio',
    ]);
    expect(obisName('1.0.1.7.3.255')).toBe('Active power import (+P), instantaneous, rate 3');
    expect(obisName('1.0.81.7.4.255')).toBe('Phase angle I(L1) to U(L1)');
    expect(obisName('1.0.81.7.26.255')).toBe('Phase angle I(L3) to U(L3)');
    expect(obisName('1.0.81.7.255.255')).toBe('Phase angles');
    expect([obisName('1.0.81.7.3.255'), obisName('1.0.81.8.4.255')]).toEqual([undefined, undefined]);
  });

  test('a code that several classes share needs the class', () => {
    expect(obisName('0.0.21.0.0.255', 7)).toBe('General local port readout');
    expect(obisName('0.0.21.0.0.255', 1)).toBe('Standard readout parametrisation 1');
    expect(obisName('0.0.21.0.6.255', 7)).toBe('Additional readout profile 2');
  });

  test('nobody names what is not standard', () => {
    for (const obis of [
      '1.0.128.8.0.255',
      '1.0.1.200.0.255',
      '1.0.1.8.64.255',
      '1.0.94.91.0.255',
      '0.0.199.0.0.255',
      '3.0.1.8.0.255',
      '0.0.96.20.29.255',
    ]) {
      expect([obis, obisName(obis)]).toEqual([obis, undefined]);
    }
    expect(codeOf(() => obisName('1.8.0'))).toBe('invalid-argument');
    expect([mediumName(1), mediumName(7), mediumName(3)]).toEqual(['Electricity', 'Gas', undefined]);
  });

  test('no name has a place left open, and no two electricity quantities share one', () => {
    const unfinished: string[] = [];
    const shared: string[] = [];
    for (const a of [0, 1, 4, 5, 6, 7, 8, 9]) {
      const codes = new Map<string, string>();
      for (let c = 0; c < 128; c++) {
        for (let d = 0; d < 60; d++) {
          for (const e of [0, 1, 11, 63, 124, 255]) {
            const obis = `${a}.0.${c}.${d}.${e}.255`;
            const name = obisName(obis);
            if (name === undefined) continue;
            if (/[{}]|undefined|NaN|, ,|\s$| -\d/.test(name)) unfinished.push(`${obis} ${name}`);
            if (a === 1 && c > 0 && c < 93 && e !== 255 && codes.has(name)) shared.push(`${obis} ${name}`);
            codes.set(name, obis);
          }
        }
      }
      expect(codes.size).toBeGreaterThan(1);
    }
    expect({ unfinished, shared }).toEqual({ unfinished: [], shared: [] });
  });
});
