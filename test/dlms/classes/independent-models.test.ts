import { describe, expect, test } from 'bun:test';
import {
  attributesOf,
  INTERFACE_CLASSES,
  type InterfaceClass,
  interfaceClass,
  methodsOf,
} from '../../../src/dlms/cosem/classes/index.ts';
import blueBook from '../../vectors/blue-book-versions.json' with { type: 'json' };
import gurux from '../../vectors/gurux-classes.json' with { type: 'json' };
import jdlms from '../../vectors/jdlms-class-names.json' with { type: 'json' };

/** Association SN: its description belongs to the short names, and so does its test. */
const ASSOCIATION_SN = 12;

const A_STRUCTURE = 'the Blue Book has a structure';
const TWISTED_PAIR = 'the library calls the attributes of version 1 version 0';
/** Where our description says something else than Gurux on purpose, and why. */
const OTHER_THAN_GURUX: Readonly<Record<string, string>> = {
  '4 v0: 1 methods, not 0': 'the Blue Book has reset',
  '4 v0 scaler_unit: structure, not array': A_STRUCTURE,
  '5 v0 scaler_unit: structure, not array': A_STRUCTURE,
  '7 v0: 4 methods, not 2': 'version 0 had two methods to select entries',
  '7 v0 sort_object: structure, not array': A_STRUCTURE,
  '7 v1 sort_object: structure, not array': A_STRUCTURE,
  '21 v0 monitored_value: structure, not array': A_STRUCTURE,
  '22 v0 executed_script: structure, not array': A_STRUCTURE,
  '24 v0 fatal_error: enum, not array': TWISTED_PAIR,
  '24 v0 primary_address_list: array or compact-array, not enum': TWISTED_PAIR,
  '24 v0 secondary_address: octet-string, not enum': TWISTED_PAIR,
  '28 v0 number_of_rings: structure, not array': A_STRUCTURE,
  '29 v0: 0 methods, not 1': 'the library does not tell versions apart',
  '45 v0 quality_of_service: structure, not array': A_STRUCTURE,
  '90 v0: not described': 'deprecated before G3-PLC was rolled out',
  '91 v0: not described': 'deprecated before G3-PLC was rolled out',
  '92 v0: not described': 'deprecated before G3-PLC was rolled out',
};

interface Numbered {
  readonly id: number;
  readonly version: number;
}

/** `difference` of each row whose version we describe; a line for each other one. */
function compareAll<T extends Numbered>(
  rows: readonly T[],
  difference: (definition: InterfaceClass, row: T) => readonly string[],
): string[] {
  return rows
    .filter(({ id }) => id !== ASSOCIATION_SN)
    .flatMap((row) => {
      const definition = interfaceClass(row.id);
      if (definition?.versions.includes(row.version) !== true)
        return [`${row.id} v${row.version}: not described`];
      return difference(definition, row).map((text) => `${row.id} v${row.version}${text}`);
    })
    .sort();
}

function otherTypes(
  definition: InterfaceClass,
  { version, types, methods }: (typeof gurux.classes)[number],
): string[] {
  const ours = attributesOf(definition, version);
  const ourMethods = methodsOf(definition, version).length;
  const found: string[] = [];
  if (ours.length + 1 !== types.length) found.push(`: ${ours.length + 1} attributes, not ${types.length}`);
  if (ourMethods !== methods) found.push(`: ${ourMethods} methods, not ${methods}`);
  for (const { index, name, types: allowed } of ours) {
    const theirs = types[index - 1];
    if (theirs === undefined || theirs === 'any' || allowed.length === 0) continue;
    if (!allowed.some((type) => type === theirs))
      found.push(` ${name}: ${allowed.join(' or ')}, not ${theirs}`);
  }
  return found;
}

/** Where jDLMS names something otherwise, and why ours is kept. */
const OTHER_THAN_JDLMS: Readonly<Record<string, string>> = {
  '5 v0 1: reset, not rest': 'its slip of the pen',
  '15 v1 7: secret, not lls_secret': 'the Blue Book says secret',
  '17 v0 3: undefined, not connect_logical_device': 'its number of the short name; Gurux has one method too',
  '42 v0 3: IP_address, not ip_address_data_type': 'the Blue Book says IP_address',
  '64 v0 2: global_key_transfer, not globale_key_transfer': 'its slip of the pen',
};

function otherNames(
  definition: InterfaceClass,
  { version, ...theirs }: (typeof jdlms.classes)[number],
): string[] {
  const sides = [
    [attributesOf(definition, version), theirs.attributes ?? {}],
    [methodsOf(definition, version), theirs.methods ?? {}],
  ] as const;
  return sides.flatMap(([ours, names]) =>
    Object.entries<string>(names).flatMap(([index, name]) => {
      const mine =
        Number(index) === 1 && name === 'logical_name'
          ? name
          : ours.find((one) => one.index === Number(index))?.name;
      return mine?.toLowerCase() === name ? [] : [` ${index}: ${mine}, not ${name}`];
    }),
  );
}

describe('our classes against independent object models', () => {
  test('number and types of attributes, and number of methods, as Gurux has them', () => {
    expect(gurux.classes.length).toBeGreaterThan(70);
    expect(compareAll(gurux.classes, otherTypes)).toEqual(Object.keys(OTHER_THAN_GURUX).sort());
  });

  test('names of attributes and methods as jDLMS has them', () => {
    expect(jdlms.classes.length).toBeGreaterThan(30);
    expect(compareAll(jdlms.classes, otherNames)).toEqual(Object.keys(OTHER_THAN_JDLMS).sort());
  });

  test('the newest version that the Blue Book has is described, but for these', () => {
    const missing = Object.entries<number>(blueBook.newest)
      .filter(([id, version]) => interfaceClass(Number(id))?.versions.includes(version) !== true)
      .map(([id, version]) => `${id} v${version}`);
    // Their attributes were found nowhere in public.
    expect(missing).toEqual(['70 v2', '72 v2', '96 v0']);
    const newer = INTERFACE_CLASSES.filter(
      ({ id, versions }) =>
        Math.max(...versions) >
        (Object.entries(blueBook.newest).find(([key]) => Number(key) === id)?.[1] ?? -1),
    );
    expect(newer.map(({ id }) => id)).toEqual([]);
  });
});
