import { describe, expect, test } from 'bun:test';
import {
  attributeName,
  attributesOf,
  describeAttribute,
  enumName,
  INTERFACE_CLASSES,
  interfaceClass,
  methodName,
  methodOf,
  methodsOf,
} from '../../../src/dlms/cosem/classes/index.ts';

function classOf(id: number) {
  const definition = interfaceClass(id);
  if (definition === undefined) throw new Error(`class ${id} is missing`);
  return definition;
}

describe('interface classes', () => {
  test('stand in the order of their ids, each once', () => {
    const ids = INTERFACE_CLASSES.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(new Set(INTERFACE_CLASSES.map(({ name }) => name)).size).toBe(ids.length);
    expect(interfaceClass(999)).toBeUndefined();
  });

  test('every version has each attribute and method number once, without a gap', () => {
    for (const definition of INTERFACE_CLASSES) {
      expect(definition.versions.length).toBeGreaterThan(0);
      for (const version of definition.versions) {
        const at = `class ${definition.id} version ${version}`;
        const attributes = attributesOf(definition, version);
        expect({ at, indexes: attributes.map(({ index }) => index) }).toEqual({
          at,
          indexes: attributes.map((_, place) => place + 2),
        });
        expect(new Set(attributes.map(({ name }) => name)).size).toBe(attributes.length);
        const methods = methodsOf(definition, version).map(({ index }) => index);
        // Association SN dropped methods without numbering the others anew.
        const expected = definition.id === 12 ? [...new Set(methods)] : methods.map((_, place) => place + 1);
        expect({ at, methods }).toEqual({ at, methods: expected });
      }
    }
  });

  test('no row belongs to no described version', () => {
    for (const { id, versions, attributes, methods } of INTERFACE_CLASSES) {
      for (const { name, since = 0, until = 99 } of [...attributes, ...methods]) {
        expect({ id, name, used: versions.some((one) => since <= one && one <= until) }).toEqual({
          id,
          name,
          used: true,
        });
      }
    }
  });

  test('names of attributes, methods and values', () => {
    expect([attributeName(3, 1), attributeName(3, 3), attributeName(8, 9), attributeName(3, 4)]).toEqual([
      'logical_name',
      'scaler_unit',
      'clock_base',
      undefined,
    ]);
    expect([methodName(70, 1), methodName(70, 3), methodName(999, 1)]).toEqual([
      'remote_disconnect',
      undefined,
      undefined,
    ]);
    expect([enumName(70, 3, 1), enumName(70, 3, 9), enumName(70, 2, 1), enumName(999, 2, 1)]).toEqual([
      'connected',
      undefined,
      undefined,
      undefined,
    ]);
    expect(attributeName(999, 2)).toBeUndefined();
  });

  test('a version has what it had, not what came later or was replaced', () => {
    const association = classOf(15);
    expect([0, 1, 2].map((version) => attributesOf(association, version).at(-1)?.index)).toEqual([8, 9, 11]);
    expect([0, 2].map((version) => methodsOf(association, version).length)).toEqual([4, 6]);
    expect(classOf(7).attributes[0]).toMatchObject({ name: 'buffer', selectors: [1, 2] });
    expect([0, 1].map((version) => methodName(64, 2, version))).toEqual([
      'global_key_transfer',
      'key_transfer',
    ]);
    expect([0, 1].map((version) => describeAttribute(23, version, 5)?.types)).toEqual([
      ['unsigned'],
      ['long-unsigned'],
    ]);
    expect([1, 2].map((version) => describeAttribute(40, version, 7)?.types)).toEqual([
      ['long-unsigned'],
      ['structure'],
    ]);
    expect([0, 1].map((version) => attributeName(24, 2, version))).toEqual(['secondary_address', 'mode']);
    expect(attributeName(29, 6, 0)).toBe('phone_list');
    expect(enumName(64, 2, 3, 0)).toBe('all messages authenticated and encrypted');
  });

  test('an attribute is described with its class', () => {
    expect(describeAttribute(3, 0, 2)).toMatchObject({
      classId: 3,
      className: 'Register',
      name: 'value',
      kind: 'dynamic',
    });
    expect(describeAttribute(1, 0, 2)?.types).toEqual([]);
    expect(describeAttribute(3, 0, 1)).toMatchObject({ name: 'logical_name', types: ['octet-string'] });
    expect(describeAttribute(3, 0, 4)).toBeUndefined();
  });

  test('methods say what they take and whether a server must have them', () => {
    expect(methodOf(classOf(9), 0, 1)).toMatchObject({ parameter: 'long-unsigned', mandatory: true });
    expect(methodOf(classOf(8), 0, 1)).toMatchObject({ parameter: 'integer', mandatory: false });
  });
});
