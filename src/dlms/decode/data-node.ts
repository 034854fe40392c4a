import { ByteReader, toHex } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { decodeData, MAX_AXDR_DEPTH, readData } from '../axdr.ts';
import { readLength } from '../axdr-length.ts';
import { DATA_TAGS } from '../axdr-types.ts';
import type { DlmsData, DlmsType } from '../data.ts';
import {
  decodeDate,
  decodeDateTime,
  decodeTime,
  formatDate,
  formatDateTime,
  formatTime,
  toUtcMs,
} from '../datetime.ts';
import { formatObis } from '../obis.ts';

type ContainerType = 'array' | 'structure' | 'compact-array';

/** COSEM data in a form that JSON can hold: nothing is rounded, and bytes also say what they look like. */
export type DataNode =
  | { readonly type: ContainerType; readonly elements: readonly DataNode[] }
  | { readonly type: 'null-data' }
  | { readonly type: 'boolean'; readonly value: boolean }
  /** Hexadecimal; `obis`, `dateTime` and `text` are readings of the same bytes that make sense. */
  | {
      readonly type: 'octet-string';
      readonly value: string;
      readonly obis?: string;
      readonly dateTime?: string;
      readonly text?: string;
    }
  /** Some vendors write class, logical name and attribute without any tags. */
  | {
      readonly type: 'attribute-descriptor';
      readonly classId: number;
      readonly obis: string;
      readonly attribute: number;
    }
  /** Numbers in decimal, bit-strings as 0 and 1, date-times in ISO 8601. */
  | {
      readonly type: Exclude<DlmsType, ContainerType | 'null-data' | 'boolean' | 'octet-string'>;
      readonly value: string;
    };

/**
 * Decodes the one A-XDR value that fills `bytes`; what is no A-XDR is tried once more with the untagged attribute
 * descriptors of some vendors. Errors are those of A-XDR decoding, with the offset.
 */
export function readDataNode(bytes: Uint8Array): DataNode {
  try {
    return dataNode(decodeData(bytes));
  } catch (strict) {
    const reader = new ByteReader(bytes);
    try {
      const node = readWithDescriptors(reader, 0);
      if (reader.remaining === 0) return node;
    } catch (lenient) {
      if (!(lenient instanceof DcuError)) throw lenient;
    }
    throw strict;
  }
}

export function dataNode(data: DlmsData): DataNode {
  switch (data.type) {
    case 'null-data':
      return { type: data.type };
    case 'dont-care':
      return { type: data.type, value: '' };
    case 'array':
    case 'structure':
    case 'compact-array':
      return { type: data.type, elements: data.elements.map(dataNode) };
    case 'boolean':
      return { type: data.type, value: data.value };
    case 'octet-string':
      return octetString(data.value);
    case 'bit-string':
      return { type: data.type, value: bits(data.value, data.bits) };
    case 'date-time':
      return { type: data.type, value: formatDateTime(decodeDateTime(data.value)) };
    case 'date':
      return { type: data.type, value: formatDate(decodeDate(data.value)) };
    case 'time':
      return { type: data.type, value: formatTime(decodeTime(data.value)) };
    default:
      return { type: data.type, value: String(data.value) };
  }
}

function octetString(bytes: Uint8Array): DataNode {
  const text = printable(bytes);
  const dateTime = bytes.length === 12 ? plausibleDateTime(bytes) : undefined;
  return {
    type: 'octet-string',
    value: toHex(bytes),
    ...(bytes.length === 6 ? { obis: formatObis(bytes) } : {}),
    ...(dateTime === undefined ? {} : { dateTime }),
    ...(text === undefined ? {} : { text }),
  };
}

/** ASCII text without control characters; zeros that fill it up at the end are left out. */
function printable(bytes: Uint8Array): string | undefined {
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  const text = String.fromCharCode(...bytes.subarray(0, end));
  return end > 0 && /^[\x20-\x7e]+$/.test(text) ? text : undefined;
}

/** A meter's time stamp rather than twelve other bytes: every field in its range, the year of our times. */
function plausibleDateTime(bytes: Uint8Array): string | undefined {
  const value = decodeDateTime(bytes);
  const { year = 0, weekday = 1, deviationMinutes = 0 } = value;
  const inRange =
    year >= 1970 && year < 2200 && weekday >= 1 && weekday <= 7 && Math.abs(deviationMinutes) <= 900;
  return inRange && toUtcMs(value) !== undefined ? formatDateTime(value) : undefined;
}

function bits(bytes: Uint8Array, count: number): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(2).padStart(8, '0');
  return text.slice(0, count);
}

const DESCRIPTOR_SIZE = 9;

/** As A-XDR, but a structure of two may begin with an untagged attribute descriptor. */
function readWithDescriptors(reader: ByteReader, depth: number): DataNode {
  const tag = reader.peek();
  if (tag !== DATA_TAGS.array && tag !== DATA_TAGS.structure) return dataNode(readData(reader));
  const at = reader.offset;
  if (depth >= MAX_AXDR_DEPTH) {
    throw new DcuError('axdr-too-deep', `data nested deeper than ${MAX_AXDR_DEPTH}`, {
      offset: at,
    });
  }
  reader.u8();
  const count = readLength(reader);
  if (count > reader.remaining) {
    throw new DcuError('truncated', `${count} elements announced, ${reader.remaining} bytes left`, {
      offset: at,
    });
  }
  const elements: DataNode[] = [];
  if (tag === DATA_TAGS.structure && count === 2) {
    const descriptor = readDescriptor(reader);
    if (descriptor !== undefined) elements.push(descriptor);
  }
  while (elements.length < count) {
    const from = reader.offset;
    const element = readWithDescriptors(reader, depth + 1);
    // A list has one form: without this a cut descriptor could pass as other data.
    if (tag === DATA_TAGS.array && isDescribed(element) !== isDescribed(elements[0] ?? element)) {
      throw new DcuError('axdr-invalid', 'one element of the list has no attribute descriptor', {
        offset: from,
      });
    }
    elements.push(element);
  }
  return { type: tag === DATA_TAGS.array ? 'array' : 'structure', elements };
}

function isDescribed(node: DataNode): boolean {
  return node.type === 'structure' && node.elements[0]?.type === 'attribute-descriptor';
}

/** Class (below 256, so that its first byte is no tag of a value), logical name ending in 255, attribute. */
function readDescriptor(reader: ByteReader): DataNode | undefined {
  const { bytes, offset } = reader;
  if (reader.remaining < DESCRIPTOR_SIZE) return undefined;
  if (bytes[offset] !== 0 || bytes[offset + 1] === 0 || bytes[offset + 7] !== 0xff) return undefined;
  return {
    type: 'attribute-descriptor',
    classId: reader.u16(),
    obis: formatObis(reader.take(6)),
    attribute: reader.i8(),
  };
}
