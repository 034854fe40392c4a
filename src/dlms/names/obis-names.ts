import { parseObis } from '../obis.ts';
import { abstractName } from './abstract-objects.ts';
import { electricityName } from './electricity.ts';
import { OTHER_MEDIA } from './other-media.ts';

const MEDIA: Readonly<Record<number, string>> = {
  0: 'Abstract',
  1: 'Electricity',
  4: 'Heat cost allocator',
  5: 'Cooling',
  6: 'Heat',
  7: 'Gas',
  8: 'Cold water',
  9: 'Hot water',
  15: 'Other',
};

const ABSTRACT = 0;
const ELECTRICITY = 1;
const LAST_CHANNEL = 64;
const CURRENT = 255;
const LAST_VALUE_OF_PERIOD = 101;
const SEVERAL_PERIODS = 126;

/** `Electricity` for value group A = 1. */
export const mediumName = (a: number): string | undefined => MEDIA[a];

/**
 * The English name of an object: `Active energy import (+A), total` for `1.0.1.8.0.255`, `Push setup` for
 * `0.0.25.9.0.255`. A channel and a billing period other than the current one are said at the end. Undefined for
 * manufacturer, utility and country specific codes, and for what no table has. Codes that several classes share
 * (0.0.21.0.0.255) need the class. Throws `invalid-argument` for what is no OBIS code.
 */
export function obisName(obis: string, classId?: number): string | undefined {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = CURRENT] = parseObis(obis);
  const name = nameOf(a, [c, d, e], classId);
  const period = periodName(f);
  if (name === undefined || period === undefined || b > LAST_CHANNEL) return undefined;
  return `${name}${b === 0 ? '' : `, channel ${b}`}${period}`;
}

function nameOf(a: number, groups: readonly [number, number, number], classId?: number): string | undefined {
  if (a === ABSTRACT) return abstractName(groups, classId);
  if (a === ELECTRICITY) return electricityName(groups, classId);
  return OTHER_MEDIA[a]?.(groups, classId);
}

/** Value group F: the number of a billing period, or how many back. */
function periodName(f: number): string | undefined {
  if (f === CURRENT) return '';
  if (f < 100) return `, billing period ${f}`;
  if (f < LAST_VALUE_OF_PERIOD) return undefined;
  if (f < SEVERAL_PERIODS) return `, billing period -${f - LAST_VALUE_OF_PERIOD + 1}`;
  return f === SEVERAL_PERIODS ? ', several billing periods' : undefined;
}
