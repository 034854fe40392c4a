import { defineMeterProfile } from '../meter-profile.ts';
import {
  codedLog,
  data,
  LONG_FAILURES,
  NO_QUIRKS,
  USUAL_COUNTERS,
  USUAL_REGISTERS,
} from './common-objects.ts';
import { IDIS_EVENTS } from './idis-events.ts';

/** Meters of the IDIS companion specification (packages 2 and 3). */
export const idis = defineMeterProfile({
  name: 'idis',
  title: 'IDIS',
  unchecked: [
    'letters and digits of the logical device name',
    'addresses and mechanisms of the clients',
    'invocation counter of the management client',
  ],
  profiles: { energy: '1.0.99.1.0.255', demand: '1.0.99.2.0.255', billing: '0.0.98.1.0.255' },
  logs: {
    standard: [codedLog(0)],
    fraud: [codedLog(1)],
    relay: [codedLog(2)],
    'power-quality': [codedLog(4)],
    // Missing and returning voltages are rows of the log of power quality.
    'phase-interruption': [],
    'power-failure': [LONG_FAILURES],
  },
  events: IDIS_EVENTS,
  eventsOfLog: {},
  clock: '0.0.1.0.0.255',
  relay: '0.0.96.3.10.255',
  imageTransfer: '0.0.44.0.0.255',
  pushSetups: ['0.1.25.9.0.255', '0.4.25.9.0.255'],
  invocationCounter: '0.0.43.1.0.255',
  publicClient: 16,
  clients: [
    { address: 1, title: 'Management', auth: 'hls-gmac', policy: 'auth-enc' },
    { address: 102, title: 'Pre-established', auth: 'none', policy: 'auth-enc', preEstablished: true },
  ],
  suites: [0, 1],
  hdlc: { logical: 1, addressBytes: 2 },
  registers: USUAL_REGISTERS,
  counters: [...USUAL_COUNTERS, data('0.0.96.15.2.255', 'Relay events')],
  scalers: {},
  receiveWindow: 1,
  quirks: NO_QUIRKS,
  hints: {
    manufacturers: ['ISK', 'LGZ', 'ELS', 'SAG', 'KFM', 'ITR'],
    logicalDeviceName: '^[A-Z]{3}\\d{3,}',
    objects: [
      { obis: '0.0.97.98.0.255', weight: 2 },
      { obis: '0.0.97.98.10.255', weight: 2 },
      { obis: '0.0.99.98.4.255', weight: 2 },
      { obis: '0.1.25.9.0.255', weight: 3 },
      { obis: '0.4.25.9.0.255', weight: 3 },
      { obis: '0.0.43.0.0.255', weight: 1 },
      { obis: '1.0.94.91.0.255', weight: -6 },
    ],
  },
});
