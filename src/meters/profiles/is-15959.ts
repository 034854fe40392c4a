import { defineMeterProfile } from '../meter-profile.ts';
import { codedLog, data, NO_QUIRKS, register } from './common-objects.ts';
import { IS_15959_EVENTS } from './is-15959-events.ts';

/**
 * Meters of IS 15959. Its seven logs have their place among the six kinds of the user manual by what they hold:
 *
 * | log of IS 15959 | codes | kind | why |
 * |---|---|---|---|
 * | 0 voltage | 1-12 | power-quality | over- and undervoltage, unbalance |
 * | 1 current | 51-70 | phase-interruption | what happens to single phases: open, reversed and bypassed currents |
 * | 2 power | 101-102 | power-failure | failure and return |
 * | 3 transaction | 151-169 | standard | settings, clock, firmware |
 * | 4 other | 201-216 | fraud | magnet, neutral, module removed |
 * | 5 non-rollover | 251 | fraud | cover opened |
 * | 6 control | 301-302 | relay | load switch |
 */
export const is15959 = defineMeterProfile({
  name: 'is-15959',
  title: 'IS 15959 (India)',
  unchecked: [
    'clients 80 and 96',
    'scalers of the profiles, which the standard keeps in profiles of their own (1.0.94.91.3 to .7)',
    'invocation counter of the utility settings client',
    'HDLC addresses',
  ],
  profiles: { energy: '1.0.99.1.0.255', demand: '1.0.99.2.0.255', billing: '1.0.98.1.0.255' },
  logs: {
    'power-quality': [codedLog(0)],
    'phase-interruption': [codedLog(1)],
    'power-failure': [codedLog(2)],
    standard: [codedLog(3)],
    fraud: [codedLog(4), codedLog(5)],
    relay: [codedLog(6)],
  },
  events: IS_15959_EVENTS,
  eventsOfLog: {},
  clock: '0.0.1.0.0.255',
  relay: '0.0.96.3.10.255',
  imageTransfer: '0.0.44.0.0.255',
  pushSetups: ['0.0.25.9.0.255', '0.4.25.9.0.255'],
  invocationCounter: '0.0.43.1.3.255',
  publicClient: 16,
  clients: [
    { address: 32, title: 'Meter reader', auth: 'lls', policy: 'none' },
    { address: 48, title: 'Utility settings', auth: 'hls-gmac', policy: 'auth-enc' },
    { address: 80, title: 'Firmware', auth: 'hls-gmac', policy: 'auth-enc' },
    { address: 96, title: 'In-home display', auth: 'lls', policy: 'none' },
  ],
  suites: [0],
  hdlc: { logical: 1, addressBytes: 1 },
  registers: [
    register('1.0.1.7.0.255', 'Active power import'),
    register('1.0.9.7.0.255', 'Apparent power'),
    register('1.0.1.8.0.255', 'Active energy import'),
    register('1.0.2.8.0.255', 'Active energy export'),
    register('1.0.9.8.0.255', 'Apparent energy import'),
    register('1.0.12.7.0.255', 'Voltage'),
    register('1.0.11.7.0.255', 'Current'),
    register('1.0.91.7.0.255', 'Neutral current'),
    register('1.0.32.7.0.255', 'Voltage R'),
    register('1.0.52.7.0.255', 'Voltage Y'),
    register('1.0.72.7.0.255', 'Voltage B'),
    register('1.0.31.7.0.255', 'Current R'),
    register('1.0.51.7.0.255', 'Current Y'),
    register('1.0.71.7.0.255', 'Current B'),
    register('1.0.14.7.0.255', 'Frequency'),
  ],
  counters: [
    data('0.0.96.7.0.255', 'Power failures'),
    data('0.0.94.91.0.255', 'Tampers'),
    data('0.0.0.1.0.255', 'Billing periods'),
    data('0.0.96.2.0.255', 'Programmings'),
  ],
  scalers: {},
  receiveWindow: 1,
  quirks: NO_QUIRKS,
  hints: {
    manufacturers: ['LNT', 'SEC', 'GPL', 'HPL', 'LGZ', 'AVG'],
    logicalDeviceName: null,
    objects: [
      { obis: '1.0.94.91.0.255', weight: 6 },
      { obis: '1.0.98.1.0.255', weight: 3 },
      { obis: '0.0.99.98.3.255', weight: 2 },
      { obis: '0.0.99.98.6.255', weight: 1 },
      { obis: '0.0.94.91.0.255', weight: 3 },
      { obis: '0.0.94.91.9.255', weight: 2 },
    ],
  },
});
