import type { DlmsData } from '../../data.ts';
import type { InterfaceClass } from './define-class.ts';
import { attributeOf } from './lookup.ts';
import { type Shape, typesOf } from './shape.ts';

/** A hostile array of wrong elements gives no more than this many lines. */
const MAX_DEVIATIONS = 20;

/**
 * What an attribute's value has that its class does not allow, each as a line such as
 * `[2].unit: 199 is not a value of the enumeration`; empty when nothing is wrong, and for versions and attributes
 * that the definition does not describe.
 */
export function checkAgainst(
  definition: InterfaceClass,
  version: number,
  index: number,
  value: DlmsData,
): string[] {
  if (!definition.versions.includes(version)) return [];
  const attribute = attributeOf(definition, version, index);
  return attribute === undefined ? [] : deviationsFrom(attribute.shape, value);
}

/** The same for any value, as a method's parameter. */
export function deviationsFrom(shape: Shape, value: DlmsData): string[] {
  return compare(shape, value, '').slice(0, MAX_DEVIATIONS);
}

function compare(shape: Shape, value: DlmsData, path: string): string[] {
  const types = typesOf(shape);
  const isList = value.type === 'compact-array' && types.includes('array');
  if (types.length > 0 && !types.includes(value.type) && !isList) {
    return [line(path, `${value.type} instead of ${types.join(' or ')}`)];
  }
  if (typeof shape === 'string') return [];
  if ('oneOf' in shape) return compareChoice(shape.oneOf, value, path);
  if ('arrayOf' in shape) return compareElements(shape.arrayOf, value, path);
  if ('structure' in shape) return compareStructure(shape, value, path);
  if ('values' in shape) return compareEnum(shape, value, path);
  if ('octets' in shape) return compareLength(shape.octets, value, path);
  return [];
}

/** The deviations from the alternative that comes nearest. */
function compareChoice(shapes: readonly Shape[], value: DlmsData, path: string): string[] {
  const found = shapes.map((shape) => compare(shape, value, path));
  const sameType = found.filter((_, at) => {
    const types = typesOf(shapes[at] ?? 'any');
    return types.length === 0 || types.includes(value.type);
  });
  return (sameType.length > 0 ? sameType : found).reduce((best, one) =>
    one.length < best.length ? one : best,
  );
}

function compareElements(shape: Shape, value: DlmsData, path: string): string[] {
  if (value.type !== 'array' && value.type !== 'compact-array') return [];
  const found: string[] = [];
  for (const [at, element] of value.elements.entries()) {
    found.push(...compare(shape, element, `${path}[${at}]`));
    if (found.length >= MAX_DEVIATIONS) break;
  }
  return found;
}

function compareStructure(
  { structure }: Extract<Shape, { structure: unknown }>,
  value: DlmsData,
  path: string,
): string[] {
  if (value.type !== 'structure') return [];
  const { elements } = value;
  if (elements.length !== structure.length) {
    const names = structure.map(({ name }) => name).join(', ');
    return [line(path, `${elements.length} elements instead of ${structure.length} (${names})`)];
  }
  return structure.flatMap(({ name, shape }, at) => {
    const element = elements[at];
    return element === undefined ? [] : compare(shape, element, path === '' ? name : `${path}.${name}`);
  });
}

function compareEnum(
  { values, free }: Extract<Shape, { values: unknown }>,
  value: DlmsData,
  path: string,
): string[] {
  if (value.type !== 'enum' || values[value.value] !== undefined) return [];
  if (free !== undefined && free[0] <= value.value && value.value <= free[1]) return [];
  return [line(path, `${value.value} is not a value of the enumeration`)];
}

function compareLength(octets: number, value: DlmsData, path: string): string[] {
  if (value.type !== 'octet-string' || value.value.length === octets) return [];
  return [line(path, `${value.value.length} octets instead of ${octets}`)];
}

const line = (path: string, text: string): string => (path === '' ? text : `${path}: ${text}`);
