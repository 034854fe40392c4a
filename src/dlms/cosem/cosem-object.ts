import type { AccessSelection } from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import type { Caller, CosemResponse } from '../server-types.ts';

/** A value, its A-XDR bytes, a refusal by name, or `undefined` when the answer comes later. */
export type AttributeValue = DlmsData | Uint8Array | CosemResponse | undefined;

/** Where an attribute comes from and goes to; without `set` it is read-only. */
export interface AttributeSource {
  readonly get?: (access: {
    readonly caller: Caller;
    readonly selection?: AccessSelection;
  }) => AttributeValue;
  /** The standard's name of the data-access-result; `undefined` when it comes later. */
  readonly set?: (value: DlmsData, caller: Caller) => string | CosemResponse | undefined;
  /** Whether `get` understands a selection; if not, selective access is refused. */
  readonly selective?: boolean;
}

/** The standard's name of the action-result, or a response with data; `undefined` when it comes later. */
export type MethodSource = (
  parameter: DlmsData | undefined,
  caller: Caller,
) => string | CosemResponse | undefined;

/** An object of a logical device. Attribute 1, the logical name, goes without saying. */
export interface CosemObject {
  readonly classId: number;
  readonly version: number;
  readonly obis: string;
  /** The short name of its first attribute, where it matters; one is found for it otherwise. */
  readonly baseName?: number;
  /** Attributes from 2 on, by number. */
  readonly attributes: Readonly<Record<number, AttributeSource>>;
  /** Methods by number. */
  readonly methods?: Readonly<Record<number, MethodSource>>;
}

/** An attribute that never changes. */
export function constant(value: DlmsData): AttributeSource {
  return { get: () => value };
}
