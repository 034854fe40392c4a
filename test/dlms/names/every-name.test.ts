import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { abstractName } from '../../../src/dlms/names/abstract-objects.ts';
import { electricityName } from '../../../src/dlms/names/electricity.ts';
import { mediumName } from '../../../src/dlms/names/obis-names.ts';
import { OTHER_MEDIA } from '../../../src/dlms/names/other-media.ts';
import { UNIT_NAMES, unitName, unitNumber } from '../../../src/dlms/units.ts';
import { expectGolden } from '../../golden.ts';

const PROFILE_GENERIC = 7;

type NameOf = typeof abstractName;

const upTo = (last: number): number[] => Array.from({ length: last + 1 }, (_, i) => i);
const C = upTo(127);
const D = upTo(99);
const E = [
  ...upTo(63),
  64,
  97,
  98,
  99,
  100,
  101,
  102,
  103,
  104,
  105,
  106,
  107,
  108,
  109,
  110,
  111,
  112,
  125,
  255,
];

/** One line for each name, its numbers left open: how many codes have it, the first of them, and the name there. */
function listed(nameOf: NameOf, groups: readonly number[], classId?: number): string[] {
  const found = new Map<string, { first: string; count: number }>();
  for (const c of groups) {
    for (const d of D) {
      for (const e of E) {
        const name = nameOf([c, d, e], classId);
        if (name === undefined) continue;
        const open = name.replaceAll(/\d+/g, '#');
        const known = found.get(open);
        if (known === undefined) found.set(open, { first: `${c}.${d}.${e} ${name}`, count: 1 });
        else known.count++;
      }
    }
  }
  return [...found.values()].map(({ first, count }) => `${count} ${first}`);
}

function section(title: string, lines: readonly string[]): string {
  return [`# ${title}`, ...lines, ''].join('\n');
}

/** Quantities, their processings and their details are combined: each is listed once. */
function quantities(): string[] {
  const name = (c: number, d: number, e: number): string[] => {
    const said = electricityName([c, d, e], undefined);
    return said === undefined ? [] : [`${c}.${d}.${e} ${said}`];
  };
  return [
    ...upTo(95).flatMap((c) => [...name(c, 7, 255), ...name(c, 8, 255)]),
    ...upTo(127).flatMap((d) => name(1, d, 255)),
    ...upTo(255).flatMap((e) => [...name(1, 8, e), ...name(12, 7, e), ...name(81, 7, e)]),
  ];
}

/** As the names stand, for who changes one to see what else changed; to be read against the Blue Book's tables. */
function everyName(): string {
  const beyondQuantities = C.filter((c) => c === 0 || c > 95);
  const others = Object.entries(OTHER_MEDIA).map(([a, nameOf]) =>
    section(`${a} ${mediumName(Number(a))}`, listed(nameOf, C)),
  );
  return [
    section('0 Abstract', listed(abstractName, C)),
    section('0 Abstract, profiles', listed(abstractName, [21, 23], PROFILE_GENERIC)),
    section('1 Electricity', listed(electricityName, beyondQuantities)),
    section('1 Electricity, quantities', quantities()),
    ...others,
    section(
      'Units',
      Object.entries(UNIT_NAMES).map(([unit, name]) => `${unit} ${name}`),
    ),
  ].join('\n');
}

test('every name of an OBIS code and a unit stands in the list', () => {
  expectGolden(join(import.meta.dir, 'every-name.txt'), everyName());
});

test('a unit has one name and a name one unit', () => {
  for (const [unit, name] of Object.entries(UNIT_NAMES)) {
    expect(name).toMatch(/^\S(.*\S)?$/);
    expect(unitNumber(name)).toBe(Number(unit));
    if (Number(unit) !== 255) expect(unitName(Number(unit))).toBe(name);
  }
});

test('media have names', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15].map(mediumName)).toEqual([
    'Abstract',
    'Electricity',
    undefined,
    undefined,
    'Heat cost allocator',
    'Cooling',
    'Heat',
    'Gas',
    'Cold water',
    'Hot water',
    'Other',
  ]);
});
