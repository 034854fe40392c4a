import { defineMeterProfile } from '../meter-profile.ts';
import { codedLog, LONG_FAILURES, NO_QUIRKS, USUAL_COUNTERS, USUAL_REGISTERS } from './common-objects.ts';
import { DSMR_EVENTS } from './dsmr-events.ts';

/** Meters of the Dutch requirements (DSMR 4 and 5; SMR differs in codes 80 to 85). */
export const dsmr = defineMeterProfile({
  name: 'dsmr',
  title: 'DSMR',
  unchecked: ['log of power quality at 0.0.99.98.5.255 in editions before 5', 'HDLC addresses'],
  profiles: { energy: '1.0.99.1.0.255', demand: '1.0.99.2.0.255', billing: '0.0.98.1.0.255' },
  logs: {
    standard: [codedLog(0)],
    fraud: [codedLog(1)],
    relay: [codedLog(2)],
    'power-quality': [codedLog(5)],
    // Phase outages are rows of the log of power quality (codes 86 to 92).
    'phase-interruption': [],
    'power-failure': [LONG_FAILURES],
  },
  events: DSMR_EVENTS,
  eventsOfLog: {},
  clock: '0.0.1.0.0.255',
  relay: '0.0.96.3.10.255',
  imageTransfer: '0.0.44.0.0.255',
  pushSetups: ['0.0.25.9.0.255'],
  invocationCounter: '0.0.43.1.0.255',
  publicClient: 16,
  clients: [{ address: 1, title: 'Management', auth: 'hls-gmac', policy: 'auth-enc' }],
  suites: [0],
  hdlc: { logical: 1, addressBytes: 1 },
  registers: USUAL_REGISTERS,
  counters: USUAL_COUNTERS,
  scalers: {},
  receiveWindow: 1,
  quirks: { ...NO_QUIRKS, maxListSize: 8 },
  hints: {
    manufacturers: ['KFM', 'ISK', 'XMX', 'KAM', 'LAN', 'SAG'],
    logicalDeviceName: null,
    objects: [
      // Consumer message codes and the version of the P1 port are the Dutch family's own.
      { obis: '0.0.96.13.0.255', weight: 3 },
      { obis: '0.0.96.13.1.255', weight: 3 },
      { obis: '0.0.96.14.0.255', weight: 1 },
      { obis: '0.1.24.1.0.255', weight: 2 },
      { obis: '0.1.24.3.0.255', weight: 2 },
      { obis: '1.3.0.2.8.255', weight: 4 },
      { obis: '0.0.97.98.10.255', weight: -2 },
      { obis: '1.0.94.91.0.255', weight: -6 },
    ],
  },
});
