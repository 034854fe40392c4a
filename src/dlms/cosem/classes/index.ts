export { INTERFACE_CLASSES } from './catalogue.ts';
export { checkAgainst, deviationsFrom } from './check-against.ts';
export type { AttributeDefinition, InterfaceClass } from './define-class.ts';
export {
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
export type { Shape } from './shape.ts';
