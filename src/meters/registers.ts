import type { CosemAttribute, GetResult } from '../dlms/client.ts';
import type { DlmsData } from '../dlms/data.ts';
import {
  decodeDate,
  decodeDateTime,
  decodeTime,
  formatDate,
  formatDateTime,
  formatTime,
} from '../dlms/datetime.ts';
import { decodeValue, isScaledValue, mismatch, scalerAttributeOf } from './attribute.ts';
import { parseScalerUnit } from './layout.ts';

export type RegisterResult = CosemAttribute &
  (
    | {
        readonly ok: true;
        readonly value: DlmsData;
        readonly type: string;
        /** Decimal, ISO 8601 or hexadecimal text; lists as JSON. */
        readonly text: string;
        readonly scaler: number | null;
        readonly unit: number | null;
      }
    | { readonly ok: false; readonly result: string }
  );

/**
 * Reads values and, for classes 3, 4 and 5, their scaler and unit.
 * @throws DcuError `type-mismatch` when the value of such a class is no number.
 */
export async function registersOf(
  attributes: readonly CosemAttribute[],
  getMany: (attributes: readonly CosemAttribute[]) => Promise<readonly GetResult[]>,
): Promise<RegisterResult[]> {
  const results = await getMany(attributes);
  const scaled = attributes.filter(
    (attribute, index) => isScaledValue(attribute) && results[index]?.ok === true,
  );
  const scalerAttributes = scaled.map((attribute) => ({
    ...attribute,
    attribute: scalerAttributeOf(attribute.classId) ?? 3,
  }));
  const scalers = await getMany(scalerAttributes);
  return attributes.map((attribute, index) => {
    const result = results[index];
    if (result?.ok !== true) return { ...attribute, ok: false, result: result?.result ?? 'no answer' };
    const value = decodeValue(result.data);
    const at = scaled.indexOf(attribute);
    const scalerAttribute = scalerAttributes[at];
    const scalerResult = scalers[at];
    const known =
      scalerAttribute === undefined || scalerResult === undefined
        ? undefined
        : parseScalerUnit(scalerAttribute, scalerResult);
    if (isScaledValue(attribute) && !isNumber(value)) throw mismatch(attribute, value.type, 'a number');
    return {
      ...attribute,
      ok: true,
      value,
      type: value.type,
      text: valueText(value),
      scaler: known?.scaler ?? null,
      unit: known?.unit ?? null,
    };
  });
}

function isNumber(value: DlmsData): boolean {
  return 'value' in value && (typeof value.value === 'number' || typeof value.value === 'bigint');
}

/** A value as text: integers in decimal, times as ISO 8601, octets as hexadecimal, lists as JSON. */
export function valueText(value: DlmsData): string {
  switch (value.type) {
    case 'null-data':
      return '';
    case 'array':
    case 'structure':
    case 'compact-array':
      return JSON.stringify(value.elements.map(valueText));
    case 'date-time':
      return formatDateTime(decodeDateTime(value.value));
    case 'date':
      return formatDate(decodeDate(value.value));
    case 'time':
      return formatTime(decodeTime(value.value));
    case 'octet-string':
    case 'bit-string':
      return value.value.toHex();
    default:
      return String(value.value);
  }
}
