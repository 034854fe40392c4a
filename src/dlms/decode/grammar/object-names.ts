import { attributeName, interfaceClass, methodName } from '../../cosem/classes/index.ts';
import { obisName } from '../../names/obis-names.ts';

/** `1.0.1.8.0.255 Active energy import (+A), total`, or the code alone where it has no known name. */
export function nameOfObis(obis: string): string {
  const name = obisName(obis);
  return name === undefined ? obis : `${obis} ${name}`;
}

export function nameOfClass(classId: number): string | undefined {
  return interfaceClass(classId)?.name;
}

/** The attribute's name in the newest version of its class. */
export function nameOfAttribute(classId: number, index: number): string | undefined {
  return index === 0 ? 'all attributes' : attributeName(classId, index);
}

/** The method's name in the newest version of its class. */
export function nameOfMethod(classId: number, index: number): string | undefined {
  return methodName(classId, index);
}
