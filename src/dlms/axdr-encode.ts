import { ByteWriter } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import { writeLength, writeOctets } from './axdr-length.ts';
import { DATA_TAGS } from './axdr-types.ts';
import type { DlmsData, DlmsType } from './data.ts';

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
      writeCompactArray(writer, value.elements);
      return;
    default:
      writeContent(writer, value);
  }
}

/** The content of a simple value without its tag, as a compact-array holds it. */
function writeContent(writer: ByteWriter, value: DlmsData): void {
  switch (value.type) {
    case 'null-data':
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
      writer.u32(checked(value.type, value.value));
      return;
    case 'long':
    case 'long-unsigned':
      writer.u16(checked(value.type, value.value));
      return;
    case 'bcd':
    case 'integer':
    case 'unsigned':
    case 'enum':
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

/** The first element describes all; one that differs from it cannot be written. */
function writeCompactArray(writer: ByteWriter, elements: readonly DlmsData[]): void {
  const first = elements[0];
  if (first === undefined) {
    writer.u8(DATA_TAGS['null-data']);
    writeLength(writer, 0);
    return;
  }
  writeDescription(writer, first);
  const contents = new ByteWriter();
  for (const element of elements) {
    const before = contents.length;
    writeDescribed(contents, element, first);
    if (contents.length === before) throw unfit('compact-array', 'elements without content');
  }
  writeOctets(writer, contents.done());
}

function writeDescription(writer: ByteWriter, value: DlmsData): void {
  writer.u8(DATA_TAGS[value.type]);
  switch (value.type) {
    case 'array':
      if (value.elements.length > 0xffff) throw unfit('compact-array', 'array too long');
      writer.u16(value.elements.length);
      writeDescription(writer, value.elements[0] ?? { type: 'null-data' });
      return;
    case 'structure':
      writeLength(writer, value.elements.length);
      for (const element of value.elements) writeDescription(writer, element);
      return;
    case 'compact-array':
      throw unfit('compact-array', 'compact-array inside');
    default:
  }
}

function writeDescribed(writer: ByteWriter, value: DlmsData, model: DlmsData): void {
  const isList = value.type === 'array' || value.type === 'structure';
  const modelIsList = model.type === 'array' || model.type === 'structure';
  if (value.type !== model.type) throw unfit('compact-array', `${value.type} among ${model.type}`);
  if (!isList || !modelIsList) {
    writeContent(writer, value);
    return;
  }
  if (value.elements.length !== model.elements.length) {
    throw unfit('compact-array', 'elements of different lengths');
  }
  value.elements.forEach((element, i) => {
    const expected = value.type === 'array' ? model.elements[0] : model.elements[i];
    writeDescribed(writer, element, expected ?? element);
  });
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
