import type { CosemAttribute } from './client.ts';

/** `class 3 1.0.1.8.0.255 attribute 2`, for messages. */
export const attributeName = ({ classId, obis, attribute }: CosemAttribute): string =>
  `class ${classId} ${obis} attribute ${attribute}`;
