import { ByteReader } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import { attributeName } from '../dlms/attribute-name.ts';
import { readData } from '../dlms/axdr.ts';
import type { CosemAttribute, GetResult } from '../dlms/client.ts';
import type { DlmsData } from '../dlms/data.ts';
import { type CosemDateTime, decodeDateTime } from '../dlms/datetime.ts';
import { formatObis } from '../dlms/obis.ts';

/** The first value in the bytes; what some servers repeat behind it is left alone. */
export function decodeValue(data: Uint8Array): DlmsData {
  return readData(new ByteReader(data));
}

/** @throws DcuError `not-granted` naming the attribute and the meter's reason. */
export function granted(attribute: CosemAttribute, result: GetResult | undefined): Uint8Array {
  if (result?.ok === true) return result.data;
  throw refusal(attributeName(attribute), result?.result ?? 'no answer');
}

export function refusal(what: string, result: string): DcuError {
  return new DcuError('not-granted', `${what}: ${result}`, { facts: { result } });
}

/** @throws DcuError `type-mismatch` naming the attribute, the type found and the one expected. */
export function mismatch(attribute: CosemAttribute, found: string, expected: string): DcuError {
  return new DcuError(
    'type-mismatch',
    `${attributeName(attribute)}: ${found} where ${expected} is expected`,
    {
      facts: { classId: attribute.classId, obis: attribute.obis, found },
    },
  );
}

export function integerOf(attribute: CosemAttribute, value: DlmsData | undefined): number {
  switch (value?.type) {
    case 'integer':
    case 'unsigned':
    case 'long':
    case 'long-unsigned':
    case 'double-long':
    case 'double-long-unsigned':
    case 'enum':
    case 'bcd':
      return value.value;
    case 'long64':
    case 'long64-unsigned':
      return Number(value.value);
    default:
      throw mismatch(attribute, value?.type ?? 'nothing', 'an integer');
  }
}

export function elementsOf(
  attribute: CosemAttribute,
  value: DlmsData | undefined,
  kind: 'array' | 'structure',
): readonly DlmsData[] {
  if (value?.type === kind || (kind === 'array' && value?.type === 'compact-array')) return value.elements;
  throw mismatch(attribute, value?.type ?? 'nothing', kind);
}

export function obisOf(attribute: CosemAttribute, value: DlmsData | undefined): string {
  if (value?.type === 'octet-string' && value.value.length === 6) return formatObis(value.value);
  throw mismatch(attribute, value?.type ?? 'nothing', 'a logical name');
}

export function dateTimeOf(attribute: CosemAttribute, value: DlmsData | undefined): CosemDateTime {
  if ((value?.type === 'octet-string' || value?.type === 'date-time') && value.value.length === 12) {
    return decodeDateTime(value.value);
  }
  throw mismatch(attribute, value?.type ?? 'nothing', 'a date-time');
}

/** Attribute that holds scaler and unit of a class's values; undefined for classes without. */
export function scalerAttributeOf(classId: number): number | undefined {
  return classId === 3 || classId === 4 ? 3 : classId === 5 ? 4 : undefined;
}

/** Whether the attribute is a scaled number by its class (Blue Book: Register, Extended Register, Demand Register). */
export function isScaledValue({
  classId,
  attribute,
}: Pick<CosemAttribute, 'classId' | 'attribute'>): boolean {
  if (classId === 3 || classId === 4) return attribute === 2;
  return classId === 5 && (attribute === 2 || attribute === 3);
}
