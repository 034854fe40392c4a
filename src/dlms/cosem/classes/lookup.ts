import { INTERFACE_CLASSES } from './catalogue.ts';
import { DATE_TIME, LOGICAL_NAME } from './common-shapes.ts';
import type { AttributeDefinition, InterfaceClass, MethodDefinition, VersionRange } from './define-class.ts';
import { typesOf } from './shape.ts';

/** What is known of an attribute of a class, besides its value. */
export interface AttributeDescription extends AttributeDefinition {
  readonly classId: number;
  readonly className: string;
}

const BY_ID = new Map(INTERFACE_CLASSES.map((definition) => [definition.id, definition]));

const LOGICAL_NAME_ATTRIBUTE: AttributeDefinition = {
  index: 1,
  name: 'logical_name',
  types: typesOf(LOGICAL_NAME),
  shape: LOGICAL_NAME,
  kind: 'static',
};

/** Undefined for a class that is not described here. */
export function interfaceClass(id: number): InterfaceClass | undefined {
  return BY_ID.get(id);
}

/** Attributes from 2 on that a version of a class has, in the order of their numbers. */
export function attributesOf(definition: InterfaceClass, version: number): readonly AttributeDefinition[] {
  return partOf(definition.attributes, version);
}

/** Methods that a version of a class has, in the order of their numbers. */
export function methodsOf(definition: InterfaceClass, version: number): readonly MethodDefinition[] {
  return partOf(definition.methods, version);
}

/** Also attribute 1; undefined for one that the version lacks. */
export function attributeOf(
  definition: InterfaceClass,
  version: number,
  index: number,
): AttributeDefinition | undefined {
  if (index === 1) return LOGICAL_NAME_ATTRIBUTE;
  return definition.attributes.find(
    (attribute) => attribute.index === index && hasVersion(attribute, version),
  );
}

export function methodOf(
  definition: InterfaceClass,
  version: number,
  index: number,
): MethodDefinition | undefined {
  return definition.methods.find((method) => method.index === index && hasVersion(method, version));
}

/** Undefined for a class or an attribute that is not described here. */
export function describeAttribute(
  classId: number,
  version: number,
  index: number,
): AttributeDescription | undefined {
  const definition = interfaceClass(classId);
  const attribute = definition && attributeOf(definition, version, index);
  return attribute && { ...attribute, classId, className: definition.name };
}

/** `scaler_unit` for attribute 3 of class 3. Without a version, the newest described one. */
export function attributeName(classId: number, index: number, version?: number): string | undefined {
  const definition = interfaceClass(classId);
  return definition && attributeOf(definition, version ?? newest(definition), index)?.name;
}

/** `remote_disconnect` for method 1 of class 70. Without a version, the newest described one. */
export function methodName(classId: number, index: number, version?: number): string | undefined {
  const definition = interfaceClass(classId);
  return definition && methodOf(definition, version ?? newest(definition), index)?.name;
}

/** `connected` for value 1 of attribute 3 of class 70; undefined where the class gives no name. */
export function enumName(
  classId: number,
  index: number,
  value: number,
  version?: number,
): string | undefined {
  const definition = interfaceClass(classId);
  return definition && attributeOf(definition, version ?? newest(definition), index)?.values?.[value];
}

/** Whether an attribute holds a date-time, under its own tag or in an octet-string. */
export function isDateTime(classId: number, index: number, version?: number): boolean {
  const definition = interfaceClass(classId);
  return (
    definition !== undefined &&
    attributeOf(definition, version ?? newest(definition), index)?.shape === DATE_TIME
  );
}

const newest = ({ versions }: InterfaceClass): number => Math.max(...versions);

const hasVersion = (
  { since = 0, until = Number.POSITIVE_INFINITY }: VersionRange,
  version: number,
): boolean => since <= version && version <= until;

function partOf<T extends VersionRange & { readonly index: number }>(
  all: readonly T[],
  version: number,
): readonly T[] {
  return all.filter((one) => hasVersion(one, version)).sort((a, b) => a.index - b.index);
}
