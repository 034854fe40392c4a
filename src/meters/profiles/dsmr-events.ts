import { eventTable } from '../meter-profile.ts';
import { COMMON_EVENTS } from './common-events.ts';
import { IDIS_EVENTS } from './idis-events.ts';

const mBus = Object.fromEntries(
  Object.entries(IDIS_EVENTS)
    .filter(([code]) => Number(code) >= 100 && Number(code) <= 136)
    .map(([code, meaning]) => [Number(code), meaning]),
);

/** Event codes of the Dutch family: 48 and 49 are the module's cover, and the numbering of voltages begins one later. */
export const DSMR_EVENTS = {
  ...COMMON_EVENTS,
  ...mBus,
  ...eventTable('standard', 'info', { 20: 'Self-check after the firmware update passed' }),
  ...eventTable('fraud', 'alarm', { 21: 'Communication module removed', 48: 'Module cover opened' }),
  ...eventTable('fraud', 'info', { 22: 'Communication module inserted', 49: 'Module cover closed' }),
  ...eventTable('communication', 'info', {
    71: 'Metrological maintenance',
    72: 'Technical maintenance',
    73: 'Readings of electricity fetched',
    74: 'Readings of gas fetched',
    75: 'Interval data of electricity fetched',
    76: 'Interval data of gas fetched',
  }),
  ...eventTable('quality', 'warning', {
    77: 'Undervoltage L1',
    78: 'Undervoltage L2',
    79: 'Undervoltage L3',
    80: 'Voltage sag L1',
    81: 'Voltage sag L2',
    82: 'Voltage sag L3',
    83: 'Voltage swell L1',
    84: 'Voltage swell L2',
    85: 'Voltage swell L3',
    86: 'Phase outage L1',
    87: 'Phase outage L2',
    88: 'Phase outage L3',
  }),
  ...eventTable('quality', 'info', {
    89: 'Phase outage test',
    90: 'Phase returned L1',
    91: 'Phase returned L2',
    92: 'Phase returned L3',
  }),
};
