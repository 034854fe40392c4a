import type { CosemObject } from './cosem-object.ts';

export type AttributeRight = 'none' | 'read' | 'write' | 'read-write';

/** What an association may do with the objects of a device. What an object cannot do is never granted. */
export interface AccessRights {
  attribute(object: CosemObject, index: number): AttributeRight;
  method(object: CosemObject, index: number): boolean;
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
