import { unitName } from '../units.ts';
import type { DataNode } from './data-node.ts';

/** One value of a pushed list; `value` × 10^`scaler` in `unit`. */
export interface Reading {
  readonly obis: string;
  readonly value: string;
  readonly scaler: number | null;
  readonly unit: string | null;
}

/**
 * Finds the readings in the layouts that meters use: (name, value) or (name, value, (scaler, unit)) as structures of
 * their own or one after the other in a flat list; attribute descriptors in the place of names; and a push object
 * list in front of its values. Values without a name give no reading.
 */
export function readingsOf(node: DataNode): Reading[] {
  const elements = elementsOf(node);
  const names = pushObjects(elements[0]);
  // The list usually names itself first; then names and elements run side by side.
  const first = names === undefined ? -1 : names.length - elements.length + 1;
  if (names !== undefined && (first === 0 || first === 1)) {
    return elements.slice(1).flatMap((value, i) => named(names[first + i] ?? '', value, undefined));
  }
  const readings: Reading[] = [];
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i];
    const value = elements[i + 1];
    const name = element === undefined ? undefined : nameOf(element);
    if (element === undefined) break;
    if (name === undefined || value === undefined) {
      readings.push(...readingsOf(element));
      continue;
    }
    const after = elements[i + 2];
    const scale = after === undefined ? undefined : scalerUnitOf(after);
    readings.push(...named(name, value, scale));
    i += scale === undefined ? 1 : 2;
  }
  return readings;
}

const elementsOf = (node: DataNode): readonly DataNode[] => ('elements' in node ? node.elements : []);

function nameOf(node: DataNode): string | undefined {
  if (node.type === 'attribute-descriptor') return node.obis;
  // Six printable characters are a serial number, for group A of a logical name is a small number.
  return node.type === 'octet-string' && node.text === undefined ? node.obis : undefined;
}

interface Scale {
  readonly scaler: number;
  readonly unit: number;
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

/** Logical names of a push object list: an array of structures (class, name, attribute, data index, …). */
function pushObjects(node: DataNode | undefined): string[] | undefined {
  if (node?.type !== 'array' || node.elements.length === 0) return undefined;
  const names: string[] = [];
  for (const entry of node.elements) {
    const [classId, name, attribute, dataIndex] = elementsOf(entry);
    const obis = name?.type === 'octet-string' ? name.obis : undefined;
    const fits =
      entry.type === 'structure' &&
      classId?.type === 'long-unsigned' &&
      attribute?.type === 'integer' &&
      dataIndex?.type === 'long-unsigned';
    if (!fits || obis === undefined) return undefined;
    names.push(obis);
  }
  return names;
}
