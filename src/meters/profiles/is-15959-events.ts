import { eventTable } from '../meter-profile.ts';

const pairs = (first: number, text: string): Record<number, string> => ({ [first]: text });
const ends = (first: number, text: string): Record<number, string> => ({ [first + 1]: `${text}: over` });

/** Codes of things that begin with the odd one and end with the one behind it. */
const VOLTAGE: readonly (readonly [number, string])[] = [
  [1, 'Voltage missing R'],
  [3, 'Voltage missing Y'],
  [5, 'Voltage missing B'],
  [7, 'Overvoltage'],
  [9, 'Undervoltage'],
  [11, 'Voltages unbalanced'],
];
const CURRENT: readonly (readonly [number, string])[] = [
  [51, 'Current reversed R'],
  [53, 'Current reversed Y'],
  [55, 'Current reversed B'],
  [57, 'Current transformer open R'],
  [59, 'Current transformer open Y'],
  [61, 'Current transformer open B'],
  [63, 'Currents unbalanced'],
  [65, 'Current bypassed'],
  [67, 'Overcurrent'],
  [69, 'Earth loading'],
];
const TAMPER: readonly (readonly [number, string])[] = [
  [201, 'Magnetic influence'],
  [203, 'Neutral disturbed'],
  [205, 'Power factor very low'],
  [207, 'Neutral missing'],
  [209, 'Communication module removed'],
  [215, 'Overload'],
];

const occurrences = (
  list: readonly (readonly [number, string])[],
  write: typeof pairs,
): Record<number, string> => Object.assign({}, ...list.map(([code, text]) => write(code, text)));

/** Event codes of IS 15959 (one number space over its seven logs), compared with two public head ends. */
export const IS_15959_EVENTS = {
  ...eventTable('quality', 'warning', occurrences(VOLTAGE, pairs)),
  ...eventTable('quality', 'info', occurrences(VOLTAGE, ends)),
  ...eventTable('fraud', 'alarm', occurrences(CURRENT, pairs)),
  ...eventTable('fraud', 'info', occurrences(CURRENT, ends)),
  ...eventTable('power', 'warning', { 101: 'Power failure' }, 'power-down'),
  ...eventTable('power', 'info', { 102: 'Power restored' }, 'power-up'),
  ...eventTable('standard', 'info', {
    151: 'Clock set',
    152: 'Demand integration period changed',
    153: 'Profile capture period changed',
    154: 'Billing dates changed',
    155: 'Activity calendar changed',
    157: 'Firmware activated',
    158: 'Load limit changed',
    159: 'Load limit function enabled',
    160: 'Load limit function disabled',
    165: 'Event status word filter changed',
    166: 'Maximum demand reset',
    167: 'Metering mode changed',
    169: 'Image activation schedule changed',
    211: 'Changed to postpaid',
    212: 'Changed to prepaid',
    213: 'Changed to forward only',
    214: 'Changed to import and export',
  }),
  ...eventTable('security', 'warning', {
    161: 'Secret of the meter reader changed',
    162: 'Key of the utility changed',
    163: 'Key of the firmware client changed',
    164: 'Global keys changed',
  }),
  ...eventTable('fraud', 'alarm', { ...occurrences(TAMPER, pairs), 251: 'Meter cover opened' }),
  ...eventTable('fraud', 'info', occurrences(TAMPER, ends)),
  ...eventTable('relay', 'alarm', { 253: 'Load switch welded' }),
  ...eventTable('relay', 'info', { 301: 'Load switch off', 302: 'Load switch on' }),
};
