import { unitName } from '../units.ts';
import type { DataNode } from './data-node.ts';

/** One value of a pushed list; `value` × 10^`scaler` in `unit`. */
export interface Reading {
  readonly obis: string;
  readonly value: string;
  readonly scaler: number | null;
  readonly unit: string | null;
}

/** One attribute of a pushed list with its value, which may hold several. */
export interface PushedValue {
  readonly obis: string;
  /** Absent where the list names objects by their logical names alone. */
  readonly classId?: number;
  readonly attribute?: number;
  readonly value: DataNode;
  readonly scale?: Scale;
  /** Behind a push object list: which element of the body the value is, counted from 0. */
  readonly at?: number;
}

export interface Scale {
  readonly scaler: number;
  readonly unit: number;
}

/**
 * Finds the values in the layouts that meters use: (name, value) or (name, value, (scaler, unit)) as structures of
 * their own or one after the other in a flat list; attribute descriptors in the place of names; and a push object
 * list in front of its values, where a scaler_unit attribute in the list belongs to the value of its object. What has
 * no name is left out.
 */
export function pushedValues(node: DataNode): PushedValue[] {
  const elements = elementsOf(node);
  const objects = pushObjects(elements[0]);
  // The list usually names itself first; then names and elements run side by side.
  const first = objects === undefined ? -1 : objects.length - elements.length + 1;
  if (objects !== undefined && (first === 0 || first === 1)) {
    const listed = elements.slice(1).flatMap((value, i): PushedValue[] => {
      const object = objects[first + i];
      return object === undefined ? [] : [{ ...object, value, at: i + 1 }];
    });
    return listed.map((one) => withScale(one, listed));
  }
  const values: PushedValue[] = [];
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i];
    const value = elements[i + 1];
    const name = element === undefined ? undefined : nameOf(element);
    if (element === undefined) break;
    if (name === undefined || value === undefined) {
      values.push(...pushedValues(element));
      continue;
    }
    const after = elements[i + 2];
    const scale = after === undefined ? undefined : scalerUnitOf(after);
    values.push({ ...name, value, ...(scale === undefined ? {} : { scale }) });
    i += scale === undefined ? 1 : 2;
  }
  return values;
}

/** Attribute of the scaler and unit of the values of a class: Register, Extended Register, Demand Register. */
const SCALER_UNIT: Readonly<Record<number, number>> = { 3: 3, 4: 3, 5: 4 };

function withScale(one: PushedValue, listed: readonly PushedValue[]): PushedValue {
  const { classId = 0, obis, attribute } = one;
  const wanted = SCALER_UNIT[classId];
  if (wanted === undefined || (attribute !== 2 && (classId !== 5 || attribute !== 3))) return one;
  const stated = listed.find(
    (other) => other.classId === classId && other.obis === obis && other.attribute === wanted,
  );
  const scale = stated === undefined ? undefined : scalerUnitOf(stated.value);
  return scale === undefined ? one : { ...one, scale };
}

/** The readings among `pushedValues`, and those inside of values that hold several: rows of a profile whose columns are named beside it. */
export function readingsOf(node: DataNode): Reading[] {
  const values = pushedValues(node);
  return values.flatMap((one) => {
    // The columns of a profile are names, and no readings of what they name.
    if (isOfProfile(one, CAPTURE_OBJECTS)) return [];
    return rowReadings(one, values) ?? named(one.obis, one.value, one.scale);
  });
}

const PROFILE_GENERIC = 7;
const BUFFER = 2;
const CAPTURE_OBJECTS = 3;

const isOfProfile = ({ classId, attribute }: PushedValue, wanted: number): boolean =>
  classId === PROFILE_GENERIC && attribute === wanted;

/** Undefined for what is no buffer, and one whose columns are not told or do not fit. */
function rowReadings(one: PushedValue, values: readonly PushedValue[]): Reading[] | undefined {
  if (!isOfProfile(one, BUFFER)) return undefined;
  const beside = values.find((other) => isOfProfile(other, CAPTURE_OBJECTS) && other.obis === one.obis);
  const columns = pushObjects(beside?.value);
  if (columns === undefined) return undefined;
  const rows = elementsOf(one.value).map(elementsOf);
  if (rows.some((row) => row.length !== columns.length)) return undefined;
  return rows.flatMap((row) =>
    columns.flatMap((column, i) => {
      const value = row[i];
      if (value === undefined) return [];
      return named(column.obis, value, withScale({ ...column, value }, values).scale);
    }),
  );
}

const elementsOf = (node: DataNode): readonly DataNode[] => ('elements' in node ? node.elements : []);

type ObjectName = Pick<PushedValue, 'obis' | 'classId' | 'attribute'>;

function nameOf(node: DataNode): ObjectName | undefined {
  if (node.type === 'attribute-descriptor') {
    const { classId, obis, attribute } = node;
    return { classId, obis, attribute };
  }
  // Six printable characters are a serial number, for group A of a logical name is a small number.
  if (node.type !== 'octet-string' || node.text !== undefined || node.obis === undefined) return undefined;
  return { obis: node.obis };
}

function scalerUnitOf(node: DataNode): Scale | undefined {
  if (node.type !== 'structure' || node.elements.length !== 2) return undefined;
  const [scaler, unit] = node.elements;
  if (scaler?.type !== 'integer' || unit?.type !== 'enum') return undefined;
  return { scaler: Number(scaler.value), unit: Number(unit.value) };
}

/** The reading of an object that is named outside of its value; none where that holds several values or nothing. */
export const valueReadings = (obis: string, value: DataNode): Reading[] => named(obis, value, undefined);

function named(obis: string, value: DataNode, scale: Scale | undefined): Reading[] {
  const text = valueText(value);
  if (text === undefined) return readingsOf(value);
  const unit = scale === undefined ? undefined : unitName(scale.unit);
  return [{ obis, value: text, scaler: scale?.scaler ?? null, unit: unit ?? null }];
}

/** Undefined for what holds several values, or none. */
function valueText(node: DataNode): string | undefined {
  switch (node.type) {
    case 'array':
    case 'structure':
    case 'compact-array':
    case 'null-data':
    case 'attribute-descriptor':
      return undefined;
    case 'octet-string':
      return node.dateTime ?? node.text ?? node.value;
    case 'boolean':
      return String(node.value);
    default:
      return node.value;
  }
}

/** The attributes of a push object list: an array of structures (class, name, attribute, data index, …). */
function pushObjects(node: DataNode | undefined): ObjectName[] | undefined {
  if (node?.type !== 'array' || node.elements.length === 0) return undefined;
  const objects: ObjectName[] = [];
  for (const entry of node.elements) {
    const [classId, name, attribute, dataIndex] = elementsOf(entry);
    const obis = name?.type === 'octet-string' ? name.obis : undefined;
    const fits =
      entry.type === 'structure' &&
      classId?.type === 'long-unsigned' &&
      attribute?.type === 'integer' &&
      dataIndex?.type === 'long-unsigned';
    if (!fits || obis === undefined) return undefined;
    objects.push({ classId: Number(classId.value), obis, attribute: Number(attribute.value) });
  }
  return objects;
}
