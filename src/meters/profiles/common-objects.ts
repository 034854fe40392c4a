import type { EventLogObject, NamedObject, ProfileQuirks } from '../meter-profile.ts';

export const register = (obis: string, title: string): NamedObject => ({ classId: 3, obis, title });
export const data = (obis: string, title: string): NamedObject => ({ classId: 1, obis, title });

/** `0.0.99.98.n.255`, whose rows hold the value of `0.0.96.11.n.255`. */
export const codedLog = (n: number): EventLogObject => ({
  obis: `0.0.99.98.${n}.255`,
  impliedCode: 0,
  codeObis: `0.0.96.11.${n}.255`,
});

/** A row is written when a long failure ends and holds its duration. */
export const LONG_FAILURES: EventLogObject = { obis: '1.0.99.97.0.255', impliedCode: 2, codeObis: null };

export const USUAL_REGISTERS: readonly NamedObject[] = [
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
];

export const USUAL_COUNTERS: readonly NamedObject[] = [
  data('0.0.96.7.21.255', 'Power failures'),
  data('0.0.96.7.9.255', 'Long power failures'),
  data('0.0.96.15.0.255', 'Events of the standard log'),
  data('0.0.96.15.1.255', 'Fraud events'),
];

export const NO_QUIRKS: ProfileQuirks = {
  noRangeAccess: false,
  repeatsClock: false,
  maxListSize: 8,
  pipelining: false,
};
