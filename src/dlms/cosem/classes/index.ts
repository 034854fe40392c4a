export { INTERFACE_CLASSES } from './catalogue.ts';
export { checkAgainst, deviationsFrom } from './check-against.ts';
export type { AttributeDefinition, InterfaceClass, MethodDefinition } from './define-class.ts';
export {
  type AttributeDescription,
  attributeName,
  attributeOf,
  attributesOf,
  describeAttribute,
  enumName,
  interfaceClass,
  isDateTime,
  methodName,
  methodOf,
  methodsOf,
} from './lookup.ts';
export type { NamedShape, Shape, ValueNames } from './shape.ts';
