import { describe, expect, test } from 'bun:test';
import { DATA_TAGS } from '../../../src/dlms/axdr-types.ts';
import { INTERFACE_CLASSES, type Shape } from '../../../src/dlms/cosem/classes/index.ts';

/** What is wrong with a description itself, whatever it describes. */
function flaws(shape: Shape): string[] {
  if (typeof shape === 'string')
    return shape === 'any' || Object.hasOwn(DATA_TAGS, shape) ? [] : [`'${shape}' is no type`];
  const [kind, ...others] = Object.keys(shape).filter((key) => key !== 'free');
  if (others.length > 0) return [`${kind} and ${others.join()} at once`];
  if ('oneOf' in shape) {
    const choices = shape.oneOf.map((one) => JSON.stringify(one));
    const choice = choices.length > 1 && new Set(choices).size === choices.length;
    return [...(choice ? [] : ['no choice']), ...shape.oneOf.flatMap(flaws)];
  }
  if ('arrayOf' in shape) return flaws(shape.arrayOf);
  if ('structure' in shape) {
    const names = shape.structure.map(({ name }) => name);
    return [
      ...flawsOfNames(names, /^[A-Za-z][A-Za-z0-9_]*$/),
      ...shape.structure.flatMap((one) => flaws(one.shape)),
    ];
  }
  if ('octets' in shape) return shape.octets > 0 ? [] : ['no octets'];
  if ('values' in shape) return flawsOfNames(Object.values(shape.values), /\S/);
  if ('bits' in shape) return flawsOfNames(Object.values(shape.bits), /\S/);
  return ['it says nothing'];
}

function flawsOfNames(names: readonly string[], form: RegExp): string[] {
  if (names.length === 0) return ['nothing is named'];
  const bad = names.filter((name) => !form.test(name) || name !== name.trim());
  const twice = names.filter((name, place) => names.indexOf(name) !== place);
  return [...bad.map((name) => `'${name}' is no name`), ...twice.map((name) => `'${name}' stands twice`)];
}

/** As the Blue Book writes them; one method is called `get_attributes&services`. */
const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_&]*$/;

describe('descriptions of interface classes', () => {
  test.each(INTERFACE_CLASSES.map((definition) => [definition.name, definition] as const))(
    '%s: names are names, types are types, nothing is empty',
    (name, { attributes, methods }) => {
      expect(name).toMatch(/^[A-Z0-9][\w&/() -]+$/i);
      for (const attribute of attributes) {
        expect(attribute.name).toMatch(IDENTIFIER);
        expect(['static', 'dynamic']).toContain(attribute.kind);
        expect([attribute.name, flaws(attribute.shape)]).toEqual([attribute.name, []]);
      }
      for (const method of methods) {
        expect(method.name).toMatch(IDENTIFIER);
        expect([method.name, flaws(method.parameter)]).toEqual([method.name, []]);
      }
    },
  );

  test('methods that a server must have, and attributes with selective access, as the Blue Book marks them', () => {
    const mandatory = INTERFACE_CLASSES.map(({ id, methods }) => [
      id,
      [...new Set(methods.filter((method) => method.mandatory).map(({ index }) => index))],
    ]);
    expect(Object.fromEntries(mandatory.filter(([, indexes]) => String(indexes) !== ''))).toEqual({
      9: [1],
      18: [1, 2, 3, 4],
      30: [1, 2, 3],
      40: [1],
      68: [1],
      70: [1, 2],
      104: [1, 2, 10, 11],
      111: [1, 2, 3],
      112: [1, 2, 3],
      115: [1],
    });
    const selective = INTERFACE_CLASSES.flatMap(({ id, attributes }) =>
      attributes.flatMap(({ index, selectors }) => (selectors ? [`${id}/${index}: ${selectors}`] : [])),
    );
    expect(selective.sort()).toEqual([
      '12/2: 1,2',
      '12/3: 1,2,3',
      '15/2: 1,2,3,4',
      '15/2: 1,2,3,4',
      '15/2: 1,2,3,4',
      '7/2: 1,2',
    ]);
  });
});
