import { ByteWriter } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import { writeLength, writeOctets } from './axdr-length.ts';
import { DATA_TAGS } from './axdr-types.ts';
import type { DlmsData, DlmsType, TypeDescription } from './data.ts';

const MAX_DEPTH = 64;

/** Inclusive ranges of the integer types that are kept as `number`. */
const RANGES: Partial<Record<DlmsType, readonly [number, number]>> = {
  'double-long': [-0x80000000, 0x7fffffff],
  'double-long-unsigned': [0, 0xffffffff],
  bcd: [0, 0xff],
  integer: [-0x80, 0x7f],
  long: [-0x8000, 0x7fff],
  unsigned: [0, 0xff],
  'long-unsigned': [0, 0xffff],
  enum: [0, 0xff],
  'delta-integer': [-0x80, 0x7f],
  'delta-long': [-0x8000, 0x7fff],
  'delta-double-long': [-0x80000000, 0x7fffffff],
  'delta-unsigned': [0, 0xff],
  'delta-long-unsigned': [0, 0xffff],
  'delta-double-long-unsigned': [0, 0xffffffff],
};

/** A-XDR bytes of a value. Throws `invalid-argument` for what its type cannot hold. */
export function encodeData(value: DlmsData): Uint8Array {
  const writer = new ByteWriter();
  writeData(writer, value);
  return writer.done();
}

/** Appends the A-XDR bytes of a value; errors as `encodeData`. */
export function writeData(writer: ByteWriter, value: DlmsData, depth = 0): void {
  if (depth > MAX_DEPTH) throw unfit(value.type, `nested deeper than ${MAX_DEPTH}`);
  writer.u8(DATA_TAGS[value.type]);
  switch (value.type) {
    case 'array':
    case 'structure':
      writeLength(writer, value.elements.length);
      for (const element of value.elements) writeData(writer, element, depth + 1);
      return;
    case 'compact-array':
      writeCompactArray(writer, value.elements, value.description);
      return;
    default:
      writeContent(writer, value);
  }
}

/** The content of a simple value without its tag, as a compact-array holds it. */
function writeContent(writer: ByteWriter, value: DlmsData): void {
  switch (value.type) {
    case 'null-data':
    case 'dont-care':
      return;
    case 'boolean':
      writer.u8(value.value ? 1 : 0);
      return;
    case 'bit-string':
      if (value.value.length !== Math.ceil(value.bits / 8)) {
        throw unfit(value.type, `${value.bits} bits in ${value.value.length} bytes`);
      }
      writeLength(writer, value.bits);
      writer.put(value.value);
      return;
    case 'octet-string':
      writeOctets(writer, value.value);
      return;
    case 'visible-string':
      writeOctets(writer, latin1Bytes(value.value));
      return;
    case 'utf8-string':
      writeOctets(writer, new TextEncoder().encode(value.value));
      return;
    case 'double-long':
    case 'double-long-unsigned':
    case 'delta-double-long':
    case 'delta-double-long-unsigned':
      writer.u32(checked(value.type, value.value));
      return;
    case 'long':
    case 'long-unsigned':
    case 'delta-long':
    case 'delta-long-unsigned':
      writer.u16(checked(value.type, value.value));
      return;
    case 'bcd':
    case 'integer':
    case 'unsigned':
    case 'enum':
    case 'delta-integer':
    case 'delta-unsigned':
      writer.u8(checked(value.type, value.value));
      return;
    case 'long64':
      if (BigInt.asIntN(64, value.value) !== value.value) throw unfit(value.type, String(value.value));
      writer.u64(value.value);
      return;
    case 'long64-unsigned':
      if (BigInt.asUintN(64, value.value) !== value.value) throw unfit(value.type, String(value.value));
      writer.u64(value.value);
      return;
    case 'float32':
      writer.f32(value.value);
      return;
    case 'float64':
      writer.f64(value.value);
      return;
    case 'date-time':
      writer.put(sized(value.type, value.value, 12));
      return;
    case 'date':
      writer.put(sized(value.type, value.value, 5));
      return;
    case 'time':
      writer.put(sized(value.type, value.value, 4));
      return;
    default:
      throw unfit(value.type, 'not a simple value');
  }
}

/** Without a description the first element describes all; one that differs from it cannot be written. */
function writeCompactArray(writer: ByteWriter, elements: readonly DlmsData[], given?: TypeDescription): void {
  const [first] = elements;
  const description = given ?? (first === undefined ? { type: 'null-data' } : descriptionOf(first));
  writeDescription(writer, description, 0);
  const contents = new ByteWriter();
  for (const element of elements) {
    const before = contents.length;
    writeDescribed(contents, element, description);
    if (contents.length === before) throw unfit('compact-array', 'elements without content');
  }
  writeOctets(writer, contents.done());
}

/** What describes a value in a compact-array. An array is described by its first element. */
export function descriptionOf(value: DlmsData): TypeDescription {
  switch (value.type) {
    case 'array': {
      const [first] = value.elements;
      const element: TypeDescription = first === undefined ? { type: 'null-data' } : descriptionOf(first);
      return { type: 'array', count: value.elements.length, element };
    }
    case 'structure':
      return { type: 'structure', elements: value.elements.map(descriptionOf) };
    case 'compact-array':
      throw unfit('compact-array', 'compact-array inside');
    default:
      return { type: value.type };
  }
}

function writeDescription(writer: ByteWriter, description: TypeDescription, depth: number): void {
  if (depth > MAX_DEPTH) throw unfit('compact-array', `nested deeper than ${MAX_DEPTH}`);
  writer.u8(DATA_TAGS[description.type]);
  if (description.type === 'array') {
    const { count, element } = description;
    if (!Number.isInteger(count) || count < 0 || count > 0xffff) {
      throw unfit('compact-array', `an array of ${count} elements`);
    }
    writer.u16(count);
    writeDescription(writer, element, depth + 1);
  } else if (description.type === 'structure') {
    writeLength(writer, description.elements.length);
    for (const element of description.elements) writeDescription(writer, element, depth + 1);
  }
}

function writeDescribed(writer: ByteWriter, value: DlmsData, description: TypeDescription): void {
  if (value.type !== description.type) {
    throw unfit('compact-array', `${value.type} where the description says ${description.type}`);
  }
  if (description.type === 'array' && value.type === 'array') {
    const { count, element } = description;
    if (value.elements.length !== count) throw unfit('compact-array', 'elements of different lengths');
    for (const item of value.elements) writeDescribed(writer, item, element);
  } else if (description.type === 'structure' && value.type === 'structure') {
    const { elements } = description;
    if (value.elements.length !== elements.length) {
      throw unfit('compact-array', 'elements of different lengths');
    }
    elements.forEach((element, i) => {
      const item = value.elements[i];
      if (item !== undefined) writeDescribed(writer, item, element);
    });
  } else {
    writeContent(writer, value);
  }
}

function checked(type: DlmsType, value: number): number {
  const range = RANGES[type];
  if (range === undefined || !Number.isInteger(value) || value < range[0] || value > range[1]) {
    throw unfit(type, String(value));
  }
  return value;
}

function sized(type: DlmsType, bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length !== size) throw unfit(type, `${bytes.length} bytes`);
  return bytes;
}

function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw unfit('visible-string', 'a character beyond Latin-1');
    bytes[i] = code;
  }
  return bytes;
}

function unfit(type: DlmsType, what: string): DcuError {
  return new DcuError('invalid-argument', `${type} cannot hold this value: ${what}`, { field: type });
}
