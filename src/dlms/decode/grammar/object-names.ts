import { attributesOf, interfaceClass, methodsOf } from '../../cosem/classes/index.ts';

/** `1.0.1.8.0.255`, with the object's name where it has a known one. */
export function nameOfObis(obis: string): string {
  return obis;
}

export function nameOfClass(classId: number): string | undefined {
  return interfaceClass(classId)?.name;
}

const LOGICAL_NAME = 'logical_name';
const NEWEST = 255;

/** The attribute's name in the newest version of its class. */
export function nameOfAttribute(classId: number, index: number): string | undefined {
  if (index === 0) return 'all attributes';
  if (index === 1) return LOGICAL_NAME;
  const definition = interfaceClass(classId);
  return definition && attributesOf(definition, NEWEST).find((one) => one.index === index)?.name;
}

export function nameOfMethod(classId: number, index: number): string | undefined {
  const definition = interfaceClass(classId);
  return definition && methodsOf(definition, NEWEST).find((one) => one.index === index)?.name;
}
