import type { RawSelection } from '../apdu/fields.ts';
import { decodeData, encodeData } from '../axdr.ts';
import type { AccessSelection, CaptureObject } from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import { formatObis } from '../obis.ts';
import { array, i8, logicalName, structure, u16, u32 } from '../values.ts';

/** Access selectors of a profile generic's buffer (Blue Book, class 7). */
const BY_RANGE = 1;
const BY_ENTRY = 2;

/** capture_object_definition: class id, logical name, attribute index, data index. */
export function captureObjectData(column: CaptureObject): DlmsData {
  return structure(
    u16(column.classId),
    logicalName(column.obis),
    i8(column.attribute),
    u16(column.dataIndex),
  );
}

/** Undefined when the value is no capture_object_definition. */
export function captureObjectOf(data: DlmsData): CaptureObject | undefined {
  if (data.type !== 'structure' || data.elements.length !== 4) return undefined;
  const [classId, name, attribute, dataIndex] = data.elements;
  if (name?.type !== 'octet-string' || name.value.length !== 6) return undefined;
  const numbers = [classId, attribute, dataIndex].map(integerOf);
  const [id, index, element] = numbers;
  if (id === undefined || index === undefined || element === undefined) return undefined;
  return { classId: id, obis: formatObis(name.value), attribute: index, dataIndex: element };
}

function integerOf(data: DlmsData | undefined): number | undefined {
  switch (data?.type) {
    case 'integer':
    case 'long':
    case 'double-long':
    case 'unsigned':
    case 'long-unsigned':
    case 'double-long-unsigned':
    case 'enum':
      return data.value;
    default:
      return undefined;
  }
}

/** A selection as a selective access descriptor. */
export function encodeSelection(selection: AccessSelection): RawSelection {
  if (selection.by === 'selector') {
    return { selector: selection.selector, parameters: encodeData(selection.parameter) };
  }
  if (selection.by === 'range') {
    const parameters = structure(
      captureObjectData({ ...selection.restricting, dataIndex: 0 }),
      selection.from,
      selection.to,
      array((selection.columns ?? []).map(captureObjectData)),
    );
    return { selector: BY_RANGE, parameters: encodeData(parameters) };
  }
  const { fromEntry, toEntry, fromColumn = 1, toColumn = 0 } = selection;
  return {
    selector: BY_ENTRY,
    parameters: encodeData(structure(u32(fromEntry), u32(toEntry), u16(fromColumn), u16(toColumn))),
  };
}

/** A range or an entry descriptor in words, any other selector as it is. Throws what `decodeData` throws. */
export function decodeSelection(raw: RawSelection): AccessSelection {
  const parameter = decodeData(raw.parameters);
  const described =
    parameter.type === 'structure' ? descriptorOf(raw.selector, parameter.elements) : undefined;
  return described ?? { by: 'selector', selector: raw.selector, parameter };
}

function descriptorOf(selector: number, elements: readonly DlmsData[]): AccessSelection | undefined {
  if (elements.length !== 4) return undefined;
  if (selector === BY_RANGE) return rangeOf(elements);
  return selector === BY_ENTRY ? entryOf(elements) : undefined;
}

function rangeOf(elements: readonly DlmsData[]): AccessSelection | undefined {
  const [object, from, to, selected] = elements;
  if (object === undefined || from === undefined || to === undefined || selected?.type !== 'array') {
    return undefined;
  }
  const restricting = captureObjectOf(object);
  const columns: CaptureObject[] = [];
  for (const element of selected.elements) {
    const column = captureObjectOf(element);
    if (column === undefined) return undefined;
    columns.push(column);
  }
  if (restricting === undefined) return undefined;
  const { classId, obis, attribute } = restricting;
  return {
    by: 'range',
    restricting: { classId, obis, attribute },
    from,
    to,
    ...(columns.length === 0 ? {} : { columns }),
  };
}

function entryOf(elements: readonly DlmsData[]): AccessSelection | undefined {
  const [fromEntry, toEntry, fromColumn, toColumn] = elements.map(integerOf);
  if (fromEntry === undefined || toEntry === undefined) return undefined;
  if (fromColumn === undefined || toColumn === undefined) return undefined;
  return { by: 'entry', fromEntry, toEntry, fromColumn, toColumn };
}
