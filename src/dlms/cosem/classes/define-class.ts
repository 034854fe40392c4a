import type { DlmsType } from '../../data.ts';

/** An attribute from 2 on; attribute 1 is the logical name of every class. */
export interface AttributeDefinition {
  readonly index: number;
  /** The Blue Book's name. */
  readonly name: string;
  /** Types that the class allows; empty = any (CHOICE). */
  readonly types: readonly DlmsType[];
  /** Static attributes change by configuration only. */
  readonly kind: 'static' | 'dynamic';
  /** Access selectors (selective access) that the class defines. */
  readonly selectors?: readonly number[];
  /** First version of the class that has it; 0 if not given. */
  readonly since?: number;
}

export interface MethodDefinition {
  readonly index: number;
  readonly name: string;
  readonly since?: number;
}

/** An interface class of the Blue Book as data; client decoding, server dispatch and pages derive from it. */
export interface InterfaceClass {
  readonly id: number;
  readonly name: string;
  /** Versions described here, oldest first. */
  readonly versions: readonly number[];
  readonly attributes: readonly AttributeDefinition[];
  readonly methods: readonly MethodDefinition[];
}

type AttributeRow = readonly [
  name: string,
  types: DlmsType | readonly DlmsType[] | 'choice',
  kind: 'static' | 'dynamic',
  more?: { readonly selectors?: readonly number[]; readonly since?: number },
];
type MethodRow = string | readonly [name: string, since: number];

/**
 * Attributes are given in order from 2 on, methods from 1 on, as the Blue Book numbers them.
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
    attributes: attributes.map(([attribute, types, kind, more], i) => ({
      index: i + 2,
      name: attribute,
      types: types === 'choice' ? [] : typeof types === 'string' ? [types] : types,
      kind,
      ...more,
    })),
    methods: methods.map((row, i) =>
      typeof row === 'string' ? { index: i + 1, name: row } : { index: i + 1, name: row[0], since: row[1] },
    ),
  };
}
