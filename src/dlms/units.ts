import { DcuError } from '../base/errors.ts';

/** Names of the unit enumeration (Blue Book, class 3 Register, attribute 3). */
const UNIT_NAMES: Readonly<Record<number, string>> = {
  1: 'a',
  2: 'mo',
  3: 'wk',
  4: 'd',
  5: 'h',
  6: 'min',
  7: 's',
  8: '°',
  9: '°C',
  10: 'currency',
  11: 'm',
  12: 'm/s',
  13: 'm³',
  14: 'm³ (corrected)',
  15: 'm³/h',
  16: 'm³/h (corrected)',
  17: 'm³/d',
  18: 'm³/d (corrected)',
  19: 'l',
  20: 'kg',
  21: 'N',
  22: 'Nm',
  23: 'Pa',
  24: 'bar',
  25: 'J',
  26: 'J/h',
  27: 'W',
  28: 'VA',
  29: 'var',
  30: 'Wh',
  31: 'VAh',
  32: 'varh',
  33: 'A',
  34: 'C',
  35: 'V',
  36: 'V/m',
  37: 'F',
  38: 'Ω',
  39: 'Ωm²/m',
  40: 'Wb',
  41: 'T',
  42: 'A/m',
  43: 'H',
  44: 'Hz',
  45: '1/(Wh)',
  46: '1/(varh)',
  47: '1/(VAh)',
  48: 'V²h',
  49: 'A²h',
  50: 'kg/s',
  51: 'S',
  52: 'K',
  53: '1/(V²h)',
  54: '1/(A²h)',
  55: '1/m³',
  56: '%',
  57: 'Ah',
  60: 'Wh/m³',
  61: 'J/m³',
  62: 'mol%',
  63: 'g/m³',
  64: 'Pa·s',
  65: 'J/kg',
  70: 'dBm',
  71: 'dBµV',
  72: 'dB',
};

/** What says that a value has no unit. */
export const UNIT_NONE = 255;
const UNIT_OTHER = 254;

const UNITS_BY_NAME = new Map(Object.entries(UNIT_NAMES).map(([unit, name]) => [name, Number(unit)]));

/** `Wh` for 30; undefined for 255 (unitless) and 0; `other` for 254; `unit 199` for what the table lacks. */
export function unitName(unit: number): string | undefined {
  if (unit === UNIT_NONE || unit === 0) return undefined;
  if (unit === UNIT_OTHER) return 'other';
  return UNIT_NAMES[unit] ?? `unit ${unit}`;
}

/** 30 for `Wh`; throws `invalid-argument` for a name that the table lacks. */
export function unitNumber(name: string): number {
  const unit = UNITS_BY_NAME.get(name);
  if (unit === undefined) {
    throw new DcuError('invalid-argument', `'${name}' is not a unit of the Blue Book`, { field: 'unit' });
  }
  return unit;
}
