import { describe, expect, test } from 'bun:test';
import { SeededRandom } from '../../../src/base/random.ts';
import { attributesOf, INTERFACE_CLASSES } from '../../../src/dlms/cosem/classes/index.ts';
import { assignShortNames, type NameableObject } from '../../../src/dlms/cosem/short-name-assignment.ts';
import {
  methodAt,
  methodExtent,
  methodOffset,
  NAME_STEP,
  returnsValue,
} from '../../../src/dlms/cosem/short-name-methods.ts';
import { ShortNameTable } from '../../../src/dlms/cosem/short-name-table.ts';
import { codeOf } from '../mutation.ts';

const object = (classId: number, obis: string, more: Partial<NameableObject> = {}): NameableObject => ({
  classId,
  version: 0,
  obis,
  attributes: {},
  ...more,
});

describe('names of methods', () => {
  test('lie behind the attributes of every version of every class, and lead back to the method', () => {
    let known = 0;
    for (const definition of INTERFACE_CLASSES) {
      for (const version of definition.versions) {
        const extent = methodExtent(definition.id, version);
        if (extent === 0) continue;
        const last = Math.max(1, ...attributesOf(definition, version).map(({ index }) => index));
        for (let method = 1; method <= 20; method++) {
          const offset = methodOffset(definition.id, version, method);
          if (offset === undefined) continue;
          known++;
          expect(offset).toBeGreaterThanOrEqual(last * NAME_STEP);
          expect(offset + NAME_STEP).toBeLessThanOrEqual(extent);
          expect(methodAt(definition.id, version, offset)).toBe(method);
        }
      }
    }
    expect(known).toBeGreaterThan(70);
  });

  test('the ones that meters are driven by', () => {
    const rows = [
      [3, 0, 1, 0x28],
      [7, 1, 1, 0x58],
      [7, 1, 2, 0x60],
      [8, 0, 1, 0x60],
      [8, 0, 6, 0x88],
      [9, 0, 1, 0x20],
      [12, 0, 1, 0x20],
      [12, 2, 3, 0x30],
      [12, 2, 5, 0x40],
      [12, 2, 8, 0x58],
      [12, 4, 10, 0x68],
      [18, 0, 2, 0x48],
      [20, 0, 1, 0x50],
      [64, 0, 2, 0x30],
      [64, 1, 2, 0x38],
      [70, 0, 2, 0x28],
    ] as const;
    for (const [classId, version, method, offset] of rows) {
      expect([classId, version, method, methodOffset(classId, version, method)]).toEqual([
        classId,
        version,
        method,
        offset,
      ]);
    }
    expect(methodOffset(12, 2, 1)).toBeUndefined();
    expect(methodOffset(70, 0, 3)).toBeUndefined();
    expect(methodOffset(70, 0, 0)).toBeUndefined();
    expect(methodOffset(9999, 0, 1)).toBeUndefined();
    expect(methodAt(70, 0, 0x21)).toBeUndefined();
    expect(methodAt(70, 0, 0x30)).toBeUndefined();
    expect(methodAt(70, 0, 0x18)).toBeUndefined();
    expect([returnsValue(12, 2, 8), returnsValue(70, 0, 1), returnsValue(9999, 0, 1)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('assignment', () => {
  test('wanted names are kept, reserved ones given, the others found around them', () => {
    const names = assignShortNames([
      object(15, '0.0.40.0.0.255'),
      object(17, '0.0.41.0.0.255'),
      object(1, '0.0.42.0.0.255'),
      object(3, '1.0.1.8.0.255'),
      object(3, '1.0.2.8.0.255', { baseName: 0x0140 }),
      object(8, '0.0.1.0.0.255'),
      object(9999, '0.0.96.50.0.255', { attributes: { 2: {}, 9: {} } }),
      object(3, '1.0.3.8.0.255'),
    ]);
    expect(names.map(({ classId, baseName }) => [classId, baseName])).toEqual([
      [12, 0xfa00],
      [17, 0xfc00],
      [1, 0xfd00],
      [3, 0x0100],
      [3, 0x0140],
      [8, 0x0170],
      [9999, 0x0200],
      [3, 0x0248],
    ]);
  });

  test('no name stands for two things, whatever the objects', () => {
    const random = new SeededRandom(9);
    for (let round = 0; round < 20; round++) {
      const objects = Array.from({ length: 200 }, (_, i) => {
        const definition = INTERFACE_CLASSES[Math.floor(random.next() * INTERFACE_CLASSES.length)];
        return object(definition?.id ?? 1, `0.0.97.${round}.${i}.255`, {
          version: definition?.versions.at(-1) ?? 0,
        });
      });
      const named = objects.filter(({ classId }) => classId !== 15);
      const names = assignShortNames(objects);
      expect(names.length).toBe(named.length + 1);
      const table = new ShortNameTable(names);
      for (const { classId, obis, version } of named) {
        const definition = INTERFACE_CLASSES.find(({ id }) => id === classId);
        const indexes = definition ? attributesOf(definition, version).map(({ index }) => index) : [];
        for (const attribute of [1, ...indexes]) {
          const name = table.nameOfAttribute({ classId, obis, attribute }) ?? -1;
          expect(table.at(name)).toMatchObject({
            kind: 'attribute',
            target: { classId, obis, attribute },
          });
        }
      }
    }
  });

  test('what cannot be named is refused', () => {
    const refused: readonly (readonly NameableObject[])[] = [
      [object(3, '1.0.1.8.0.255', { baseName: 0x0101 })],
      [object(3, '1.0.1.8.0.255', { baseName: -8 })],
      [object(3, '1.0.1.8.0.255', { baseName: 0xfff8 })],
      [object(3, '1.0.1.8.0.255', { baseName: 0xfa08 })],
      [object(3, '1.0.1.8.0.255', { baseName: 0x0100 }), object(3, '1.0.2.8.0.255', { baseName: 0x0128 })],
      Array.from({ length: 1500 }, (_, i) => object(3, `1.0.${i >> 8}.${i & 0xff}.0.255`)),
    ];
    for (const objects of refused) expect(codeOf(() => assignShortNames(objects))).toBe('invalid-argument');
    const most = Array.from({ length: 1300 }, (_, i) => object(3, `1.0.${i >> 8}.${i & 0xff}.0.255`));
    expect(assignShortNames(most).length).toBe(1301);
  });
});
