import { eventTable } from '../meter-profile.ts';
import { COMMON_EVENTS } from './common-events.ts';

/** Event codes of the IDIS family: those of its own are 48 to 51 and 76 to 99. */
export const IDIS_EVENTS = {
  ...COMMON_EVENTS,
  ...eventTable('security', 'warning', { 48: 'Global keys changed' }),
  ...eventTable('security', 'alarm', {
    49: 'Decryption or authentication failed',
    50: 'Replayed message',
    51: 'Firmware verification failed',
  }),
  ...eventTable('quality', 'warning', {
    76: 'Undervoltage L1',
    77: 'Undervoltage L2',
    78: 'Undervoltage L3',
    79: 'Overvoltage L1',
    80: 'Overvoltage L2',
    81: 'Overvoltage L3',
    82: 'Voltage missing L1',
    83: 'Voltage missing L2',
    84: 'Voltage missing L3',
    90: 'Phases asymmetric',
    92: 'Bad voltage quality L1',
    93: 'Bad voltage quality L2',
    94: 'Bad voltage quality L3',
  }),
  ...eventTable('quality', 'info', {
    85: 'Voltage normal L1',
    86: 'Voltage normal L2',
    87: 'Voltage normal L3',
  }),
  ...eventTable('fraud', 'alarm', {
    88: 'Phase sequence reversed',
    89: 'Neutral missing',
    91: 'Current reversed',
  }),
  ...eventTable('power', 'alarm', { 99: 'Last gasp' }),
  ...mBusEvents(),
};

/** 100 to 136: the same ten for each of four M-Bus channels. */
function mBusEvents(): ReturnType<typeof eventTable> {
  return Object.assign(
    {},
    ...[1, 2, 3, 4].map((channel) => {
      const first = 90 + 10 * channel;
      return {
        ...eventTable('communication', 'warning', {
          [first]: `Communication error on M-Bus channel ${channel}`,
        }),
        ...eventTable('communication', 'info', {
          [first + 1]: `Communication restored on M-Bus channel ${channel}`,
          [first + 4]: `Clock adjusted on M-Bus channel ${channel}`,
          [first + 5]: `New device on M-Bus channel ${channel}`,
        }),
        ...eventTable('standard', 'warning', {
          [first + 2]: `Replace battery of the device on M-Bus channel ${channel}`,
          [first + 6]: `Permanent error of the device on M-Bus channel ${channel}`,
        }),
        ...eventTable('fraud', 'alarm', { [first + 3]: `Fraud attempt on M-Bus channel ${channel}` }),
      };
    }),
  );
}
