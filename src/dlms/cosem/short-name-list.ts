import { DcuError } from '../../base/errors.ts';
import { decodeData } from '../axdr.ts';
import type { ShortName } from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import { formatObis } from '../obis.ts';
import { array, i16, logicalName, structure, u8, u16 } from '../values.ts';

/** As many names as 16 bits can keep eight apart. */
export const MOST_OBJECTS = 0x2000;

/** objlist_element of class 12: base_name, class_id, version, logical_name; the base name is a signed long. */
export function objectListElement({ baseName, classId, version, obis }: ShortName): DlmsData {
  return structure(i16((baseName << 16) >> 16), u16(classId), u8(version), logicalName(obis));
}

export function objectList(names: readonly ShortName[]): DlmsData {
  return array(names.map(objectListElement));
}

/** Undefined for what is no objlist_element; names are taken signed and unsigned. */
export function shortNameOf(data: DlmsData): ShortName | undefined {
  if (data.type !== 'structure' || data.elements.length !== 4) return undefined;
  const [base, id, version, name] = data.elements;
  const [baseName, classId, classVersion] = [base, id, version].map(integerOf);
  if (baseName === undefined || classId === undefined || classVersion === undefined) return undefined;
  if (name?.type !== 'octet-string' || name.value.length !== 6) return undefined;
  return { baseName: baseName & 0xffff, classId, version: classVersion, obis: formatObis(name.value) };
}

/** object_list of class 12 from its A-XDR bytes. Throws `apdu-invalid`, or what `decodeData` throws. */
export function decodeObjectList(bytes: Uint8Array): ShortName[] {
  const data = decodeData(bytes);
  if (data.type !== 'array' && data.type !== 'compact-array') {
    throw new DcuError('apdu-invalid', `an object list that is ${data.type}`);
  }
  if (data.elements.length > MOST_OBJECTS) {
    throw new DcuError('apdu-invalid', `${data.elements.length} objects cannot all have short names`);
  }
  return data.elements.map((element, i) => {
    const object = shortNameOf(element);
    if (object === undefined) throw new DcuError('apdu-invalid', `element ${i} of the object list`);
    return object;
  });
}

function integerOf(data: DlmsData | undefined): number | undefined {
  switch (data?.type) {
    case 'long':
    case 'long-unsigned':
    case 'unsigned':
    case 'integer':
    case 'enum':
    case 'double-long':
    case 'double-long-unsigned':
      return data.value;
    default:
      return undefined;
  }
}
