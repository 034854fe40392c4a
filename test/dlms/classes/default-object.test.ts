import { describe, expect, test } from 'bun:test';
import { decodeData, encodeData } from '../../../src/dlms/axdr.ts';
import {
  attributeOf,
  attributesOf,
  checkAgainst,
  INTERFACE_CLASSES,
} from '../../../src/dlms/cosem/classes/index.ts';
import type { AttributeSource } from '../../../src/dlms/cosem/cosem-object.ts';
import { defaultObject } from '../../../src/dlms/cosem/default-object.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import type { Caller } from '../../../src/dlms/server-types.ts';
import { i8, scalerUnit, structure, u8, u16, u32 } from '../../../src/dlms/values.ts';
import { codeOf } from '../mutation.ts';

const CALLER: Caller = {
  clientAddress: 1,
  peer: { clientAddress: 1, serverAddress: 1 },
  auth: 'none',
};

function readValue(source: AttributeSource | undefined): DlmsData {
  const value = source?.get?.({ caller: CALLER });
  if (value === undefined || value instanceof Uint8Array || !('type' in value)) throw new Error('no value');
  return value;
}

describe('objects at their defaults', () => {
  test('every class and version has every attribute, fitting its class and its encoding', () => {
    let attributes = 0;
    for (const definition of INTERFACE_CLASSES) {
      for (const version of definition.versions) {
        const object = defaultObject(definition.id, '0.0.1.2.3.255', {}, version);
        expect(Object.keys(object.attributes).map(Number)).toEqual(
          attributesOf(definition, version).map(({ index }) => index),
        );
        for (const [index, source] of Object.entries(object.attributes)) {
          const value = readValue(source);
          const found = checkAgainst(definition, version, Number(index), value);
          expect({ id: definition.id, index, found }).toEqual({ id: definition.id, index, found: [] });
          expect(decodeData(encodeData(value))).toEqual(value);
          attributes += 1;
        }
      }
    }
    expect(attributes).toBeGreaterThan(700);
  });

  test('given values take the place of defaults', () => {
    const register = defaultObject(3, '1.0.1.8.0.255', { 2: u32(7), 3: scalerUnit(-3, 30) });
    expect([readValue(register.attributes[2]), readValue(register.attributes[3])]).toEqual([
      u32(7),
      scalerUnit(-3, 30),
    ]);
    expect(register).toMatchObject({ classId: 3, version: 0, obis: '1.0.1.8.0.255' });
  });

  test('what is static can be written with what fits, what is dynamic cannot', () => {
    const monitor = defaultObject(21, '0.0.16.0.0.255');
    const monitored = structure(u16(3), { type: 'octet-string', value: new Uint8Array(6) }, i8(2));
    expect(monitor.attributes[3]?.set?.(monitored, CALLER)).toBe('success');
    expect(readValue(monitor.attributes[3])).toEqual(monitored);
    expect(monitor.attributes[3]?.set?.(u8(1), CALLER)).toBe('type-unmatched');
    expect(monitor.attributes[3]?.set?.(structure(u16(3)), CALLER)).toBe('type-unmatched');
    expect(readValue(monitor.attributes[3])).toEqual(monitored);
    expect(defaultObject(3, '1.0.1.8.0.255').attributes[2]?.set).toBeUndefined();
  });

  test('the newest version if none is given; what is not described is refused', () => {
    expect(defaultObject(40, '0.0.25.9.0.255').version).toBe(3);
    expect(codeOf(() => defaultObject(999, '0.0.25.9.0.255'))).toBe('invalid-argument');
    expect(codeOf(() => defaultObject(3, '1.0.1.8.0.255', {}, 4))).toBe('invalid-argument');
    const clock = INTERFACE_CLASSES.find(({ id }) => id === 8);
    expect(clock && attributeOf(clock, 0, 1)?.name).toBe('logical_name');
  });
});
