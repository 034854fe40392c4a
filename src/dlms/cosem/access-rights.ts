import { satisfies } from '../ciphering/security-control.ts';
import type { Caller, RequestProtection } from '../server-types.ts';
import type { CosemObject } from './cosem-object.ts';

export type AttributeRight = 'none' | 'read' | 'write' | 'read-write';

/** What an attribute or method asks for beyond its association; only class 15 version 3 can say all of it. */
export interface AccessProtection {
  readonly request?: RequestProtection;
  readonly response?: RequestProtection;
}

/** What an association may do with the objects of a device. What an object cannot do is never granted. */
export interface AccessRights {
  attribute(object: CosemObject, index: number): AttributeRight;
  method(object: CosemObject, index: number): boolean;
  /** Undefined where the association's own protection is enough. */
  protection?(object: CosemObject, index: number, part: 'attribute' | 'method'): AccessProtection | undefined;
}

/** Everything that the objects offer. */
export const FULL_RIGHTS: AccessRights = {
  attribute: () => 'read-write',
  method: () => true,
};

/** Objects that every association must be able to see (Blue Book 4.1.8). */
const ALWAYS_READABLE: ReadonlySet<string> = new Set(['0.0.40.0.0.255', '0.0.41.0.0.255', '0.0.42.0.0.255']);

/** Reading of the objects that `covers` names, besides association, SAP assignment and device name. */
export function readOnly(covers: (object: CosemObject) => boolean): AccessRights {
  return {
    attribute: (object) => (ALWAYS_READABLE.has(object.obis) || covers(object) ? 'read' : 'none'),
    method: () => false,
  };
}

/** The right that is left when an attribute cannot be read or cannot be written. */
export function effectiveAttributeRight(
  rights: AccessRights,
  object: CosemObject,
  index: number,
): AttributeRight {
  if (index === 1) return rights.attribute(object, index) === 'none' ? 'none' : 'read';
  const source = object.attributes[index];
  const granted = rights.attribute(object, index);
  const read = source?.get !== undefined && (granted === 'read' || granted === 'read-write');
  const write = source?.set !== undefined && (granted === 'write' || granted === 'read-write');
  if (read) return write ? 'read-write' : 'read';
  return write ? 'write' : 'none';
}

export function effectiveMethodRight(rights: AccessRights, object: CosemObject, index: number): boolean {
  return object.methods?.[index] !== undefined && rights.method(object, index);
}

/** Whether an association has any right on the object; the others do not exist for it. */
export function isVisible(rights: AccessRights, object: CosemObject): boolean {
  return (
    effectiveAttributeRight(rights, object, 1) !== 'none' ||
    Object.keys(object.attributes).some(
      (index) => effectiveAttributeRight(rights, object, Number(index)) !== 'none',
    ) ||
    Object.keys(object.methods ?? {}).some((index) => effectiveMethodRight(rights, object, Number(index)))
  );
}

/** Whether a request has the protection that the attribute or method asks for. */
export function isProtectedEnough(protection: AccessProtection | undefined, caller: Caller): boolean {
  const { request } = protection ?? {};
  if (request === undefined) return true;
  const { policy, signed } = caller.protection ?? { policy: 'none', signed: false };
  return satisfies(policy, request.policy) && (signed || !request.signed);
}

/** Bits 2 to 4 of class 15 version 3's access modes; those of the response lie three bits higher. */
const AUTHENTICATED = 0x04;
const ENCRYPTED = 0x08;
const SIGNED = 0x10;
const RESPONSE_SHIFT = 3;
const RIGHT_BITS = { none: 0, read: 1, write: 2, 'read-write': 3 } as const;
/** Up to version 2 authenticated modes follow the three others in the same order. */
const AUTHENTICATED_MODES = 3;
const FIRST_WITH_BITS = 3;

/** access_mode of an attribute_access_item (Blue Book, class 15). */
export function attributeAccessMode(
  associationVersion: number,
  right: AttributeRight,
  protection: AccessProtection | undefined,
): number {
  const bits = RIGHT_BITS[right];
  if (bits === 0) return 0;
  if (associationVersion >= FIRST_WITH_BITS) return bits | protectionBits(protection);
  return asksForTag(protection) ? bits + AUTHENTICATED_MODES : bits;
}

/** access_mode of a method_access_item; version 0 has a boolean in its place. */
export function methodAccessMode(
  associationVersion: number,
  granted: boolean,
  protection: AccessProtection | undefined,
): number {
  if (!granted) return 0;
  if (associationVersion >= FIRST_WITH_BITS) return 1 | protectionBits(protection);
  return asksForTag(protection) && associationVersion > 0 ? 2 : 1;
}

function protectionBits({ request, response }: AccessProtection = {}): number {
  return partBits(request) | (partBits(response) << RESPONSE_SHIFT);
}

function partBits(part: RequestProtection | undefined): number {
  if (part === undefined) return 0;
  const { policy, signed } = part;
  const authenticated = policy === 'auth' || policy === 'auth-enc' ? AUTHENTICATED : 0;
  const encrypted = policy === 'enc' || policy === 'auth-enc' ? ENCRYPTED : 0;
  return authenticated | encrypted | (signed ? SIGNED : 0);
}

function asksForTag(protection: AccessProtection | undefined): boolean {
  return (partBits(protection?.request) & AUTHENTICATED) !== 0;
}
