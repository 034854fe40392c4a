import { type Groups, type NameRow, nameTable } from './pattern.ts';

/** Value groups C from 1 to 20; 21-40, 41-60 and 61-80 are the same of one phase. `energy` where time is integrated over. */
const QUANTITIES: Readonly<Record<number, { readonly name: string; readonly energy?: string }>> = {
  1: { name: 'Active power import (+P)', energy: 'Active energy import (+A)' },
  2: { name: 'Active power export (-P)', energy: 'Active energy export (-A)' },
  3: { name: 'Reactive power import (+Q)', energy: 'Reactive energy import (+R)' },
  4: { name: 'Reactive power export (-Q)', energy: 'Reactive energy export (-R)' },
  5: { name: 'Reactive power QI', energy: 'Reactive energy QI' },
  6: { name: 'Reactive power QII', energy: 'Reactive energy QII' },
  7: { name: 'Reactive power QIII', energy: 'Reactive energy QIII' },
  8: { name: 'Reactive power QIV', energy: 'Reactive energy QIV' },
  9: { name: 'Apparent power import (+S)', energy: 'Apparent energy import (+VA)' },
  10: { name: 'Apparent power export (-S)', energy: 'Apparent energy export (-VA)' },
  11: { name: 'Current' },
  12: { name: 'Voltage' },
  13: { name: 'Power factor' },
  14: { name: 'Frequency' },
  15: { name: 'Active power absolute (|+P|+|-P|)', energy: 'Active energy absolute (|+A|+|-A|)' },
  16: { name: 'Active power net (|+P|-|-P|)', energy: 'Active energy net (|+A|-|-A|)' },
  17: { name: 'Active power QI', energy: 'Active energy QI' },
  18: { name: 'Active power QII', energy: 'Active energy QII' },
  19: { name: 'Active power QIII', energy: 'Active energy QIII' },
  20: { name: 'Active power QIV', energy: 'Active energy QIV' },
};
/** Value groups C above the phases. */
const MORE_QUANTITIES: Readonly<Record<number, string>> = {
  82: 'Pulses or pieces',
  84: 'Power factor export',
  85: 'Power factor export L1',
  86: 'Power factor export L2',
  87: 'Power factor export L3',
  88: 'Ampere-squared hours',
  89: 'Volt-squared hours',
  90: 'Current, sum of phases',
  91: 'Current neutral',
  92: 'Voltage neutral',
};
const PER_PHASE = 20;
const LAST_OF_PHASES = 80;

/** Value group D. Time integral 1 is what a register shows, and goes without saying. */
const PROCESSING: Readonly<Record<number, string>> = {
  0: 'billing period average',
  1: 'cumulative minimum 1',
  2: 'cumulative maximum 1',
  3: 'minimum 1',
  4: 'current average 1',
  5: 'last average 1',
  6: 'maximum 1',
  7: 'instantaneous',
  8: '',
  9: 'in the billing period',
  10: 'above the threshold',
  11: 'cumulative minimum 2',
  12: 'cumulative maximum 2',
  13: 'minimum 2',
  14: 'current average 2',
  15: 'last average 2',
  16: 'maximum 2',
  17: 'time integral 7',
  18: 'time integral 8',
  19: 'time integral 9',
  20: 'time integral 10',
  21: 'cumulative minimum 3',
  22: 'cumulative maximum 3',
  23: 'minimum 3',
  24: 'current average 3',
  25: 'last average 3',
  26: 'maximum 3',
  27: 'current average 5',
  28: 'current average 6',
  29: 'in recording interval 1',
  30: 'in recording interval 2',
  31: 'under-limit threshold',
  32: 'under-limit occurrences',
  33: 'under-limit duration',
  34: 'under-limit magnitude',
  35: 'over-limit threshold',
  36: 'over-limit occurrences',
  37: 'over-limit duration',
  38: 'over-limit magnitude',
  39: 'missing threshold',
  40: 'missing occurrences',
  41: 'missing duration',
  42: 'missing magnitude',
  43: 'time threshold for under-limit',
  44: 'time threshold for over-limit',
  45: 'time threshold for missing',
  46: 'contracted value',
  49: 'average in recording interval 1',
  50: 'average in recording interval 2',
  51: 'minimum in recording interval 1',
  52: 'minimum in recording interval 2',
  53: 'maximum in recording interval 1',
  54: 'maximum in recording interval 2',
  55: 'test average',
  58: 'time integral 4',
};
const TIME_INTEGRALS: ReadonlySet<number> = new Set([8, 9, 10, 17, 18, 19, 20, 29, 30, 58]);
const INSTANTANEOUS = 7;
/** Here E counts harmonics: instantaneous value and average 3 of currents, voltages and absolute active power. */
const HARMONIC_PROCESSING: ReadonlySet<number> = new Set([INSTANTANEOUS, 24]);
const HARMONIC_QUANTITIES: ReadonlySet<number> = new Set([11, 12, 15]);
const HARMONICS: Readonly<Record<number, string>> = {
  1: 'fundamental',
  124: 'total harmonic distortion',
  125: 'total demand distortion',
  126: 'all harmonics',
  127: 'all harmonics to nominal value ratio',
};
const LAST_HARMONIC = 120;
const LAST_RATE = 63;

const ANGLES = 81;
const ANGLE_ENDS: Readonly<Record<number, string>> = {
  0: 'U(L1)',
  1: 'U(L2)',
  2: 'U(L3)',
  4: 'I(L1)',
  5: 'I(L2)',
  6: 'I(L3)',
  7: 'I(L0)',
};

/** Objects of the meter as an electricity meter, and those that C from 96 on has for every medium. */
const ROWS: readonly NameRow[] = [
  ['0.0.0-9', 'Electricity ID {E+1}'],
  ['0.0.255', 'Electricity IDs'],
  ['0.1.0', 'Billing period counter'],
  ['0.1.1', 'Number of available billing periods'],
  ['0.1.2', 'Time of billing period'],
  ['0.1.3', 'Billing period counter, scheme 2'],
  ['0.1.4', 'Number of available billing periods, scheme 2'],
  ['0.1.5', 'Time of billing period, scheme 2'],
  ['0.2.0', 'Active firmware identifier'],
  ['0.2.1', 'Parameter record number'],
  ['0.2.2', 'Time switch program number'],
  ['0.2.3', 'Ripple control program number'],
  ['0.2.4', 'Meter connection diagram ID'],
  ['0.2.7', 'Passive calendar name'],
  ['0.2.8', 'Active firmware signature'],
  ['0.3.0', 'Meter constant, active energy LED'],
  ['0.3.1', 'Meter constant, reactive energy LED'],
  ['0.3.2', 'Meter constant, apparent energy LED'],
  ['0.3.3', 'Meter constant, active energy output pulse'],
  ['0.3.4', 'Meter constant, reactive energy output pulse'],
  ['0.3.5', 'Meter constant, apparent energy output pulse'],
  ['0.4.0', 'Reading factor for power'],
  ['0.4.1', 'Reading factor for energy'],
  ['0.4.2', 'Current transformer ratio, numerator'],
  ['0.4.3', 'Voltage transformer ratio, numerator'],
  ['0.4.4', 'Overall transformer ratio, numerator'],
  ['0.4.5', 'Current transformer ratio, denominator'],
  ['0.4.6', 'Voltage transformer ratio, denominator'],
  ['0.4.7', 'Overall transformer ratio, denominator'],
  ['0.5.*', 'Demand limit'],
  ['0.6.0', 'Nominal voltage'],
  ['0.6.1', 'Nominal current'],
  ['0.6.2', 'Nominal frequency'],
  ['0.6.3', 'Maximum current'],
  ['0.6.4', 'Reference voltage for power quality'],
  ['0.6.5', 'Reference voltage of the auxiliary supply'],
  ['0.7.*', 'Input pulse constant {E}'],
  ['0.8.0', 'Measurement period 1'],
  ['0.8.1', 'Measurement period 2'],
  ['0.8.2', 'Measurement period 3'],
  ['0.8.3', 'Measurement period 4'],
  ['0.8.4', 'Recording interval 1'],
  ['0.8.5', 'Recording interval 2'],
  ['0.8.6', 'Billing period 1'],
  ['0.8.7', 'Billing period 2'],
  ['0.8.8', 'Measurement period for harmonics'],
  ['0.9.0', 'Time since the end of the last billing period'],
  ['0.9.1', 'Local time'],
  ['0.9.2', 'Local date'],
  ['0.9.5', 'Day of the week'],
  ['0.9.6', 'Time of last reset'],
  ['0.9.7', 'Date of last reset'],
  ['0.9.8', 'Output pulse duration'],
  ['0.9.9', 'Clock synchronisation window'],
  ['0.9.10', 'Clock synchronisation method'],
  ['0.9.11', 'Clock time shift limit'],
  ['0.9.12', 'Billing period reset lockout time'],
  ['0.10.*', 'Loss coefficient {E}'],
  ['0.11.*', 'Measurement algorithm {E}'],
  ['96.1.0-9', 'Metering point ID {E+1}'],
  ['96.5.0', 'Internal operating status'],
  ['96.5.1-4', 'Internal operating status, word {E}'],
  ['96.5.5', 'Meter started'],
  ['96.10.0', 'Status of missing voltage'],
  ['96.10.1', 'Status of missing current'],
  ['96.10.2', 'Status of current without voltage'],
  ['96.10.3', 'Status of the auxiliary supply'],
  ['97.97.0-9', 'Error register {E+1}'],
  ['97.97.255', 'Error profile'],
  ['98.1.0,255', 'Billing data'],
  ['98.1.*', 'Billing data {E+1}'],
  ['98.2.0,255', 'Billing data, scheme 2'],
  ['98.2.*', 'Billing data, scheme 2, {E+1}'],
  ['98.10.*', 'Register table {E+1}'],
  ['99.1.0', 'Load profile 1'],
  ['99.1.*', 'Load profile 1, part {E+1}'],
  ['99.2.0', 'Load profile 2'],
  ['99.2.*', 'Load profile 2, part {E+1}'],
  ['99.3.0', 'Load profile during test'],
  ['99.10.1', 'Voltage dips profile'],
  ['99.10.2', 'Voltage swells profile'],
  ['99.10.3', 'Voltage cuts profile'],
  ['99.11.*', 'Voltage harmonics profile {E}'],
  ['99.12.*', 'Current harmonics profile {E}'],
  ['99.13.0', 'Voltage unbalance profile'],
  ['99.14.*', 'Power quality profile {E+1}'],
  ['99.97.*', 'Power failure event log {E+1}'],
  ['99.98.*', 'Event log {E+1}'],
  ['99.99.*', 'Certification data log {E+1}'],
];
const otherName = nameTable(ROWS);

/** `Active energy import (+A), total` for 1.8.0, `Voltage L1, instantaneous` for 32.7.0. */
export function electricityName(groups: Groups, classId: number | undefined): string | undefined {
  const [c, d, e] = groups;
  if (c === ANGLES) return d === INSTANTANEOUS ? angleName(e) : undefined;
  const processing = PROCESSING[d];
  const quantity = quantityName(c, TIME_INTEGRALS.has(d));
  if (quantity === undefined || processing === undefined) return otherName(groups, classId);
  const detail = detailName(c, d, e);
  if (detail === undefined) return undefined;
  return [quantity, processing, detail].filter((part) => part !== '').join(', ');
}

function quantityName(c: number, isIntegral: boolean): string | undefined {
  const more = MORE_QUANTITIES[c];
  if (more !== undefined || c === 0 || c > LAST_OF_PHASES) return more;
  const phase = Math.floor((c - 1) / PER_PHASE);
  const { name, energy = name } = QUANTITIES[c - phase * PER_PHASE] ?? { name: '' };
  return `${isIntegral ? energy : name}${phase === 0 ? '' : ` L${phase}`}`;
}

/** What E says: a rate, a harmonic, or nothing; undefined where it says what nobody defined. */
function detailName(c: number, d: number, e: number): string | undefined {
  if (e === 255) return '';
  const countsHarmonics =
    HARMONIC_PROCESSING.has(d) && c <= LAST_OF_PHASES && HARMONIC_QUANTITIES.has(((c - 1) % PER_PHASE) + 1);
  if (countsHarmonics && e > 0) return HARMONICS[e] ?? (e <= LAST_HARMONIC ? `harmonic ${e}` : undefined);
  if (e > LAST_RATE) return undefined;
  if (e > 0) return `rate ${e}`;
  return TIME_INTEGRALS.has(d) ? 'total' : '';
}

function angleName(e: number): string | undefined {
  if (e === 255) return 'Phase angles';
  const [to, of] = [ANGLE_ENDS[Math.floor(e / 10)], ANGLE_ENDS[e % 10]];
  return to === undefined || of === undefined ? undefined : `Phase angle ${of} to ${to}`;
}
