import { type Groups, type NameRow, nameTable } from './pattern.ts';

/** The same for every medium but electricity. */
const COMMON: readonly NameRow[] = [
  ['97.97.0-9', 'Error register {E+1}'],
  ['98.1.*', 'Billing data {E+1}'],
  ['99.1.*', 'Load profile 1, part {E+1}'],
  ['99.2.*', 'Load profile 2, part {E+1}'],
  ['99.98.*', 'Event log {E+1}'],
];

const GAS: readonly NameRow[] = [
  ['0.0.0-9', 'Gas ID {E+1}'],
  ['0.1.0', 'Billing period counter'],
  ['0.1.2', 'Time of billing period'],
  ['0.2.1', 'Firmware version'],
  ['1.0.0', 'Forward volume, undisturbed, metering conditions'],
  ['2.0.0', 'Forward volume, disturbed, metering conditions'],
  ['3.0.0', 'Forward volume, metering conditions'],
  ['3.1.0', 'Forward volume, corrected'],
  ['3.2.0', 'Forward volume, base conditions'],
  ['6.0.0', 'Reverse volume, metering conditions'],
  ['13.0.0', 'Forward converter volume, metering conditions'],
  ['13.1.0', 'Forward converter volume, corrected'],
  ['13.2.0', 'Forward converter volume, base conditions'],
  ['41.0.0', 'Gas temperature'],
  ['42.0.0', 'Absolute gas pressure'],
  ['43.0.0', 'Flow rate, metering conditions'],
  ['43.1.0', 'Flow rate, corrected'],
  ['43.2.0', 'Flow rate, base conditions'],
];

/** Heat and cooling; not checked. */
const HEAT: readonly NameRow[] = [
  ['0.0.0-9', 'Heat meter ID {E+1}'],
  ['1.0.*', 'Energy'],
  ['2.0.*', 'Accounted volume'],
  ['3.0.*', 'Accounted mass'],
  ['4.0.*', 'Flow volume'],
  ['5.0.*', 'Flow mass'],
  ['6.0.*', 'Return volume'],
  ['7.0.*', 'Return mass'],
  ['8.0.*', 'Thermal power'],
  ['9.0.*', 'Flow rate'],
  ['10.0.*', 'Flow temperature'],
  ['11.0.*', 'Return temperature'],
  ['12.0.*', 'Temperature difference'],
  ['13.0.*', 'Pressure'],
];

/** Cold and hot water; not checked. */
const WATER: readonly NameRow[] = [
  ['0.0.0-9', 'Water meter ID {E+1}'],
  ['1.0.*', 'Volume'],
  ['2.0.*', 'Flow rate'],
  ['3.0.*', 'Water temperature'],
];

const HEAT_COST: readonly NameRow[] = [
  ['1.0.*', 'Unrated consumption'],
  ['2.0.*', 'Rated consumption'],
];

const gas = nameTable([...GAS, ...COMMON]);
const heat = nameTable([...HEAT, ...COMMON]);
const water = nameTable([...WATER, ...COMMON]);

type NameOf = (groups: Groups, classId: number | undefined) => string | undefined;

/** By value group A: 4 heat cost, 5 cooling, 6 heat, 7 gas, 8 cold water, 9 hot water. */
export const OTHER_MEDIA: Readonly<Record<number, NameOf>> = {
  4: nameTable([...HEAT_COST, ...COMMON]),
  5: heat,
  6: heat,
  7: gas,
  8: water,
  9: water,
};
