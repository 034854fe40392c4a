import { DcuError } from '../base/errors.ts';
import type { CaptureColumn } from '../base/model.ts';
import type { CosemAttribute, GetResult } from '../dlms/client.ts';
import type { DlmsData } from '../dlms/data.ts';
import {
  decodeValue,
  elementsOf,
  granted,
  integerOf,
  isScaledValue,
  mismatch,
  obisOf,
  scalerAttributeOf,
} from './attribute.ts';

export interface CaptureObject {
  readonly classId: number;
  readonly obis: string;
  readonly attribute: number;
  readonly dataIndex: number;
}

/** What the rows of a profile generic are made of. */
export interface ProfileLayout {
  readonly obis: string;
  readonly objects: readonly CaptureObject[];
  /** Index of the clock in a row. */
  readonly clockIndex: number;
  /** The other columns, in the order of the row. */
  readonly columns: readonly CaptureColumn[];
  /** Seconds; 0 = captured by an event. */
  readonly capturePeriodS: number;
}

export interface ScalerUnit {
  readonly scaler: number;
  readonly unit: number;
}

export const CLOCK_CLASS = 8;
const PROFILE_CLASS = 7;

export const profileAttribute = (obis: string, attribute: number): CosemAttribute => ({
  classId: PROFILE_CLASS,
  obis,
  attribute,
});

/** Capture objects from attribute 3 of a profile generic (Blue Book, class 7). */
export function parseCaptureObjects(obis: string, value: DlmsData): readonly CaptureObject[] {
  const attribute = profileAttribute(obis, 3);
  return elementsOf(attribute, value, 'array').map((element) => {
    const [classId, name, index, dataIndex] = elementsOf(attribute, element, 'structure');
    return {
      classId: integerOf(attribute, classId),
      obis: obisOf(attribute, name),
      attribute: integerOf(attribute, index),
      dataIndex: dataIndex === undefined ? 0 : integerOf(attribute, dataIndex),
    };
  });
}

/** @throws DcuError `type-mismatch` when no column is a clock: such rows have no time. */
export function clockIndexOf(obis: string, objects: readonly CaptureObject[]): number {
  const index = objects.findIndex((object) => object.classId === CLOCK_CLASS && object.attribute === 2);
  if (index < 0) throw mismatch(profileAttribute(obis, 3), 'no clock', 'a clock among the captured objects');
  return index;
}

/** Scaler and unit from their structure; undefined when the meter refuses the attribute. */
export function parseScalerUnit(attribute: CosemAttribute, result: GetResult): ScalerUnit | undefined {
  if (!result.ok) return undefined;
  const [scaler, unit] = elementsOf(attribute, decodeValue(result.data), 'structure');
  return { scaler: integerOf(attribute, scaler), unit: integerOf(attribute, unit) };
}

/** The scaler_unit attributes that the columns need, each once. */
export function scalersNeeded(objects: readonly CaptureObject[]): readonly CosemAttribute[] {
  const needed = new Map<string, CosemAttribute>();
  for (const object of objects) {
    const attribute = scalerAttributeOf(object.classId);
    if (attribute === undefined || !isScaledValue(object)) continue;
    needed.set(scalerKey(object), { classId: object.classId, obis: object.obis, attribute });
  }
  return [...needed.values()];
}

export const scalerKey = ({ classId, obis }: Pick<CaptureObject, 'classId' | 'obis'>): string =>
  `${classId}:${obis}`;

export function columnsOf(
  objects: readonly CaptureObject[],
  clockIndex: number,
  scalers: ReadonlyMap<string, ScalerUnit>,
): CaptureColumn[] {
  return objects
    .filter((_, index) => index !== clockIndex)
    .map((object) => {
      const known = isScaledValue(object) ? scalers.get(scalerKey(object)) : undefined;
      return { ...object, scaler: known?.scaler ?? null, unit: known?.unit ?? null };
    });
}

/** Seconds from attribute 4. */
export function parseCapturePeriod(obis: string, result: GetResult): number {
  const attribute = profileAttribute(obis, 4);
  const period = integerOf(attribute, decodeValue(granted(attribute, result)));
  if (period < 0) throw new DcuError('type-mismatch', `profile ${obis}: a negative capture period`);
  return period;
}
