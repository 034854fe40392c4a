import type { DlmsType } from '../../data.ts';
import { type Shape, typesOf, type ValueNames } from './shape.ts';

/** Versions of a class that have something; a missing bound is open. */
export interface VersionRange {
  /** First version that has it; 0 if not given. */
  readonly since?: number;
  /** Last version that has it. */
  readonly until?: number;
}

/** An attribute from 2 on; attribute 1 is the logical name of every class. */
export interface AttributeDefinition extends VersionRange {
  readonly index: number;
  /** The Blue Book's name. */
  readonly name: string;
  /** Types that the class allows; empty = any (CHOICE). */
  readonly types: readonly DlmsType[];
  /** The whole of what the class says of the value. */
  readonly shape: Shape;
  /** Names of the values of an enum. */
  readonly values?: ValueNames;
  /** Static attributes change by configuration only. */
  readonly kind: 'static' | 'dynamic';
  /** Access selectors (selective access) that the class defines. */
  readonly selectors?: readonly number[];
}

export interface MethodDefinition extends VersionRange {
  readonly index: number;
  readonly name: string;
  /** What it is invoked with; `integer` stands for the meaningless integer 0 of most methods. */
  readonly parameter: Shape;
  /** A server that has the object must have the method. */
  readonly mandatory: boolean;
}

/** An interface class of the Blue Book as data; client decoding, server dispatch and pages derive from it. */
export interface InterfaceClass {
  readonly id: number;
  readonly name: string;
  /** Versions described here, oldest first. */
  readonly versions: readonly number[];
  /** More than one may have the same index, each for other versions. */
  readonly attributes: readonly AttributeDefinition[];
  readonly methods: readonly MethodDefinition[];
}

/** `at` repeats an index: the row describes the same attribute in other versions. */
type AttributeRow = readonly [
  name: string,
  shape: Shape | readonly DlmsType[] | 'choice',
  kind: 'static' | 'dynamic',
  more?: VersionRange & { readonly selectors?: readonly number[]; readonly at?: number },
];
type MethodRow =
  | string
  | readonly [
      name: string,
      parameter?: Shape,
      more?: VersionRange & { readonly mandatory?: boolean; readonly at?: number },
    ];

/**
 * Attributes are given in order from 2 on, methods from 1 on, as the Blue Book numbers them. A method without a
 * parameter takes the integer 0.
 */
export function defineClass(definition: {
  readonly id: number;
  readonly name: string;
  readonly versions: readonly number[];
  readonly attributes: readonly AttributeRow[];
  readonly methods?: readonly MethodRow[];
}): InterfaceClass {
  const { id, name, versions, attributes, methods = [] } = definition;
  return {
    id,
    name,
    versions,
    attributes: numberedAttributes(attributes),
    methods: numberedMethods(methods),
  };
}

function numberedAttributes(rows: readonly AttributeRow[]): AttributeDefinition[] {
  let next = 2;
  return rows.map(([name, given, kind, { at, ...more } = {}]) => {
    const index = at ?? next;
    next = index + 1;
    const shape = shapeOf(given);
    const values = typeof shape === 'object' && 'values' in shape ? { values: shape.values } : {};
    return { index, name, types: typesOf(shape), shape, ...values, kind, ...more };
  });
}

function shapeOf(given: AttributeRow[1]): Shape {
  if (given === 'choice') return 'any';
  return isTypeList(given) ? { oneOf: given } : given;
}

const isTypeList = (given: Shape | readonly DlmsType[]): given is readonly DlmsType[] => Array.isArray(given);

function numberedMethods(rows: readonly MethodRow[]): MethodDefinition[] {
  let next = 1;
  return rows.map((row) => {
    const [name, parameter = 'integer', { at, mandatory = false, ...more } = {}] =
      typeof row === 'string' ? [row] : row;
    const index = at ?? next;
    next = index + 1;
    return { index, name, parameter, mandatory, ...more };
  });
}
