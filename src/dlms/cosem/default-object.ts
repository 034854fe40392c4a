import { DcuError } from '../../base/errors.ts';
import type { DlmsData, DlmsType } from '../data.ts';
import {
  type AttributeDefinition,
  attributesOf,
  deviationsFrom,
  interfaceClass,
  type Shape,
} from './classes/index.ts';
import type { AttributeSource, CosemObject } from './cosem-object.ts';

/** Date and time with every field unspecified (Blue Book 4.1.6.1). */
const UNSPECIFIED_DATE_TIME = Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255, 0x80, 0, 255);
const DATE_TIME_OCTETS = UNSPECIFIED_DATE_TIME.length;
const LOGICAL_NAME_OCTETS = 6;
const UNSPECIFIED = 255;

/** What a CHOICE becomes when nothing else is known. */
const PREFERRED: readonly DlmsType[] = ['double-long-unsigned', 'octet-string', 'unsigned'];

/**
 * An object of any described class with every attribute of its version: `values` by attribute number, the least that
 * the class allows for the others (empty arrays, zeros, the first value of an enumeration, unspecified times).
 * Static attributes can be written and keep what fits their class; there are no methods. The newest described version
 * if none is given. Throws `invalid-argument` for a class or version that is not described.
 */
export function defaultObject(
  classId: number,
  obis: string,
  values: Readonly<Record<number, DlmsData>> = {},
  version?: number,
): CosemObject {
  const definition = interfaceClass(classId);
  const of = version ?? Math.max(...(definition?.versions ?? []));
  if (definition?.versions.includes(of) !== true) {
    throw new DcuError('invalid-argument', `class ${classId} version ${of} is not described`, {
      field: 'classId',
    });
  }
  const attributes: Record<number, AttributeSource> = {};
  for (const attribute of attributesOf(definition, of)) {
    attributes[attribute.index] = sourceOf(
      attribute,
      values[attribute.index] ?? defaultValue(attribute.shape),
    );
  }
  return { classId, version: of, obis, attributes };
}

function sourceOf({ kind, shape }: AttributeDefinition, initial: DlmsData): AttributeSource {
  let current = initial;
  const get = () => current;
  if (kind === 'dynamic') return { get };
  const set = (value: DlmsData): string => {
    if (deviationsFrom(shape, value).length > 0) return 'type-unmatched';
    current = value;
    return 'success';
  };
  return { get, set };
}

/** The least that a shape allows. */
export function defaultValue(shape: Shape): DlmsData {
  if (shape === 'any') return zeroOf('double-long-unsigned');
  if (typeof shape === 'string') return zeroOf(shape);
  if ('oneOf' in shape) {
    const preferred = PREFERRED.find((type) => shape.oneOf.includes(type));
    return defaultValue(preferred ?? shape.oneOf[0] ?? 'null-data');
  }
  if ('arrayOf' in shape) return zeroOf('array');
  if ('structure' in shape) {
    return { type: 'structure', elements: shape.structure.map((element) => defaultValue(element.shape)) };
  }
  if ('values' in shape) return { type: 'enum', value: Math.min(...Object.keys(shape.values).map(Number)) };
  if ('octets' in shape) return { type: 'octet-string', value: defaultOctets(shape.octets) };
  const bits = Math.max(...Object.keys(shape.bits).map(Number)) + 1;
  return { type: 'bit-string', value: new Uint8Array(Math.ceil(bits / 8)), bits };
}

/** Six octets are a reference to nothing; other lengths are those of dates and times. */
function defaultOctets(octets: number): Uint8Array {
  if (octets === DATE_TIME_OCTETS) return UNSPECIFIED_DATE_TIME;
  return new Uint8Array(octets).fill(octets === LOGICAL_NAME_OCTETS ? 0 : UNSPECIFIED);
}

function zeroOf(type: DlmsType): DlmsData {
  switch (type) {
    case 'null-data':
    case 'dont-care':
      return { type };
    case 'array':
    case 'structure':
    case 'compact-array':
      return { type, elements: [] };
    case 'boolean':
      return { type, value: false };
    case 'bit-string':
      return { type, value: new Uint8Array(0), bits: 0 };
    case 'octet-string':
      return { type, value: new Uint8Array(0) };
    case 'visible-string':
    case 'utf8-string':
      return { type, value: '' };
    case 'long64':
    case 'long64-unsigned':
      return { type, value: 0n };
    case 'date-time':
      return { type, value: UNSPECIFIED_DATE_TIME };
    case 'date':
      return { type, value: defaultOctets(5) };
    case 'time':
      return { type, value: defaultOctets(4) };
    default:
      return { type, value: 0 };
  }
}
