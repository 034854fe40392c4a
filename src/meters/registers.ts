import { type DcuError, toDcuError } from '../base/errors.ts';
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
import { parseScalerUnit, type ScalerUnit, scalerKey } from './layout.ts';

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
    /** Refused by the meter, or (`error`) a value that is not what its class says. */
    | { readonly ok: false; readonly result: string; readonly error?: DcuError }
  );

/**
 * Reads values and, for classes 3, 4 and 5, their scaler and unit. One that cannot be used does not take the others
 * with it: its result holds the error, `type-mismatch` when the value of such a class is no number.
 */
export async function registersOf(
  attributes: readonly CosemAttribute[],
  getMany: (attributes: readonly CosemAttribute[]) => Promise<readonly GetResult[]>,
  /** By `class:obis`, for what the meter does not state. */
  fallbacks: Readonly<Record<string, ScalerUnit>> = {},
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
    const at = scaled.indexOf(attribute);
    try {
      const fallback = fallbacks[scalerKey(attribute)];
      return registerOf(attribute, results[index], scalerAttributes[at], scalers[at], fallback);
    } catch (thrown) {
      const error = toDcuError(thrown);
      return { ...attribute, ok: false, result: error.code, error };
    }
  });
}

function registerOf(
  attribute: CosemAttribute,
  result: GetResult | undefined,
  scalerAttribute: CosemAttribute | undefined,
  scalerResult: GetResult | undefined,
  fallback: ScalerUnit | undefined,
): RegisterResult {
  if (result?.ok !== true) return { ...attribute, ok: false, result: result?.result ?? 'no answer' };
  const value = decodeValue(result.data);
  if (isScaledValue(attribute) && !isNumber(value)) throw mismatch(attribute, value.type, 'a number');
  const stated =
    scalerAttribute === undefined || scalerResult === undefined
      ? undefined
      : parseScalerUnit(scalerAttribute, scalerResult);
  const known = stated ?? (isScaledValue(attribute) ? fallback : undefined);
  return {
    ...attribute,
    ok: true,
    value,
    type: value.type,
    text: valueText(value),
    scaler: known?.scaler ?? null,
    unit: known?.unit ?? null,
  };
}

function isNumber(value: DlmsData): boolean {
  return 'value' in value && (typeof value.value === 'number' || typeof value.value === 'bigint');
}

/** A value as text: integers in decimal, times as ISO 8601, octets as hexadecimal, lists as JSON. */
export function valueText(value: DlmsData): string {
  switch (value.type) {
    case 'null-data':
    case 'dont-care':
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
