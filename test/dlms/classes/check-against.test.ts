import { describe, expect, test } from 'bun:test';
import { checkAgainst, interfaceClass } from '../../../src/dlms/cosem/classes/index.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import {
  array,
  bitString,
  enumeration,
  i8,
  logicalName,
  NULL_DATA,
  octetString,
  scalerUnit,
  structure,
  u8,
  u16,
  u32,
  visibleString,
} from '../../../src/dlms/values.ts';

function deviations(classId: number, version: number, index: number, value: DlmsData): string[] {
  const definition = interfaceClass(classId);
  if (definition === undefined) throw new Error(`class ${classId} is missing`);
  return checkAgainst(definition, version, index, value);
}

const capture = (attribute: DlmsData = i8(2)): DlmsData =>
  structure(u16(3), logicalName('1.0.1.8.0.255'), attribute, u16(0));

describe('a value against its class', () => {
  test('what the class allows has no deviation', () => {
    const fine: readonly [number, number, number, DlmsData][] = [
      [1, 0, 2, structure()],
      [3, 0, 1, logicalName('1.0.1.8.0.255')],
      [3, 0, 2, u32(5)],
      [3, 0, 3, scalerUnit(-3, 30)],
      [4, 0, 4, NULL_DATA],
      [7, 1, 3, array([capture(), capture()])],
      [7, 1, 3, { type: 'compact-array', elements: [capture()] }],
      [7, 1, 5, enumeration(1)],
      [8, 0, 2, octetString(new Uint8Array(12))],
      [8, 0, 2, { type: 'date-time', value: new Uint8Array(12) }],
      [15, 1, 4, octetString(new Uint8Array(7))],
      [15, 1, 4, structure(u8(2), u8(16), u16(756), u8(5), u8(8), u8(1), u8(1))],
      [29, 2, 2, enumeration(230)],
      [111, 0, 4, bitString(Uint8Array.of(0x80), 8)],
    ];
    for (const [classId, version, index, value] of fine) {
      expect({ classId, index, found: deviations(classId, version, index, value) }).toEqual({
        classId,
        index,
        found: [],
      });
    }
  });

  test('a wrong type is named with what was expected', () => {
    expect(deviations(8, 0, 3, u16(60))).toEqual(['long-unsigned instead of long']);
    expect(deviations(3, 0, 1, visibleString('1.0.1.8.0.255'))).toEqual([
      'visible-string instead of octet-string',
    ]);
    expect(deviations(8, 0, 2, u8(1))).toEqual(['unsigned instead of octet-string or date-time']);
    expect(deviations(3, 0, 2, array([]))[0]).toStartWith('array instead of null-data or bit-string');
    expect(deviations(15, 1, 4, u8(1))).toEqual(['unsigned instead of octet-string or structure']);
  });

  test('a wrong element is named with its place', () => {
    expect(deviations(3, 0, 3, structure(u8(0), enumeration(30)))).toEqual([
      'scaler: unsigned instead of integer',
    ]);
    expect(deviations(3, 0, 3, structure(i8(0)))).toEqual(['1 elements instead of 2 (scaler, unit)']);
    expect(deviations(3, 0, 3, scalerUnit(0, 200))).toEqual(['unit: 200 is not a value of the enumeration']);
    expect(deviations(7, 1, 3, array([capture(), capture(u8(2))]))).toEqual([
      '[1].attribute_index: unsigned instead of integer',
    ]);
    expect(deviations(9, 0, 2, array([structure(u16(1), array([structure()]))]))).toEqual([
      '[0].actions[0]: 0 elements instead of 5 (service_id, class_id, logical_name, index, parameter)',
    ]);
  });

  test('enumerations and lengths', () => {
    expect(deviations(70, 0, 3, enumeration(3))).toEqual(['3 is not a value of the enumeration']);
    expect(deviations(29, 2, 2, enumeration(199))).toEqual(['199 is not a value of the enumeration']);
    expect(deviations(29, 2, 2, enumeration(255))).toEqual([]);
    expect(deviations(8, 0, 2, octetString(new Uint8Array(11)))).toEqual(['11 octets instead of 12']);
    expect(deviations(3, 0, 1, octetString(new Uint8Array(5)))).toEqual(['5 octets instead of 6']);
  });

  test('of several alternatives the nearest one speaks', () => {
    const selectors = (mode: DlmsData): DlmsData =>
      array([
        structure(
          u16(3),
          u8(0),
          logicalName('1.0.1.8.0.255'),
          structure(array([structure(i8(1), mode, NULL_DATA)]), array([])),
        ),
      ]);
    expect(deviations(15, 1, 2, selectors(enumeration(1)))).toEqual([]);
    expect(deviations(15, 1, 2, selectors(enumeration(9)))).toEqual([
      '[0].access_rights.attribute_access[0].access_mode: 9 is not a value of the enumeration',
    ]);
    expect(deviations(15, 3, 2, selectors(enumeration(9)))).toEqual([]);
    expect(deviations(62, 1, 3, array([capture()]))[0]).toStartWith('[0]: 4 elements instead of 5');
  });

  test('the version decides', () => {
    expect(deviations(23, 0, 5, u16(128))).toEqual(['long-unsigned instead of unsigned']);
    expect(deviations(23, 1, 5, u16(128))).toEqual([]);
    expect(deviations(64, 0, 2, enumeration(12))).toEqual(['12 is not a value of the enumeration']);
    expect(deviations(64, 1, 2, enumeration(12))).toEqual([]);
  });

  test('what is not described has no deviation', () => {
    expect(deviations(3, 7, 3, u8(1))).toEqual([]);
    expect(deviations(3, 0, 9, u8(1))).toEqual([]);
  });

  test('a long array of wrong elements gives a short list', () => {
    expect(deviations(7, 1, 3, array(Array.from({ length: 5000 }, () => u8(0)))).length).toBe(20);
  });
});
