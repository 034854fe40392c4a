import type { CaptureColumn, RegisterReading } from '../base/model.ts';
import { type AttributeSource, type CosemObject, constant } from '../dlms/cosem/cosem-object.ts';
import type { DlmsData } from '../dlms/data.ts';
import { octetString, scalerUnit, visibleString } from '../dlms/values.ts';
import { scalerAttributeOf } from '../meters/attribute.ts';
import { OWN_OBJECTS } from './fetched-device.ts';

/** Data, register, extended register, demand register: what keeps its meaning after it was read. */
const CACHED_CLASSES: ReadonlySet<number> = new Set([1, 3, 4, 5]);

export const isCachedRegister = (classId: number): boolean => CACHED_CLASSES.has(classId);

interface Known {
  readonly classId: number;
  readonly obis: string;
  readonly attributes: Record<number, AttributeSource>;
}

/**
 * Objects of classes 1, 3, 4 and 5 with what was read of them last, and the scalers of what profiles capture. An
 * attribute that was never read, or whose text does not say all of its value, is left out.
 */
export function registerObjects(
  readings: readonly RegisterReading[],
  columns: readonly CaptureColumn[],
): CosemObject[] {
  const objects = new Map<string, Known>();
  const objectOf = ({ classId, obis }: Pick<Known, 'classId' | 'obis'>): Known => {
    const known = objects.get(obis);
    if (known !== undefined) return known;
    const made: Known = { classId, obis, attributes: {} };
    objects.set(obis, made);
    return made;
  };
  for (const reading of readings) {
    // What the meter is called where it stands is not what its logical device here is called.
    if (!isCachedRegister(reading.classId) || OWN_OBJECTS.has(reading.obis)) continue;
    const { classId, attributes } = objectOf(reading);
    const value = lastValue(reading);
    if (classId !== reading.classId || value === undefined) continue;
    attributes[reading.attribute] = constant(value);
    addScaler(attributes, reading);
  }
  for (const column of columns) {
    if (scalerAttributeOf(column.classId) === undefined || column.scaler === null) continue;
    const { classId, attributes } = objectOf(column);
    if (classId === column.classId) addScaler(attributes, column);
  }
  return [...objects.values()].map((object) => ({ ...object, version: 0 }));
}

function addScaler(
  attributes: Record<number, AttributeSource>,
  { classId, scaler, unit }: Pick<CaptureColumn, 'classId' | 'scaler' | 'unit'>,
): void {
  const attribute = scalerAttributeOf(classId);
  if (attribute === undefined || scaler === null || unit === null) return;
  attributes[attribute] ??= constant(scalerUnit(scaler, unit));
}

/** The value that was read, of the type that it had; undefined where the text is not enough to say. */
export function lastValue({ type, value }: Pick<RegisterReading, 'type' | 'value'>): DlmsData | undefined {
  switch (type) {
    case 'integer':
    case 'long':
    case 'double-long':
    case 'unsigned':
    case 'long-unsigned':
    case 'double-long-unsigned':
    case 'enum':
    case 'bcd':
    case 'float32':
    case 'float64':
      return { type, value: Number(value) };
    case 'long64':
    case 'long64-unsigned':
      return { type, value: BigInt(value) };
    case 'boolean':
      return { type, value: value === 'true' };
    case 'octet-string':
      return octetString(Uint8Array.fromHex(value));
    case 'visible-string':
      return visibleString(value);
    case 'utf8-string':
      return { type, value };
    default:
      return undefined;
  }
}
