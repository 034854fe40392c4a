import { defineMeterProfile, eventTable } from '../meter-profile.ts';
import { codedLog, LONG_FAILURES, NO_QUIRKS, USUAL_COUNTERS, USUAL_REGISTERS } from './common-objects.ts';
import { IDIS_EVENTS } from './idis-events.ts';

/** Objects that most meters of the DLMS world have under the same names. */
export const generic = defineMeterProfile({
  name: 'generic',
  title: 'Generic DLMS/COSEM meter',
  unchecked: [],
  profiles: { energy: '1.0.99.1.0.255', demand: '1.0.99.2.0.255', billing: '0.0.98.1.0.255' },
  logs: {
    standard: [codedLog(0)],
    fraud: [codedLog(1)],
    relay: [codedLog(2)],
    'power-quality': [codedLog(5)],
    'phase-interruption': [codedLog(6)],
    'power-failure': [LONG_FAILURES],
  },
  events: {
    ...IDIS_EVENTS,
    // What the families disagree on is told as what it may be.
    ...eventTable('security', 'warning', {
      48: 'Global keys changed, or module cover opened',
      49: 'Decryption or authentication failed, or module cover closed',
    }),
    ...eventTable('quality', 'warning', { 90: 'Phases asymmetric, or phase returned L1' }),
  },
  eventsOfLog: {},
  clock: '0.0.1.0.0.255',
  relay: '0.0.96.3.10.255',
  imageTransfer: '0.0.44.0.0.255',
  pushSetups: ['0.0.25.9.0.255'],
  invocationCounter: '0.0.43.1.0.255',
  publicClient: 16,
  clients: [{ address: 1, title: 'Management', auth: 'lls', policy: 'none' }],
  suites: [0, 1, 2],
  hdlc: { logical: 1, addressBytes: 1 },
  registers: USUAL_REGISTERS,
  counters: USUAL_COUNTERS,
  scalers: {},
  receiveWindow: 7,
  quirks: NO_QUIRKS,
  hints: { manufacturers: [], logicalDeviceName: null, objects: [] },
});
