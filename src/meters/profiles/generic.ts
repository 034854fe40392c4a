import { defineMeterProfile } from '../meter-profile.ts';
import { IDIS_EVENT_TEXTS } from './event-texts.ts';

const register = (obis: string, title: string) => ({ classId: 3, obis, title });

/** Objects that most meters of the DLMS world have under the same names. */
export const generic = defineMeterProfile({
  name: 'generic',
  title: 'Generic DLMS/COSEM meter',
  profiles: { energy: '1.0.99.1.0.255', demand: '1.0.99.2.0.255', billing: '0.0.98.1.0.255' },
  logs: {
    standard: { obis: '0.0.99.98.0.255', impliedCode: 0 },
    fraud: { obis: '0.0.99.98.1.255', impliedCode: 0 },
    relay: { obis: '0.0.99.98.2.255', impliedCode: 0 },
    'power-quality': { obis: '0.0.99.98.5.255', impliedCode: 0 },
    'phase-interruption': { obis: '0.0.99.98.6.255', impliedCode: 0 },
    // A row is written when a long failure ends and holds its duration.
    'power-failure': { obis: '1.0.99.97.0.255', impliedCode: 2 },
  },
  clock: '0.0.1.0.0.255',
  relay: '0.0.96.3.10.255',
  invocationCounter: '0.0.43.1.0.255',
  publicClient: 16,
  registers: [
    register('1.0.1.7.0.255', 'Active power import'),
    register('1.0.1.8.0.255', 'Active energy import'),
    register('1.0.2.8.0.255', 'Active energy export'),
    register('1.0.3.8.0.255', 'Reactive energy import'),
    register('1.0.4.8.0.255', 'Reactive energy export'),
    register('1.0.32.7.0.255', 'Voltage L1'),
    register('1.0.52.7.0.255', 'Voltage L2'),
    register('1.0.72.7.0.255', 'Voltage L3'),
    register('1.0.31.7.0.255', 'Current L1'),
    register('1.0.51.7.0.255', 'Current L2'),
    register('1.0.71.7.0.255', 'Current L3'),
  ],
  eventTexts: IDIS_EVENT_TEXTS,
  receiveWindow: 7,
});
