import type { ByteReader } from '../../../base/bytes.ts';
import { DcuError } from '../../../base/errors.ts';
import { MAX_AXDR_DEPTH, readData } from '../../axdr.ts';
import { readLength } from '../../axdr-length.ts';
import { typeOfTag } from '../../axdr-types.ts';
import type { DlmsData } from '../../data.ts';
import {
  decodeDate,
  decodeDateTime,
  decodeTime,
  formatDate,
  formatDateTime,
  formatTime,
} from '../../datetime.ts';
import { dataNode } from '../data-node.ts';
import { nameOfObis } from './object-names.ts';
import type { Part } from './part.ts';
import { hexOf, type Rule, upperHex } from './rules.ts';

/** Element names of the usual XML. */
const TAGS: Readonly<Record<string, string>> = {
  'null-data': 'None',
  array: 'Array',
  structure: 'Structure',
  boolean: 'Boolean',
  'bit-string': 'BitString',
  'double-long': 'Int32',
  'double-long-unsigned': 'UInt32',
  'octet-string': 'OctetString',
  'visible-string': 'String',
  'utf8-string': 'StringUTF8',
  bcd: 'BinaryCodedDecimal',
  integer: 'Int8',
  long: 'Int16',
  unsigned: 'UInt8',
  'long-unsigned': 'UInt16',
  'compact-array': 'CompactArray',
  long64: 'Int64',
  'long64-unsigned': 'UInt64',
  enum: 'Enum',
  float32: 'Float32',
  float64: 'Float64',
  'date-time': 'DateTime',
  date: 'Date',
  time: 'Time',
  'dont-care': 'DontCare',
};

/** One A-XDR value as a part, its elements as parts of it. */
export const dataValue: Rule = (reader) => valuePart(reader, 0);

function valuePart(reader: ByteReader, depth: number): Part {
  const from = reader.offset;
  const type = typeOfTag(reader.peek() ?? -1);
  if (type === 'array' || type === 'structure') {
    if (depth >= MAX_AXDR_DEPTH) {
      throw new DcuError('axdr-too-deep', `data nested deeper than ${MAX_AXDR_DEPTH}`, {
        offset: from,
      });
    }
    reader.u8('data tag');
    const count = readLength(reader);
    if (count > reader.remaining) {
      throw new DcuError('truncated', `${count} elements announced, ${reader.remaining} bytes left`, {
        offset: from,
      });
    }
    const children: Part[] = [];
    for (let i = 0; i < count; i++) children.push(valuePart(reader, depth + 1));
    return {
      name: type,
      from,
      to: reader.offset,
      meaning: `${count} ${count === 1 ? 'element' : 'elements'}`,
      children,
      xml: { tag: TAGS[type] ?? type, quantity: hexOf(count, 2) },
    };
  }
  const value = readData(reader);
  const raw = reader.bytes.subarray(from + 1, reader.offset);
  return { name: value.type, from, to: reader.offset, ...said(value, raw), children: [] };
}

type Said = Pick<Part, 'value' | 'meaning' | 'xml'>;

function said(value: DlmsData, raw: Uint8Array): Said {
  const tag = TAGS[value.type] ?? value.type;
  switch (value.type) {
    case 'null-data':
      return { xml: { tag, value: false } };
    case 'octet-string': {
      const meaning = lookOf(value);
      return { value: upperHex(value.value), ...(meaning === undefined ? {} : { meaning }), xml: { tag } };
    }
    case 'bit-string': {
      const bits = [...value.value].map((byte) => byte.toString(2).padStart(8, '0')).join('');
      return { value: bits.slice(0, value.bits), xml: { tag } };
    }
    case 'visible-string':
    case 'utf8-string':
      return { value: JSON.stringify(value.value), xml: { tag, value: value.value } };
    case 'boolean':
      return { value: String(value.value), xml: { tag, value: value.value ? 'True' : 'False' } };
    case 'date-time':
      return temporal(tag, value.value, (bytes) => formatDateTime(decodeDateTime(bytes)));
    case 'date':
      return temporal(tag, value.value, (bytes) => formatDate(decodeDate(bytes)));
    case 'time':
      return temporal(tag, value.value, (bytes) => formatTime(decodeTime(bytes)));
    case 'array':
    case 'structure':
      throw new DcuError('internal', 'a container is no leaf');
    case 'compact-array':
      return {
        value: upperHex(raw),
        meaning: `${value.elements.length} elements`,
        xml: { tag, value: upperHex(raw) },
      };
    default:
      return {
        ...('value' in value ? { value: String(value.value) } : {}),
        xml: { tag, value: upperHex(raw) },
      };
  }
}

/** What the bytes of an octet string look like: a logical name, a time, a text. */
export function lookOf(value: DlmsData): string | undefined {
  const node = dataNode(value);
  if (node.type !== 'octet-string') return undefined;
  const looks = [
    node.obis && nameOfObis(node.obis),
    node.dateTime,
    node.text === undefined ? undefined : JSON.stringify(node.text),
  ].filter((look) => look !== undefined && look !== '');
  return looks.length === 0 ? undefined : looks.join(', or ');
}

/** A date that no calendar has keeps its bytes. */
function temporal(tag: string, bytes: Uint8Array, format: (bytes: Uint8Array) => string): Said {
  try {
    return { value: upperHex(bytes), meaning: format(bytes), xml: { tag } };
  } catch (error) {
    if (!(error instanceof DcuError)) throw error;
    return { value: upperHex(bytes), meaning: 'not a valid time', xml: { tag } };
  }
}
