import type { DlmsType } from '../../data.ts';

/** Names of the values of an enumeration, or of the bits of a bit-string by their number. */
export type ValueNames = Readonly<Record<number, string>>;

/**
 * What a value of an attribute or a method parameter looks like: a type by name, or one of the descriptions below.
 * `any` leaves the type to the instance (the Blue Book's CHOICE over all simple types, or more).
 */
export type Shape =
  | DlmsType
  | 'any'
  | { readonly oneOf: readonly Shape[] }
  /** An array, or its compact form, whose elements all have one shape. */
  | { readonly arrayOf: Shape }
  /** Named elements in their order. */
  | { readonly structure: readonly NamedShape[] }
  /** An enum with the values that the class names; `free` = values left to manufacturers, from – to. */
  | { readonly values: ValueNames; readonly free?: readonly [from: number, to: number] }
  /** An octet-string of exactly so many octets. */
  | { readonly octets: number }
  /** A bit-string with named bits. */
  | { readonly bits: ValueNames };

export interface NamedShape {
  readonly name: string;
  readonly shape: Shape;
}

/** Types that a value of this shape may have at its top; empty = any. */
export function typesOf(shape: Shape): readonly DlmsType[] {
  if (shape === 'any') return [];
  if (typeof shape === 'string') return [shape];
  if ('oneOf' in shape) {
    const types = shape.oneOf.map(typesOf);
    return types.some(({ length }) => length === 0) ? [] : [...new Set(types.flat())];
  }
  if ('arrayOf' in shape) return ['array', 'compact-array'];
  if ('structure' in shape) return ['structure'];
  if ('values' in shape) return ['enum'];
  return 'octets' in shape ? ['octet-string'] : ['bit-string'];
}

export const oneOf = (...shapes: readonly Shape[]): Shape => ({ oneOf: shapes });
export const arrayOf = (shape: Shape): Shape => ({ arrayOf: shape });
/** Elements in the order of the object's keys. */
export const structureOf = (elements: Readonly<Record<string, Shape>>): Shape => ({
  structure: Object.entries(elements).map(([name, shape]) => ({ name, shape })),
});
export const valuesOf = (values: ValueNames, free?: readonly [from: number, to: number]): Shape =>
  free ? { values, free } : { values };
export const bitsOf = (bits: ValueNames): Shape => ({ bits });
